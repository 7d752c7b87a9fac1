"""Shortest: keep the shortest answers. A component from outside; see docs/extend/component.md."""

from typing import ClassVar

from pydantic import PositiveInt

from itas.core.candidate import Mark, State
from itas.core.component import Context, Selector


class Shortest(Selector):
    """Keeps the `top_k` shortest answers; ties keep the order of the input.

    Attributes:
        top_k: How many go on.
    """

    type: ClassVar = "shortest"

    top_k: PositiveInt = 1

    def max_samples(self, n: int) -> int:
        return 0

    def max_out(self, n: int) -> int:
        return min(self.top_k, n)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        lengths = [len(candidate.text) for candidate in state.candidates]
        order = sorted(range(len(lengths)), key=lambda number: lengths[number])
        for place, number in enumerate(order, start=1):
            ctx.mark(number, Mark("rank", place, note=f"{lengths[number]} characters", by="shortest"))
        return tuple(order[: self.top_k])
