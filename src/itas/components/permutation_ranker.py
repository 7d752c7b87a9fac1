"""Permutation ranker: several rankings, each of another shown order, added up.

Source: permutation self-consistency, Tang et al. 2023, arXiv:2310.07712: shuffle the list, rank it again, and
take the ranking nearest to all. Deviations: one shuffled order is turned round by equal steps, so that every
candidate stands early, in the middle and late equally often; the rankings are added up by Borda count
instead of the exact nearest ranking, which is costly to find and seldom another one.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveInt

from itas.components.ranker import parse_ranking, render_ranking
from itas.components.text import shuffle
from itas.core.candidate import Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.core.concurrency import side_by_side
from itas.errors import ParseError


class PermutationRanker(Selector):
    """Keeps the `top_k` candidates with the most points from several rankings.

    A candidate in place p (from 1) of n gets n - p points from a ranking. Ties keep the order of the input.
    A ranking that stays unreadable counts for nobody, and is counted as a fallback.

    Attributes:
        model: Who ranks.
        rankings: How many rankings, each of another shown order (as far as there are that many).
        top_k: How many go on.
        use_critiques: Whether the critiques of the candidates are shown.
        temperature: 0.7 as everywhere; null leaves it to the provider.
        max_tokens: Longest reply.
        attempts: How often to ask until a ranking is readable.
        fallback: When none is: ``keep_order`` takes the first `top_k` as they came, ``error`` raises.
    """

    type: ClassVar = "permutation_ranker"
    reads_all: ClassVar[bool] = True
    uses_critiques: ClassVar[bool] = True

    model: ModelId
    rankings: PositiveInt = 3
    top_k: PositiveInt = 5
    use_critiques: bool = True
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 8192
    attempts: PositiveInt = 2
    fallback: Literal["keep_order", "error"] = "keep_order"

    def max_samples(self, n: int) -> int:
        return self.planned_samples(n) * self.attempts

    def planned_samples(self, n: int) -> int:
        return self.rankings if n > 1 else 0

    def max_out(self, n: int) -> int:
        return min(self.top_k, n)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        count = len(state.candidates)
        if count < 2:
            return tuple(range(count))
        orders = rotate(shuffle(state.candidates, ctx.random), self.rankings)
        attempts = await side_by_side([self._rank(state, order, ctx) for order in orders])
        rankings = [attempt for attempt in attempts if not isinstance(attempt, ParseError)]
        failures = [attempt for attempt in attempts if isinstance(attempt, ParseError)]
        if failures and not rankings and self.fallback == "error":
            raise failures[0]
        for failure in failures:
            ctx.report("fallback", f"one of {self.rankings} rankings counts for nobody: {failure}")
        points = count_points(rankings, count)
        order = tuple(sorted(range(count), key=lambda number: -points[number]))
        if rankings:
            for place, number in enumerate(order, start=1):
                note = f"{points[number]} of {len(rankings) * (count - 1)} points"
                ctx.mark(number, Mark("rank", place, note=note, by=self.model))
        return order[: self.top_k]

    async def _rank(self, state: State, order: Sequence[int], ctx: Context) -> tuple[int, ...] | ParseError:
        prompt, ids = render_ranking(state, ctx.random, use_critiques=self.use_critiques, order=order)
        try:
            return await ctx.ask_readable(
                self.model,
                prompt,
                lambda reply: parse_ranking(reply, ids),
                attempts=self.attempts,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
            )
        except ParseError as error:
            return error


def rotate(order: Sequence[int], count: int) -> list[tuple[int, ...]]:
    """The order turned round `count` times by equal steps; some twice where there are more than places."""
    starts = [turn * len(order) // count for turn in range(count)]
    return [(*order[start:], *order[:start]) for start in starts]


def count_points(rankings: Sequence[Sequence[int]], count: int) -> list[int]:
    """Borda count: of `count` candidates, the one in place p (from 0) gets count - 1 - p points."""
    points = [0] * count
    for ranking in rankings:
        for place, number in enumerate(ranking):
            points[number] += count - 1 - place
    return points
