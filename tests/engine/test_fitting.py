"""What does not fit into a model's context is seen before it is sent: candidates are dropped or cut, and counted."""

from typing import Any

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.core.model import Listen
from itas.core.request import Completion, Request
from itas.engine import Answer, answer
from itas.engine.fitting import CUT_NOTE, estimate_tokens
from itas.errors import ModelError, SpecError
from itas.models.pool import ModelPool
from itas.models.prices import find_context_tokens
from itas.specs import dump_architecture, parse_architecture, parse_yaml
from itas.testing.replies import readable_reply

LONG = 7_000  # characters: 2,000 tokens


class Models:
    """Every model answers readably; some have a known context."""

    def __init__(self, lengths: dict[str, int], chars: int = LONG) -> None:
        self.asked: list[Request] = []
        self._lengths = lengths
        self._chars = chars

    def __call__(self, name: str) -> "Models":
        return self

    def context_tokens(self, name: str) -> int | None:
        return self._lengths.get(name)

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        self.asked.append(request)
        prompt = request.messages[-1].content
        if prompt.startswith("Task: "):
            return (Completion(text=readable_reply(prompt)),) * n
        return tuple(Completion(text=f"{first + number}".ljust(self._chars, "x")) for number in range(n))


GENERATOR = {"type": "generator", "model": "fake/a", "samples": 5}


async def run(models: Models, *layers: dict[str, Any]) -> Answer:
    return await answer(Architecture.parse({"layers": [GENERATOR, *layers]}), user("why?"), models=models)


def shown(request: Request) -> int:
    return request.messages[-1].content.count("<<answer ")


def test_the_estimate_is_a_token_for_three_and_a_half_characters() -> None:
    assert [estimate_tokens("x" * length) for length in (0, 1, 7, 3500)] == [0, 1, 2, 1000]


async def test_everything_is_shown_where_no_length_is_known_or_all_fits() -> None:
    for lengths in ({}, {"fake/b": 100_000}):
        models = Models(lengths)
        result = await run(models, {"type": "fuser", "model": "fake/b"})
        assert shown(models.asked[-1]) == 5
        assert not result.events


async def test_a_fuser_reads_as_many_of_the_first_as_fit_and_says_how_many_were_left_out() -> None:
    models = Models({"fake/b": 8_000})  # 8,000 - 600 - 1,000 for the reply: three of 2,024
    result = await run(models, {"type": "fuser", "model": "fake/b", "max_tokens": 1000})
    assert shown(models.asked[-1]) == 3
    (event,) = result.events
    assert event.kind == "dropped"
    assert event.layer == 1
    assert "2 of 5 candidates left out" in event.detail
    prompt = models.asked[-1].messages[-1].content
    assert [f"\n{number}xxx" in prompt for number in range(5)] == [True, True, True, False, False]
    assert estimate_tokens(prompt) + 1000 <= 8_000


async def test_a_ranker_chooses_among_those_it_could_read() -> None:
    models = Models({"fake/b": 8_000})
    result = await run(models, {"type": "ranker", "model": "fake/b", "top_k": 5, "max_tokens": 1000})
    assert len(result.candidates) == 3
    assert result.event_counts == {"dropped": 1}
    assert all(len(candidate.text) == LONG for candidate in result.candidates)


async def test_critics_of_different_length_keep_what_all_of_them_could_read() -> None:
    models = Models({"fake/b": 8_000, "fake/c": 6_000})
    critics = {"type": "critic", "models": ["fake/b", "fake/c"], "max_tokens": 1000}
    result = await run(models, critics, {"type": "ranker", "model": "fake/d", "top_k": 5})
    assert len(result.layers[1].candidates) == 2
    assert all(candidate.critique for candidate in result.layers[1].candidates)


async def test_the_last_one_that_stays_is_cut_at_its_end() -> None:
    models = Models({"fake/b": 3_000})
    result = await run(models, {"type": "fuser", "model": "fake/b", "max_tokens": 1000})
    prompt = models.asked[-1].messages[-1].content
    assert shown(models.asked[-1]) == 1
    assert CUT_NOTE in prompt
    assert estimate_tokens(prompt) + 1000 <= 3_000
    (event,) = result.events
    assert event.detail.startswith("4 of 5 candidates left out, the end of 1 cut off")


async def test_a_component_that_reads_one_at_a_time_loses_none() -> None:
    models = Models({"fake/b": 3_000})
    result = await run(models, {"type": "verifier", "model": "fake/b", "max_tokens": 1000})
    assert len(result.candidates) == 5
    assert "the end of 5 cut off" in result.events[0].detail
    assert all(
        len(candidate.text) == LONG for candidate in result.candidates
    )  # the candidates themselves stay


async def test_a_conversation_that_is_too_long_for_certain_is_not_sent() -> None:
    models = Models({"fake/a": 1_000})
    with pytest.raises(ModelError, match="9,000 characters do not fit into the 1,000 tokens of 'a'"):
        await answer(Architecture.parse({"layers": [GENERATOR]}), user("x" * 9_000), models=models)
    assert not models.asked
    await answer(Architecture.parse({"layers": [GENERATOR]}), user("x" * 8_000), models=models)


async def test_one_generator_that_is_too_short_leaves_the_answer_to_the_others() -> None:
    models = Models({"fake/a": 1_000})
    both = Architecture.parse({"layers": [{"type": "generator", "models": ["fake/a", "fake/b"]}]})
    result = await answer(both, user("x" * 9_000), models=models)
    assert result.is_degraded
    assert [request.model for request in models.asked] == ["fake/b"]


async def test_lengths_come_from_the_table_and_the_settings_win() -> None:
    assert find_context_tokens("openai/gpt-4o") == 128_000
    assert find_context_tokens("openai/no-such-model") is None
    assert find_context_tokens("simulated/euler-large") is None
    async with ModelPool(environ={}, context_tokens={"openai/gpt-4o": 5, "mine/m": 7}) as pool:
        names = ("openai/gpt-4o", "mine/m", "anthropic/claude-3-5-haiku-latest")
        found = [pool.context_tokens(name) for name in names]
    assert found[:2] == [5, 7]
    assert found[2] == 200_000


# --- quorum and grace in a description ------------------------------------------------------------------------

TWO = {"type": "generator", "models": ["fake/a", "fake/b"]}


@pytest.mark.parametrize(
    "layers, words",
    [
        ([{"components": [TWO], "quorum": 3}], r"layers\[0\].quorum: at most the 2 components"),
        (
            [TWO, {"components": [{"type": "vote"}], "grace_s": 1}],
            r"layers\[1\]: 'quorum' and 'grace_s' are for",
        ),
        ([{"components": [TWO], "quorum": 0}], r"quorum: Input should be greater than 0"),
        ([{"components": [TWO], "grace_s": -1}], r"grace_s: Input should be greater than or equal to 0"),
    ],
)
def test_a_quorum_that_makes_no_sense_is_refused(layers: list[object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Architecture.parse({"layers": layers})


def test_a_layer_without_quorum_and_grace_keeps_its_fingerprint_and_its_short_form() -> None:
    plain = Architecture.parse({"layers": [TWO]})
    assert [set(layer) for layer in plain.model_dump(mode="json")["layers"]] == [{"components"}]
    same = Architecture.parse({"layers": [{"components": [TWO], "quorum": 1, "grace_s": None}]})
    assert same.fingerprint == plain.fingerprint
    other = Architecture.parse({"layers": [{"components": [TWO], "quorum": 2, "grace_s": 1.5}]})
    assert other.fingerprint != plain.fingerprint
    assert parse_architecture(parse_yaml(dump_architecture(other))).architecture == other
