"""Tournament: let a model compare candidates two at a time, each pair in both orders.

Source: pairwise ranking prompting, Qin et al. 2023, arXiv:2306.17563 (all pairs, both orders, a disagreement
between the orders is half a point for each). Deviation: the all-pairs form asks n (n - 1) questions, so above
`rivals` + 1 candidates everybody meets `rivals` others only: its neighbours on a random ring.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import ClassVar

from pydantic import Field, NonNegativeFloat, PositiveInt

from itas.components.ranker import parse_ranking, render_ranking
from itas.components.text import shuffle
from itas.core.candidate import Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.core.concurrency import side_by_side
from itas.errors import ParseError

HALF = Fraction(1, 2)


class Tournament(Selector):
    """Keeps the `top_k` candidates with the most points from games of two, each played in both orders.

    Who wins in both orders gets a point; otherwise each gets half of one. Equal texts share the point without
    being asked about. A game with an order that stays unreadable is shared too, and counted as a fallback.
    Ties keep the order of the input. Two samples a game: n (n - 1) for up to `rivals` + 1 candidates, n times
    `rivals` for more.

    Attributes:
        model: Who compares.
        top_k: How many go on.
        rivals: How many others each candidate meets at most; an even number.
        use_critiques: Whether the critiques of the candidates are shown.
        temperature: 0.7 as everywhere; null leaves it to the provider.
        max_tokens: Longest reply.
        attempts: How often to ask until a comparison is readable.
    """

    type: ClassVar = "tournament"
    uses_critiques: ClassVar[bool] = True

    model: ModelId
    top_k: PositiveInt = 1
    rivals: int = Field(default=8, ge=2, multiple_of=2)
    use_critiques: bool = True
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 2048
    attempts: PositiveInt = 2

    def max_samples(self, n: int) -> int:
        return self.planned_samples(n) * self.attempts

    def planned_samples(self, n: int) -> int:
        return 2 * len(find_pairs(n, self.rivals))

    def max_out(self, n: int) -> int:
        return min(self.top_k, n)

    def texts_read(self, n: int) -> int:
        return min(n, 2)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        if len(state.candidates) < 2:
            return tuple(range(len(state.candidates)))
        ring = shuffle(state.candidates, ctx.random)
        pairs = [(ring[one], ring[other]) for one, other in find_pairs(len(ring), self.rivals)]
        results = await side_by_side([self._play(state, one, other, ctx) for one, other in pairs])
        points = [Fraction(0)] * len(ring)
        games = [0] * len(ring)
        for (one, other), won in zip(pairs, results, strict=True):
            points[one] += won
            points[other] += 1 - won
            games[one] += 1
            games[other] += 1
        order = order_by_points(points, games)
        for place, number in enumerate(order, start=1):
            note = f"{float(points[number]):g} of {games[number]} points"
            ctx.mark(number, Mark("rank", place, note=note, by=self.model))
        return order[: self.top_k]

    async def _play(self, state: State, one: int, other: int, ctx: Context) -> Fraction:
        """The points of `one`; the rest of the one point is for `other`."""
        pair = (state.candidates[one], state.candidates[other])
        if pair[0].text == pair[1].text:
            return HALF
        duel = replace(state, candidates=pair)
        try:
            winners = await side_by_side([self._compare(duel, order, ctx) for order in ((0, 1), (1, 0))])
        except ParseError as error:
            ctx.report("fallback", f"candidates {one} and {other} share the point: {error}")
            return HALF
        return Fraction(winners.count(0), 2)

    async def _compare(self, duel: State, order: tuple[int, int], ctx: Context) -> int:
        """The winner, 0 or 1, of one game in one order."""
        prompt, ids = render_ranking(duel, ctx.random, use_critiques=self.use_critiques, order=order)
        ranking = await ctx.ask_readable(
            self.model,
            prompt,
            lambda reply: parse_ranking(reply, ids),
            attempts=self.attempts,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )
        return ranking[0]


def find_pairs(n: int, rivals: int) -> list[tuple[int, int]]:
    """Who meets whom: everybody everybody up to `rivals` + 1 players, else the neighbours on a ring."""
    if n <= rivals + 1:
        return [(one, other) for one in range(n) for other in range(one + 1, n)]
    return [(one, (one + step) % n) for step in range(1, rivals // 2 + 1) for one in range(n)]


def order_by_points(points: Sequence[Fraction], games: Sequence[int]) -> tuple[int, ...]:
    """Indices by points per game, most first; ties as they came."""
    return tuple(sorted(range(len(points)), key=lambda number: -points[number] / max(games[number], 1)))
