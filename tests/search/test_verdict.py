"""What the held-out problems decide."""

import asyncio
from collections.abc import Sequence

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Score, Unscored
from itas.search.contestants import LineUp
from itas.search.journal import Journal
from itas.search.ledger import Ledger
from itas.search.records import Contestant, Margin, Role, Verdict, paired_margins
from itas.search.stages.verdict import judge, run_contestants


def judged(**scores: str) -> tuple[tuple[Contestant, ...], Verdict]:
    """The verdict on contestants with these scores, by role, run like any other."""
    known = {f"fake/{role}": found for role, found in scores.items()}

    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> Sequence[Observation]:
        return observed(known[architecture.models[0]])

    ledger = Ledger(Journal(None), evaluate, None)
    entries: LineUp = tuple(
        (architecture_of(f"fake/{role}", 9 - place), (ROLES[role],)) for place, role in enumerate(scores)
    )
    problems = [str(number) for number in range(100)]
    contestants = asyncio.run(run_contestants(ledger, entries, problems, compare=compare))
    return contestants, judge(ledger, contestants)


def architecture_of(model: str, samples: int) -> Architecture:
    return Architecture.parse({"layers": [{"type": "generator", "model": model, "samples": samples}]})


def observed(scores: str) -> tuple[Observation, ...]:
    return tuple(
        Observation(
            problem_id=str(number),
            outcome=Unscored(reason="model_error") if score == "?" else Score(value=float(score)),
        )
        for number, score in enumerate(scores)
    )


def right(count: int) -> str:
    return "1" * count + "0" * (100 - count)


ROLES: dict[str, Role] = {
    "winner": "winner",
    "single": "best single model",
    "other": "other single model",
    "third": "other single model",
    "mixture": "mixture of models",
    "best_of_n": "best of n",
}
FAMILIES: list[int] = []


def compare(one: Sequence[Observation], others: Sequence[Sequence[Observation]]) -> Sequence[Margin]:
    FAMILIES.append(len(others))
    return paired_margins(one, others)


@pytest.mark.parametrize(
    "winner, single, mixture, best_of_n, recommended, because",
    [
        (60, 40, 55, 50, "winner", "the winner is better than one call"),
        (60, 40, 61, 50, "winner", "the winner is better than one call"),
        (60, 59, 55, 61, "best single model", "nothing is proven better than one call"),
        (60, 90, 95, 91, "mixture of models", "it is better than one call, the winner is not proven to be"),
        (60, 95, 95, 91, "best single model", "nothing is proven better than one call"),
        (60, 58, 75, 80, "best of n", "it is better than one call, the winner is not proven to be"),
        (60, 40, 75, 80, "best of n", "it is better than one call and than the winner"),
        (60, 40, 75, 61, "mixture of models", "it is better than one call and than the winner"),
        # Better than the winner, but not than one call.
        (40, 60, 60, 60, "best single model", "nothing is proven better than one call"),
    ],
)
def test_what_is_recommended_is_what_the_held_out_problems_support(
    winner: int, single: int, mixture: int, best_of_n: int, recommended: str, because: str
) -> None:
    _, verdict = judged(
        winner=right(winner), single=right(single), mixture=right(mixture), best_of_n=right(best_of_n)
    )
    assert verdict.recommended == recommended
    assert verdict.because == because
    assert verdict.one_call_is_as_good == (verdict.relation != "better")


def test_every_contestant_is_compared_with_the_winner_and_with_one_call_in_three_families() -> None:
    FAMILIES.clear()
    contestants, verdict = judged(winner=right(60), single=right(40), mixture=right(80), best_of_n=right(38))
    assert FAMILIES == [1, 2, 2]
    winner, single, mixture, best_of_n = contestants
    assert winner.against_winner is None
    assert winner.against_single == single.against_winner
    assert single.against_single is None
    assert mixture.against_single is not None
    assert mixture.against_single.difference == pytest.approx(0.4)
    assert mixture.against_single.verdict == "better"
    assert mixture.against_single.low < 0.4 < mixture.against_single.high
    assert best_of_n.against_single is not None
    assert best_of_n.against_single.verdict == "tied"
    assert verdict.better_than_one_call == ("mixture of models", "winner")
    assert verdict.better_than_winner == ("mixture of models",)


def test_a_winner_without_scores_leaves_the_others_to_one_call() -> None:
    _, verdict = judged(winner="?" * 100, single=right(40), mixture=right(80), best_of_n=right(41))
    assert verdict.relation == "unknown"
    assert verdict.recommended == "mixture of models"
    _, nothing = judged(winner="?" * 100, single=right(40), mixture=right(41))
    assert nothing.recommended == "best single model"
    assert not nothing.one_call_is_as_good


def test_where_the_winner_is_that_one_call_a_baseline_may_still_be_better() -> None:
    async def evaluate(architecture: Architecture, problems: Sequence[str]) -> Sequence[Observation]:
        return observed(right(40 if architecture.models == ("fake/single",) else 70))

    ledger = Ledger(Journal(None), evaluate, None)
    single: tuple[Role, ...] = ("winner", "best single model")
    mixture: tuple[Role, ...] = ("mixture of models",)
    entries = ((architecture_of("fake/single", 1), single), (architecture_of("fake/other", 3), mixture))
    problems = [str(number) for number in range(100)]
    contestants = asyncio.run(run_contestants(ledger, entries, problems, compare=compare))
    verdict = judge(ledger, contestants)
    assert (verdict.relation, verdict.recommended) == ("tied", "mixture of models")
    assert contestants[0].against_winner is None
    assert contestants[0].against_single is None
    assert contestants[1].against_winner is not None
    assert contestants[1].against_single == contestants[1].against_winner.turned


@pytest.mark.parametrize(
    "single, other, third, relation, recommended, model",
    [
        (40, 45, 30, "better", "winner", "single"),
        (40, 68, 30, "tied", "other single model", "other"),
        (40, 68, 69, "tied", "other single model", "third"),
        (71, 68, 69, "tied", "best single model", "single"),
        (69, 68, 69, "tied", "best single model", "single"),
        (40, 95, 30, "worse", "other single model", "other"),
        (71, 95, 30, "tied", "other single model", "other"),
    ],
)
def test_a_winner_has_to_be_better_than_one_call_of_every_single_model(
    single: int, other: int, third: int, relation: str, recommended: str, model: str
) -> None:
    contestants, verdict = judged(
        winner=right(70), single=right(single), other=right(other), third=right(third)
    )
    assert (verdict.relation, verdict.recommended) == (relation, recommended)
    assert verdict.single_model == f"fake/{model}"
    assert contestants[0].against_others["fake/other"] == contestants[2].against_winner
    assert verdict.better_than_one_call == (("winner",) if relation == "better" else ())


def test_a_baseline_has_to_be_better_than_every_single_model_too() -> None:
    FAMILIES.clear()
    contestants, verdict = judged(
        winner=right(50), single=right(40), other=right(72), mixture=right(70), best_of_n=right(71)
    )
    assert sorted(FAMILIES) == [1, 1, 2, 2, 2]
    assert contestants[3].against_single is not None
    assert contestants[3].against_single.verdict == "better"
    assert contestants[3].against_others["fake/other"].verdict == "tied"
    assert (verdict.recommended, verdict.better_than_one_call) == ("other single model", ())


def test_a_single_model_without_scores_leaves_no_verdict() -> None:
    _, verdict = judged(winner=right(70), single=right(40), other="?" * 100)
    assert (verdict.relation, verdict.recommended) == ("unknown", "other single model")
