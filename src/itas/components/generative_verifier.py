"""Generative verifier: order the candidates by the share of independent verdicts that find them correct.

Source: Zhang et al. 2024, arXiv:2408.15240, chain-of-thought verification with majority voting: the verifier
thinks, then says yes or no, several times, and the mean decides. Deviations: any model may be the verifier,
trained for it or not, and the word of the verdict is counted, because the probability of a token is not to be
had from every provider. The `verifier` filters by one verdict after reasons; this one ranks by many.
"""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import NonNegativeFloat, PositiveInt

from itas.components.verifier import parse_verdict, render_verdict
from itas.core.candidate import Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.core.concurrency import side_by_side
from itas.errors import ParseError


class GenerativeVerifier(Selector):
    """Keeps the `top_k` candidates that most verdicts find correct; ties keep the order of the input.

    All verdicts on one candidate are drawn in one question. One that cannot be read is counted and left out
    of the share; a candidate without a readable one is unjudged: it gets no mark, is counted as a fallback,
    and stands after the judged ones.

    Attributes:
        model: Who verifies.
        votes: Verdicts on each candidate.
        top_k: How many go on.
        temperature: 0.7 as everywhere; null leaves it to the provider. At 0 the verdicts are not independent.
        max_tokens: Longest reply.
    """

    type: ClassVar = "generative_verifier"

    model: ModelId
    votes: PositiveInt = 4
    top_k: PositiveInt = 1
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 2048

    def max_samples(self, n: int) -> int:
        return n * self.votes

    def max_out(self, n: int) -> int:
        return min(self.top_k, n)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        shares = await side_by_side([self._judge(state, n, ctx) for n in range(len(state.candidates))])
        return order_by_verdicts(shares)[: self.top_k]

    async def _judge(self, state: State, number: int, ctx: Context) -> float | None:
        prompt, id = render_verdict(state.conversation, state.candidates[number], "", ctx.random)
        replies = await ctx.ask(
            self.model,
            prompt,
            n=self.votes,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )
        verdicts: list[bool] = []
        for reply in replies:
            try:
                verdicts.append(parse_verdict(reply.text, id))
            except ParseError as error:
                ctx.report("unreadable", str(error))
        if not verdicts:
            ctx.report("fallback", f"candidate {number} has no verdict and stands after the judged")
            return None
        share = sum(verdicts) / len(verdicts)
        note = f"{sum(verdicts)} of {len(verdicts)} verdicts"
        ctx.mark(number, Mark("verified", share, note=note, by=self.model))
        return share


def order_by_verdicts(shares: Sequence[float | None]) -> tuple[int, ...]:
    """Indices by share, highest first; ties as they came, unjudged ones (None) last."""
    return tuple(sorted(range(len(shares)), key=lambda i: 1.0 if (share := shares[i]) is None else -share))
