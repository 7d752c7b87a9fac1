"""Pairwise reward models in the form of PairRM (Jiang et al. 2023, arXiv:2306.02561; llm-blender/PairRM-hf).

One encoder reads the question and two answers; a small head gives each of the two a number from the encodings
of its mark and of the question's. The rating of a text is the mean difference to the others, each pair in both
orders. Written after the published description of the class, whose code is not part of `transformers`.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

from itas.models.local.contract import Libraries, Rate

SOURCE, FIRST, SECOND = "<|source|>", "<|candidate1|>", "<|candidate2|>"
LONGEST_QUESTION = 1224
LONGEST_ANSWER = 412
BATCH = 8


def is_pairwise(about: Any) -> bool:
    """Whether a model says of itself that it compares two candidates."""
    return all(hasattr(about, name) for name in ("source_prefix_id", "cand1_prefix_id", "cand2_prefix_id"))


def load_pairwise(
    name: str, about: Any, libraries: Libraries, *, source: dict[str, Any], device: str
) -> Rate:
    """A function from question and texts to ratings.

    Raises:
        ValueError: The tokenizer lacks the marks.
        OSError: It cannot be found.
    """
    torch = libraries.torch
    tokenizer = libraries.transformers.AutoTokenizer.from_pretrained(name, **source)
    marks = tokenizer.convert_tokens_to_ids([SOURCE, FIRST, SECOND])
    wanted = [about.source_prefix_id, about.cand1_prefix_id, about.cand2_prefix_id]
    if marks != wanted:
        raise ValueError(
            f"the tokenizer has {SOURCE}, {FIRST}, {SECOND} as {marks}, the model wants {wanted}"
        )
    kind = make_model_class(libraries)
    only_local = source["local_files_only"]
    model = kind.from_pretrained(name, use_safetensors=True, local_files_only=only_local).to(device).eval()

    def rate(question: str, texts: Sequence[str]) -> list[float]:
        sums = [0.0] * len(texts)
        pairs = list(permutations(range(len(texts)), 2))
        for start in range(0, len(pairs), BATCH):
            some = pairs[start : start + BATCH]
            rows = [encode(tokenizer, question, texts[one], texts[other]) for one, other in some]
            batch = tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(device)
            with torch.inference_mode():
                leads = model(batch["input_ids"], batch["attention_mask"]).float().cpu().tolist()
            for (one, other), lead in zip(some, leads, strict=True):
                sums[one] += lead
                sums[other] -= lead
        return [total / max(2 * (len(texts) - 1), 1) for total in sums]

    return rate


def encode(tokenizer: Any, question: str, first: str, second: str) -> list[int]:
    """The tokens of one comparison; marks inside the texts are broken up, so that each stands there once."""
    parts = (
        (SOURCE, question, LONGEST_QUESTION),
        (FIRST, first, LONGEST_ANSWER),
        (SECOND, second, LONGEST_ANSWER),
    )
    tokens: list[int] = []
    for mark, text, longest in parts:
        tokens += tokenizer.encode(mark + text.replace("<|", "< |"), max_length=longest, truncation=True)
    return tokens


def make_model_class(libraries: Libraries) -> Any:
    """The class of the model; its names of weights are those of the published one."""
    torch, transformers = libraries

    base: Any = transformers.DebertaV2PreTrainedModel

    class PairwiseModel(base):
        def __init__(self, about: Any) -> None:
            super().__init__(about)  # pyright: ignore[reportUnknownMemberType]
            nn = torch.nn
            width = about.hidden_size
            self.pretrained_model = transformers.DebertaV2Model(about)
            self.head_layer = nn.Sequential(
                nn.Dropout(about.drop_out),
                nn.Linear(2 * width, width),
                nn.Tanh(),
                nn.Dropout(about.drop_out),
                nn.Linear(width, about.n_tasks),
            )
            self.post_init()

        def forward(self, tokens: Any, mask: Any) -> Any:
            """How far the first answer leads, one number a row."""
            encoded = self.pretrained_model(input_ids=tokens, attention_mask=mask).last_hidden_state
            question, first, second = (
                encoded[torch.where(tokens == mark)]
                for mark in (
                    self.config.source_prefix_id,
                    self.config.cand1_prefix_id,
                    self.config.cand2_prefix_id,
                )
            )
            ratings = [self.head_layer(torch.cat([question, answer], dim=-1)) for answer in (first, second)]
            return (ratings[0] - ratings[1]).mean(dim=-1)

    return PairwiseModel
