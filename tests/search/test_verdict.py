"""What the held-out problems decide."""

from collections.abc import Sequence

import pytest

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Score
from itas.search.evaluate import Evaluate
from itas.search.journal import Journal
from itas.search.ledger import Ledger
from itas.search.records import Contestant, Role, paired_margin
from itas.search.stages.verdict import judge


async def nobody(architecture: Architecture, problems: Sequence[str]) -> Sequence[Observation]:
    raise AssertionError("nothing is evaluated here")


def contestant(role: Role, samples: int, scores: str, winner: str) -> Contestant:
    architecture = Architecture.parse(
        {"layers": [{"type": "generator", "model": "fake/a", "samples": samples}]}
    )
    margin = None if role == "winner" else paired_margin(observed(winner), observed(scores))
    return Contestant(
        roles=(role,),
        architecture=architecture,
        planned_samples=samples,
        observations=observed(scores),
        mean=scores.count("1") / len(scores),
        against_winner=margin,
    )


def observed(scores: str) -> tuple[Observation, ...]:
    return tuple(
        Observation(problem_id=str(number), outcome=Score(value=float(score)))
        for number, score in enumerate(scores)
    )


WINNER = "1" * 60 + "0" * 40


@pytest.mark.parametrize(
    "single, baseline, recommended",
    [
        ("1" * 40 + "0" * 60, "1" * 55 + "0" * 45, "winner"),
        ("1" * 59 + "0" * 41, "1" * 55 + "0" * 45, "best single model"),
        ("1" * 90 + "0" * 10, "1" * 95 + "0" * 5, "best single model"),
        ("1" * 40 + "0" * 60, "1" * 80 + "0" * 20, "best of n"),
    ],
)
def test_what_is_recommended_is_what_the_held_out_problems_support(
    single: str, baseline: str, recommended: str
) -> None:
    evaluate: Evaluate = nobody
    entries = [
        contestant("winner", 8, WINNER, WINNER),
        contestant("best single model", 1, single, WINNER),
        contestant("best of n", 5, baseline, WINNER),
    ]
    verdict = judge(Ledger(Journal(None), evaluate, None), entries)
    assert verdict.recommended == recommended
