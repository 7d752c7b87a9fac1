"""How a judge behaved: unreadable replies, disagreement with itself, preference for a place."""

from collections import defaultdict
from collections.abc import Sequence

from pydantic import JsonValue

from itas.benchmarks.judge.options import JudgeOptions
from itas.benchmarks.judge.scorer import Judged
from itas.core.judging import Judgment


def conduct(judged: Sequence[Judged], options: JudgeOptions, *, wording: str) -> dict[str, JsonValue]:
    """What every result of a judged benchmark says about its judge.

    Keys: ``judge``; ``wording`` (which prompts were used); ``judgments``; ``unreadable`` (share that stayed
    unreadable); ``asked_again`` (requests beyond the first, over all judgments); and for pairs
    ``disagreement`` (share of the pairs in which the two orders name different results) and
    ``first_place_wins`` (share of the decided games won by who stood first; 0.5 would be fair). A rate of
    nothing is None.
    """
    judgments = [judgment for each in judged for judgment in each.judgments]
    found: dict[str, JsonValue] = {
        "judge": options.judge,
        "wording": wording,
        "judgments": len(judgments),
        "unreadable": _rate(sum(each.value is None for each in judgments), len(judgments)),
        "asked_again": sum(each.attempts - 1 for each in judgments),
    }
    games = [each for each in judgments if each.place != "alone"]
    if not games:
        return found
    pairs = [pair for each in judged for pair in _pairs(each.judgments)]
    decided = [each for each in games if each.value is not None and each.value != 0.5]
    return {
        **found,
        "orders": options.orders,
        "disagreement": _rate(sum(_side(first) != _side(second) for first, second in pairs), len(pairs)),
        "first_place_wins": _rate(
            sum((_side(each) > 0) == (each.place == "first") for each in decided), len(decided)
        ),
    }


def _pairs(judgments: Sequence[Judgment]) -> list[tuple[Judgment, Judgment]]:
    """The readable games of each turn that were played in both orders."""
    by_turn: defaultdict[int, list[Judgment]] = defaultdict(list)
    for each in judgments:
        if each.place != "alone" and each.value is not None:
            by_turn[each.turn].append(each)
    return [(games[0], games[1]) for games in by_turn.values() if len(games) == 2]


def _side(judgment: Judgment) -> int:
    value = 0.5 if judgment.value is None else judgment.value
    return (value > 0.5) - (value < 0.5)


def _rate(count: int, of: int) -> float | None:
    return count / of if of else None
