"""The engine merges what families return, counts everything, and degrades where it may."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.messages import Message, user
from itas.core.request import Completion, Request, Usage
from itas.engine import answer
from itas.errors import BudgetExceeded, ModelError, SpecError

Reply = Callable[[Request, int], str]


class Scripted:
    """A model that answers by a function of the request and the draw, one token in, two out, 5 micro-dollars."""

    def __init__(self, reply: Reply, *, latency_s: float = 1.0, is_stored: bool = False) -> None:
        self.requests: list[tuple[Request, int, int]] = []
        self._reply = reply
        self._latency_s = latency_s
        self._is_stored = is_stored

    async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
        self.requests.append((request, n, first))
        return tuple(
            Completion(
                text=self._reply(request, first + index),
                usage=Usage(tokens_in=1, tokens_out=2),
                cost_micro_usd=5,
                latency_s=self._latency_s,
                is_stored=self._is_stored,
            )
            for index in range(n)
        )


class Down:
    """A model whose provider is down."""

    async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
        raise ModelError("503", provider=request.provider, status=503, can_retry=True)


def one(model: Any) -> Any:
    return lambda _name: model


def source(models: dict[str, Any]) -> Any:
    return models.__getitem__


def parse(*layers: object) -> Architecture:
    return Architecture.parse({"layers": list(layers)})


GENERATOR = {"type": "generator", "model": "fake/a"}


async def test_what_was_said_goes_with_the_answer_and_does_not_wait_for_the_garbage_collection() -> None:
    model = Scripted(lambda _request, draw: f"text {draw}")
    gc.collect()
    gc.disable()
    try:
        result = await answer(parse(GENERATOR), user("why?"), models=one(model))
        call = weakref.ref(result.calls[0].request)
        model.requests.clear()
        del result
        assert call() is None
    finally:
        gc.enable()


async def test_a_single_generator_is_one_call_with_the_callers_messages_unedited() -> None:
    model = Scripted(lambda _request, draw: f"text {draw}")
    messages = (Message(role="system", content="be brief"), Message(role="user", content="why?"))
    result = await answer(parse(GENERATOR), messages, models=one(model))
    assert result.text == "text 0"
    ((request, n, first),) = model.requests
    assert (request.messages, n, first) == (messages, 1, 0)
    assert (result.samples_used, result.samples_paid, result.cost_micro_usd) == (1, 1, 5)
    assert result.usage == Usage(tokens_in=1, tokens_out=2)


async def test_samples_of_one_generator_are_drawn_in_one_request() -> None:
    model = Scripted(lambda _request, draw: f"text {draw}")
    result = await answer(parse({**GENERATOR, "samples": 4}), user("q"), models=one(model))
    assert [candidate.text for candidate in result.candidates] == ["text 0", "text 1", "text 2", "text 3"]
    assert [candidate.origin.sample for candidate in result.candidates] == [0, 1, 2, 3]
    assert [(n, first) for _, n, first in model.requests] == [(4, 0)]


async def test_two_equal_generators_get_different_draws() -> None:
    model = Scripted(lambda _request, draw: f"text {draw}")
    result = await answer(parse([GENERATOR, GENERATOR]), user("q"), models=one(model))
    assert [candidate.text for candidate in result.candidates] == ["text 0", "text 1"]


async def test_fresh_draws_start_at_the_number_given() -> None:
    model = Scripted(lambda _request, draw: f"text {draw}")
    result = await answer(parse(GENERATOR), user("q"), models=one(model), first_draw=100)
    assert result.text == "text 100"


async def test_stored_samples_are_used_but_not_paid() -> None:
    model = Scripted(lambda _request, _draw: "text", is_stored=True)
    result = await answer(parse(GENERATOR), user("q"), models=one(model))
    assert (result.samples_used, result.samples_paid, result.cost_micro_usd, result.paid_micro_usd) == (
        1,
        0,
        5,
        0,
    )


async def test_one_unpriced_sample_makes_the_price_unknown_not_lower() -> None:
    def unpriced(_name: str) -> Any:
        class Free(Scripted):
            async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
                return (Completion(text="x"),) * n

        return Free(lambda _request, _draw: "")

    result = await answer(parse(GENERATOR), user("q"), models=unpriced)
    assert result.cost_micro_usd is None


async def test_the_critical_path_is_the_sum_over_layers_of_the_slowest_call() -> None:
    fast = Scripted(lambda _request, draw: f"fast {draw}", latency_s=1.0)
    slow = Scripted(lambda _request, draw: f"slow {draw}", latency_s=3.0)
    models: dict[str, Any] = {"fake/a": fast, "fake/b": slow}
    architecture = parse([GENERATOR, {**GENERATOR, "model": "fake/b"}], {"type": "fuser", "model": "fake/a"})
    result = await answer(architecture, user("q"), models=source(models))
    assert result.latency_s == 4.0
    assert [record.latency_s for record in result.components] == [1.0, 3.0, 1.0]


async def test_a_verifiers_calls_for_many_candidates_run_side_by_side() -> None:
    def reply(request: Request, draw: int) -> str:
        if request.messages[-1].content.startswith("Task: give a verdict."):
            return "correct"
        return f"text {draw}"

    model = Scripted(reply, latency_s=1.0)
    architecture = parse({**GENERATOR, "samples": 5}, {"type": "verifier", "model": "fake/a"})
    result = await answer(architecture, user("q"), models=one(model))
    assert result.samples_used == 5 + 10
    assert result.latency_s == 3.0


async def test_a_generator_that_is_down_degrades_the_answer() -> None:
    models: dict[str, Any] = {"fake/a": Scripted(lambda _request, _draw: "text"), "fake/b": Down()}
    architecture = parse([{**GENERATOR, "model": "fake/b"}, GENERATOR])
    result = await answer(architecture, user("q"), models=source(models))
    assert result.text == "text"
    assert result.is_degraded
    assert result.event_counts == {"degraded": 1}
    assert [record.candidates_out for record in result.components] == [0, 1]


async def test_when_all_generators_are_down_the_answer_fails() -> None:
    with pytest.raises(ModelError, match="503"):
        await answer(parse([GENERATOR, GENERATOR]), user("q"), models=one(Down()))


async def test_a_reached_budget_is_never_swallowed() -> None:
    class Broke:
        async def sample(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
            raise BudgetExceeded("cap")

    models: dict[str, Any] = {"fake/a": Scripted(lambda _request, _draw: "text"), "fake/b": Broke()}
    architecture = parse([GENERATOR, {**GENERATOR, "model": "fake/b"}])
    with pytest.raises(BudgetExceeded):
        await answer(architecture, user("q"), models=source(models))


async def test_a_fused_candidate_starts_without_critique() -> None:
    def reply(request: Request, draw: int) -> str:
        text = request.messages[-1].content
        if text.startswith("Task: criticise"):
            ids = [line.split()[1].rstrip(">") for line in text.splitlines() if line.startswith("<<answer")]
            return "\n".join(f"CRITIQUE {one}:\nStrengths:\n- clear\nWeaknesses:\n- none" for one in ids)
        return f"text {draw}"

    architecture = parse(
        {**GENERATOR, "samples": 2},
        {"type": "critic", "model": "fake/a"},
        {"type": "fuser", "model": "fake/a"},
    )
    model = Scripted(reply)
    result = await answer(architecture, user("q"), models=one(model))
    assert all(candidate.critique for candidate in result.layers[1].candidates)
    assert result.candidates[0].critique is None
    assert result.event_counts == {}
    fuse = model.requests[-1][0].messages[-1].content
    assert fuse.count("<<critique") == 2


async def test_the_callers_system_message_reaches_the_fuser() -> None:
    model = Scripted(lambda _request, draw: f"text {draw}")
    messages = (Message(role="system", content="Answer in JSON only."), Message(role="user", content="why?"))
    architecture = parse({**GENERATOR, "samples": 2}, {"type": "fuser", "model": "fake/a"})
    await answer(architecture, messages, models=one(model))
    assert model.requests[-1][0].messages[0] == messages[0]


async def test_several_rankers_in_a_layer_are_merged_by_borda_count() -> None:
    def rank(order: list[int]) -> Reply:
        def reply(request: Request, draw: int) -> str:
            text = request.messages[-1].content
            if not text.startswith("Task: rank"):
                return f"text {draw}"
            lines = text.splitlines()
            ids = {
                lines[number + 1]: line.split()[1].rstrip(">")
                for number, line in enumerate(lines)
                if line.startswith("<<answer")
            }
            return "RANKING: " + " > ".join(ids[f"text {index}"] for index in order)

        return reply

    models = {
        "fake/a": Scripted(lambda _request, draw: f"text {draw}"),
        "fake/b": Scripted(rank([0, 1, 2])),
        "fake/c": Scripted(rank([1, 2, 0])),
    }
    architecture = parse(
        {**GENERATOR, "samples": 3}, {"type": "ranker", "models": ["fake/b", "fake/c"], "top_k": 2}
    )
    result = await answer(architecture, user("q"), models=source(models))
    assert [candidate.text for candidate in result.candidates] == ["text 1", "text 0"]
    assert result.layers[1].dropped == (2,)


async def test_a_conversation_must_end_with_the_user() -> None:
    messages = (Message(role="assistant", content="hi"),)
    with pytest.raises(SpecError, match="must end with a message of the user"):
        await answer(parse(GENERATOR), messages, models=one(Down()))
