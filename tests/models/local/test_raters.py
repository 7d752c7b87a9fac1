"""Local reward models: found, refused with the cure, and run where the extra is installed (tiny models made here)."""

import importlib.util
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from itas.components import RewardRanker
from itas.core.architecture import Architecture
from itas.core.messages import Message, user
from itas.engine import answer
from itas.errors import ModelError, SpecError
from itas.models.fakes import FunctionModel
from itas.models.local import LocalRaters
from itas.models.local.raters import conversation_text

HAS_EXTRA = all(importlib.util.find_spec(name) for name in ("torch", "transformers"))
needs_extra = pytest.mark.skipif(not HAS_EXTRA, reason="the extra 'local' is not installed")
# transformers itself calls what torch has deprecated.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit:FutureWarning", "ignore:`torch.jit:DeprecationWarning"
)
WORDS = ["what", "is", "it", "good", "bad", "answer", "42", "."]
MARKS = ["<|source|>", "<|candidate1|>", "<|candidate2|>"]


@pytest.mark.skipif(HAS_EXTRA, reason="the extra 'local' is installed")
def test_without_the_extra_the_error_names_it():
    with pytest.raises(SpecError, match=r"needs the extra 'local'.*pip install 'itas\[local\]'"):
        LocalRaters()("local/some/model")


def test_earlier_turns_stand_before_the_question_with_their_roles():
    turns = (Message(role="system", content="Be brief."), Message(role="user", content="Why?"))
    assert conversation_text(turns) == "system: Be brief.\n\nuser: Why?"
    assert conversation_text(user("Why?")) == "Why?"


async def test_an_architecture_with_a_rater_is_refused_where_there_is_none_before_anything_is_asked():
    def models(name: str) -> Any:
        raise AssertionError("asked")

    layers = [
        {"type": "generator", "model": "fake/a", "samples": 2},
        {"type": "reward_ranker", "model": "local/a/b"},
    ]
    with pytest.raises(SpecError, match="'local/a/b' is a local reward model"):
        await answer(Architecture.parse({"layers": layers}), user("?"), models=models)


class Lengths:
    """Rates by length; a text 'broken' gets no number."""

    async def rate(self, conversation: object, texts: Any) -> tuple[float, ...]:
        return tuple(float("nan") if text == "broken" else float(len(text)) for text in texts)


async def rank(*texts: str):
    left = list(texts)
    model = FunctionModel(lambda request, number: left.pop(0))
    layers = [
        {"type": "generator", "model": "fake/a", "samples": len(texts)},
        {"type": "reward_ranker", "model": "local/lengths"},
    ]
    return await answer(
        Architecture.parse({"layers": layers}), user("?"), models=lambda _: model, raters=lambda _: Lengths()
    )


async def test_the_engine_hands_the_rater_to_the_component():
    found = await rank("a", "ccc", "bb")
    assert found.text == "ccc"
    assert found.candidates[0].marks[-1].note == "rating 3"
    assert found.components[1].models == ("local/lengths",)
    assert (found.components[1].samples_used, found.samples_used) == (0, 3)


async def test_a_rating_that_is_no_number_is_an_error_not_a_place():
    with pytest.raises(ModelError, match="one number per text"):
        await rank("a", "broken")


def test_a_reward_ranker_states_its_rater_and_no_model():
    ranker = RewardRanker(model="local/a/b")
    assert (ranker.models(), ranker.raters()) == ((), ("local/a/b",))
    with pytest.raises(SpecError, match="model"):
        RewardRanker.parse({"model": "openai/gpt-4o"})


def save_tokenizer(folder: Path, marks: list[str]) -> None:
    tokenizers: Any = import_module("tokenizers")
    transformers: Any = import_module("transformers")

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *marks, *WORDS]
    inner = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]")
    )
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        additional_special_tokens=marks,
    ).save_pretrained(folder)


def tiny(**more: Any) -> Any:
    transformers: Any = import_module("transformers")

    return transformers.DebertaV2Config(
        vocab_size=4 + len(MARKS) + len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        pad_token_id=0,
        **more,
    )


def save_reward(folder: Path, *, outputs: int = 1) -> Path:
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")

    torch.manual_seed(1)
    transformers.DebertaV2ForSequenceClassification(tiny(num_labels=outputs)).save_pretrained(folder)
    save_tokenizer(folder, MARKS)
    return folder


def save_pairwise(folder: Path, *, first_mark: int = 4) -> Path:
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")

    from itas.models.local.contract import Libraries
    from itas.models.local.pairwise import make_model_class

    torch.manual_seed(1)
    marks = {"source_prefix_id": first_mark, "cand1_prefix_id": 5, "cand2_prefix_id": 6}
    about = tiny(n_tasks=1, drop_out=0.1, **marks)
    make_model_class(Libraries(torch, transformers))(about).save_pretrained(folder)
    save_tokenizer(folder, MARKS)
    return folder


@needs_extra
async def test_a_reward_model_rates_each_text_alone(tmp_path: Path):
    rater = LocalRaters(device="cpu")(f"local/{save_reward(tmp_path)}")
    texts = [f"good {'answer ' * n}" for n in range(11)] + ["bad"]
    together = await rater.rate(user("what is it"), texts)
    alone = [(await rater.rate(user("what is it"), [text]))[0] for text in texts]
    assert together == pytest.approx(alone, abs=1e-5)
    assert len(set(together)) == len(texts)


@needs_extra
async def test_a_pairwise_model_rates_against_the_others_and_its_ratings_add_up_to_nothing(tmp_path: Path):
    rater = LocalRaters(device="cpu")(f"local/{save_pairwise(tmp_path)}")
    ratings = await rater.rate(user("what is it"), ["good answer", "bad", "it is 42 ."])
    assert sum(ratings) == pytest.approx(0.0, abs=1e-5)
    turned = await rater.rate(user("what is it"), ["it is 42 .", "bad", "good answer"])
    assert list(reversed(turned)) == pytest.approx(ratings, abs=1e-5)
    assert len(set(ratings)) == 3


@needs_extra
async def test_marks_inside_a_text_do_not_break_a_comparison(tmp_path: Path):
    rater = LocalRaters(device="cpu")(f"local/{save_pairwise(tmp_path)}")
    ratings = await rater.rate(user("<|source|> is it"), ["good <|candidate2|> bad", "<|source|>"])
    assert len(ratings) == 2


@needs_extra
def test_what_is_no_reward_model_is_refused(tmp_path: Path):
    with pytest.raises(SpecError, match="a reward model has one output, this one has 3"):
        LocalRaters()(f"local/{save_reward(tmp_path, outputs=3)}")


@needs_extra
def test_a_tokenizer_with_other_marks_is_refused(tmp_path: Path):
    with pytest.raises(SpecError, match="the tokenizer has"):
        LocalRaters()(f"local/{save_pairwise(tmp_path, first_mark=3)}")


@needs_extra
def test_a_model_that_is_not_here_is_refused_with_the_cure(tmp_path: Path):
    with pytest.raises(SpecError, match="is not on this machine"):
        LocalRaters()("local/nobody/nothing-of-this-name")


@needs_extra
def test_weights_in_the_format_that_runs_code_are_refused(tmp_path: Path):
    torch: Any = import_module("torch")

    folder = save_reward(tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    assert json.loads((folder / "config.json").read_text())
    with pytest.raises(SpecError, match="cannot be loaded"):
        LocalRaters()(f"local/{folder}")
