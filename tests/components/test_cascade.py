"""Cascade: the strong model is asked where the cheap ones have not settled it, and only there."""

from dataclasses import replace

import pytest

from itas.components import Cascade, Generator
from itas.core.architecture import Architecture
from itas.core.candidate import Mark, State
from itas.core.messages import user
from itas.core.request import Request
from itas.engine import answer
from itas.models.fakes import FunctionModel
from itas.testing.contexts import FunctionContext
from tests.components.states import CONVERSATION, MODEL, candidate, state


def strong() -> FunctionContext:
    return FunctionContext(lambda prompt: "Answer: 42")


async def test_an_agreed_answer_passes_without_a_sample():
    before = State(CONVERSATION, (candidate("Answer: 7", model="cheap/a"), candidate("so\nAnswer: 7")))
    ctx = strong()
    (draft,) = await Cascade(model=MODEL).produce(before, ctx)
    assert (draft.text, draft.model, draft.parents) == ("Answer: 7", "cheap/a", (0,))
    assert ctx.samples == 0


async def test_where_they_disagree_the_strong_model_answers_afresh():
    ctx, plain = strong(), strong()
    (draft,) = await Cascade(model=MODEL).produce(state("Answer: 7", "Answer: 8"), ctx)
    assert (draft.text, draft.model, draft.parents) == ("Answer: 42", MODEL, ())
    await Generator(model=MODEL).produce(state(), plain)
    assert ctx.asked == plain.asked


@pytest.mark.parametrize("threshold, asks", [(0.75, False), (0.76, True), (1.0, True)])
async def test_the_threshold_is_a_share_of_all_candidates(threshold: float, asks: bool):
    ctx = strong()
    before = state("Answer: 7", "Answer: 7", "Answer: 8", "Answer: 7")
    await Cascade(model=MODEL, threshold=threshold).produce(before, ctx)
    assert (ctx.samples == 1) is asks


async def test_an_answer_that_cannot_be_read_agrees_with_nobody():
    ctx = strong()
    await Cascade(model=MODEL, answer_kind="number").produce(state("I pass", "I pass"), ctx)
    assert ctx.samples == 1


async def test_a_lone_candidate_has_nobody_to_agree_with():
    ctx = strong()
    await Cascade(model=MODEL).produce(state("Answer: 7"), ctx)
    assert ctx.samples == 1


async def test_a_verified_candidate_passes_and_others_do_not():
    sure = candidate("Answer: 7").marked(Mark("verified", 0.75))
    unsure = candidate("Answer: 8").marked(Mark("verified", 0.5))
    doubly = candidate("Answer: 9").marked(Mark("verified", 1.0), Mark("test", 0.5))
    before = State(CONVERSATION, (unsure, sure, candidate("Answer: 1"), doubly))
    cascade = Cascade(model=MODEL, accept="verified", threshold=0.75)
    assert cascade.find_accepted(before) == 1
    assert cascade.find_accepted(replace(before, candidates=(unsure, doubly))) is None


async def test_saving_is_visible_in_the_record():
    def reply(request: Request, number: int) -> str:
        return "Answer: 42" if request.model == "cheap/a" or number else "Answer: 41"

    model = FunctionModel(reply)
    layers = [
        {"type": "generator", "models": ["cheap/a", "cheap/b"], "samples": 2},
        {"type": "cascade", "model": "strong/s", "threshold": 0.75},
    ]
    found = await answer(Architecture.parse({"layers": layers}), user("6 x 7?"), models=lambda _: model)
    assert (found.text, found.samples_planned, found.samples_used) == ("Answer: 42", 5, 4)
    assert found.components[-1].models == ()
