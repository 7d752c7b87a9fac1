"""Adaptive generator: draw answers until more of them would not change the vote.

Source: adaptive consistency, Aggarwal et al. 2023, arXiv:2305.11860, with its Beta criterion: stop when the
leading answer stays ahead of the second with probability 0.95, given a uniform prior. Deviation: several
samples a round (the paper draws one at a time), so that an answer does not take forty calls one after the
other; and it also stops when the lead is larger than the number of samples left.
"""

from collections import Counter
from collections.abc import Sequence
from math import comb
from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from itas.components.generator import drafts_from, render_generation
from itas.components.vote import infer_kind, read_answers
from itas.core.candidate import Draft, State
from itas.core.component import Context, ModelId, Producer
from itas.core.request import Completion


class AdaptiveGenerator(Producer):
    """Writes at most `samples` answers to the conversation, fewer where they agree; a `vote` is to follow.

    The draws are those of a `generator` with the same model, temperature and length, from the first on. What
    was saved is the difference between the samples planned (`samples`) and used.

    Attributes:
        model: Who answers.
        samples: How many draws at most.
        round_size: How many draws at once, between two looks at the votes.
        confidence: Stop when the leading answer stays ahead with at least this probability; null stops only
            when the remaining samples cannot change the vote.
        answer_kind: How answers are read, as in `vote`.
        temperature: 0.7 as everywhere; null leaves it to the provider.
        max_tokens: Longest answer.
    """

    type: ClassVar = "adaptive_generator"
    needs_candidates: ClassVar[bool] = False
    keeps_candidates: ClassVar[bool] = True

    model: ModelId
    samples: PositiveInt = 40
    round_size: PositiveInt = 4
    confidence: float | None = Field(default=0.95, gt=0.5, lt=1.0)
    answer_kind: Literal["auto", "number", "choice", "text"] = "auto"
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 2048

    def max_samples(self, n: int) -> int:
        return self.samples

    def max_out(self, n: int) -> int:
        return self.samples

    def texts_read(self, n: int) -> int:
        return 0

    async def produce(self, state: State, ctx: Context) -> tuple[Draft, ...]:
        messages = render_generation(state, ctx.random)
        drawn: list[Completion] = []
        while len(drawn) < self.samples and not self._is_settled(state.question, drawn):
            drawn += await ctx.ask(
                self.model,
                messages,
                n=min(self.round_size, self.samples - len(drawn)),
                temperature=self.temperature,
                max_tokens=self.max_tokens,
            )
        return drafts_from(drawn, self.model, ctx)

    def _is_settled(self, question: str, drawn: Sequence[Completion]) -> bool:
        texts = [completion.text for completion in drawn]
        kind = infer_kind(question, texts) if self.answer_kind == "auto" else self.answer_kind
        votes = Counter(answer for answer in read_answers(question, texts, kind) if answer is not None)
        counts = [count for _, count in votes.most_common(2)]
        return is_settled(counts, left=self.samples - len(drawn), confidence=self.confidence)


def is_settled(counts: Sequence[int], *, left: int, confidence: float | None) -> bool:
    """Whether the vote is decided: for certain, or with enough confidence.

    Args:
        counts: Votes of the leading answer and of the second, as far as there are any.
        left: Samples that may still be drawn.
        confidence: See `AdaptiveGenerator`.
    """
    first, second = (*counts, 0, 0)[:2]
    if first - second > left:
        return True
    return confidence is not None and first > second and chance_of_lead(first, second) >= confidence


def chance_of_lead(first: int, second: int) -> float:
    """Chance that the first of two answers is the more frequent one, after that many votes for each.

    P(p > 1/2) for p ~ Beta(first + 1, second + 1): a tail of the binomial distribution, summed exactly.
    """
    flips = first + second + 1
    return sum(comb(flips, heads) for heads in range(first + 1)) / 2**flips
