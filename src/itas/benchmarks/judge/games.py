"""Two answers, shown in both orders: a game each, and what the two together say."""

from collections.abc import Callable, Sequence

from itas.benchmarks.judge.asking import Question, ask_judge
from itas.benchmarks.judge.options import JudgeOptions
from itas.core.concurrency import side_by_side
from itas.core.judging import Ask, Judgment
from itas.core.seeds import random_for


async def play(
    make: Callable[[bool], Question], options: JudgeOptions, ask: Ask, *, problem_id: str
) -> tuple[Judgment, ...]:
    """Ask about both orders, or about one that is drawn per problem.

    Args:
        make: The question with the judged answer first (True) or second.
        options: Whether both orders are asked for.
        ask: Asks the judge.
        problem_id: Decides the order where only one is asked for.

    Returns:
        The judgments; with both orders first the one with the baseline first, as the official tools do.
    """
    orders = (False, True)
    if options.orders == "one":
        orders = (random_for("order", problem_id).random() < 0.5,)
    return tuple(await side_by_side([ask_judge(make(is_first), options, ask) for is_first in orders]))


def agreed_value(games: Sequence[Judgment]) -> float | None:
    """What two games say together: who wins both, else a tie; None if any could not be read."""
    values = [game.value for game in games if game.value is not None]
    if len(values) != len(games) or not values:
        return None
    winners = {1.0 if value > 0.5 else 0.0 if value < 0.5 else 0.5 for value in values}
    return winners.pop() if len(winners) == 1 else 0.5


def mean_value(games: Sequence[Judgment]) -> float | None:
    """The mean over the games that could be read; None if none could."""
    values = [game.value for game in games if game.value is not None]
    return sum(values) / len(values) if values else None
