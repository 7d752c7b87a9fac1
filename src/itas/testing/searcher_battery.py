"""What any searcher must do, whatever its idea.

    def test_it_passes_the_battery():
        check_searcher(Mine())

It searches two small spaces of made-up scores; no model is asked. How *good* it is, is another question: compare
its regret with that of random search.
"""

from random import Random

import itas.components  # noqa: F401  # pyright: ignore[reportUnusedImport]  (makes the component types known)
from itas.core.spec import canonical_json
from itas.search.bound import BoundSpace
from itas.search.history import History, Proposal, Trial
from itas.search.ranking import Rankings
from itas.search.searchers import Searcher, parse_searcher
from itas.search.space import Space
from itas.testing.requiring import require

PROBLEMS = 25
_STEPS = 200


def check_searcher(searcher: Searcher) -> None:
    """Every check of this file."""
    check_spec(searcher)
    for space in (make_space(2), make_space(3)):
        for batch in (1, 5):
            check_search(searcher, space, batch=batch)
        check_determinism(searcher, space)


def check_spec(searcher: Searcher) -> None:
    """It is registered, survives being written and read, and is frozen data."""
    again = parse_searcher(searcher.model_dump(mode="json"))
    require(again == searcher and type(again) is type(searcher), f"{again!r} was read, not {searcher!r}")
    canonical_json(searcher.model_dump(mode="json"))
    plain = parse_searcher(searcher.type)
    require(type(plain) is type(searcher), f"the name '{searcher.type}' alone gives {plain!r}")


def check_search(searcher: Searcher, space: BoundSpace, *, batch: int) -> None:
    """Proposals are in the space, never more than asked for, never twice, never a failed point; with every
    tenth trial failing and some cut short, it ends, and every point that did not fail was tried."""
    history = History(PROBLEMS)
    asked: set[tuple[int, int]] = set()
    rng = Random(5)
    for _ in range(_STEPS):
        proposals = _ask(searcher, history, space, batch=batch)
        if not proposals:
            break
        require(len(proposals) <= batch, f"{len(proposals)} proposals where {batch} were asked for")
        for proposal in proposals:
            _check_proposal(proposal, history, space, asked)
            asked |= {(proposal.point, problem) for problem in proposal.problems}
        history = history.plus(_run(proposals, history, rng))
    else:
        raise AssertionError(f"it does not end after {_STEPS} steps in a space of {len(space)} points")
    untried = [point for point in range(len(space)) if point not in history.asked]
    require(not untried, f"it ends with {len(untried)} of {len(space)} points untried")


def check_determinism(searcher: Searcher, space: BoundSpace) -> None:
    """The same history and seed: the same proposals, whatever was asked in between; nothing is remembered."""
    history = History(PROBLEMS)
    for _ in range(4):
        first = _ask(searcher, history, space, batch=3)
        _ask(searcher, History(PROBLEMS), space, batch=2)
        again = _ask(searcher, history, space, batch=3)
        require(first == again, f"the same question gave {first} and then {again}")
        history = history.plus(_run(first, history, Random(1)))


def make_space(holes: int) -> BoundSpace:
    """A space of 4 to the power of `holes` points less those that would be too large."""
    samples = {"choice": [1, 2, 3, 4]}
    layers = [
        {"type": "generator", "model": "simulated/a", "samples": samples},
        *({"type": "fuser", "model": "simulated/a", "samples": samples} for _ in range(holes - 1)),
    ]
    return Space.parse({"layers": layers}).bind(Rankings())


def _ask(searcher: Searcher, history: History, space: BoundSpace, *, batch: int) -> tuple[Proposal, ...]:
    return searcher.ask(history, Random(f"7 {len(history.trials)}"), space=space, batch=batch)


def _run(proposals: tuple[Proposal, ...], history: History, rng: Random) -> list[Trial]:
    """Made-up outcomes: later points are a little better; one in ten fails, one in ten is cut short."""
    trials: list[Trial] = []
    for number, proposal in enumerate(proposals, start=len(history.trials)):
        luck = rng.random()
        reached = proposal.problems[: len(proposal.problems) // 2] if luck > 0.9 else proposal.problems
        scores = tuple((problem, float(rng.random() < 0.3 + 0.005 * proposal.point)) for problem in reached)
        state = "failed" if luck < 0.1 else "over_budget" if luck > 0.9 else "done"
        trials.append(
            Trial(number, proposal.point, proposal.problems, () if luck < 0.1 else scores, state, "made up")
        )
    return trials


def _check_proposal(
    proposal: Proposal, history: History, space: BoundSpace, asked: set[tuple[int, int]]
) -> None:
    point, problems = proposal.point, proposal.problems
    require(0 <= point < len(space), f"point {point} is not in a space of {len(space)}")
    require(bool(problems) and list(problems) == sorted(set(problems)), f"no ascending problems: {problems}")
    require(problems[0] >= 0 and problems[-1] < PROBLEMS, f"problems {problems} of {PROBLEMS}")
    require(point not in history.failed, f"point {point} failed and is proposed again")
    again = [problem for problem in problems if (point, problem) in asked]
    require(not again, f"point {point} is proposed again on problems {again}")
