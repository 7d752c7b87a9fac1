"""Reward ranker: order the candidates by the numbers that a local reward model gives them.

Source: best of n by a reward model, Stiennon et al. 2020, arXiv:2009.01325; pairwise ranking with a small
model, PairRM, Jiang et al. 2023, arXiv:2306.02561. The model runs where the program runs (extra ``local``); it
reads no prompt of ours, so an answer cannot talk to it, but it can be deceived by style and length.
"""

from typing import ClassVar

from pydantic import PositiveInt

from itas.core.candidate import Mark, State
from itas.core.component import Context, RaterId, Selector


class RewardRanker(Selector):
    """Keeps the `top_k` candidates with the highest ratings; ties keep the order of the input. No samples.

    Attributes:
        model: The reward model, as ``local/`` and its name on the Hugging Face hub or its folder.
        top_k: How many go on.
    """

    type: ClassVar = "reward_ranker"

    model: RaterId
    top_k: PositiveInt = 1

    def max_samples(self, n: int) -> int:
        return 0

    def max_out(self, n: int) -> int:
        return min(self.top_k, n)

    def texts_read(self, n: int) -> int:
        return 0

    def models(self) -> tuple[str, ...]:
        return ()

    def raters(self) -> tuple[str, ...]:
        return (self.model,)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        texts = [candidate.text for candidate in state.candidates]
        if len(texts) < 2:
            return tuple(range(len(texts)))
        ratings = await ctx.rate(self.model, state.conversation, texts)
        order = tuple(sorted(range(len(ratings)), key=lambda number: -ratings[number]))
        for place, number in enumerate(order, start=1):
            ctx.mark(number, Mark("rank", place, note=f"rating {ratings[number]:.4g}", by=self.model))
        return order[: self.top_k]
