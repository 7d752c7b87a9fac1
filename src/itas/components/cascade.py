"""Cascade: ask a strong model only where the cheap ones have not settled the question.

Source: FrugalGPT, Chen et al. 2023, arXiv:2305.05176; deciding by whether cheap answers agree: Yue et al. 2023,
arXiv:2310.03094. Agreement is that of the `vote`; with `accept: verified` it is what a verifier or tests before
it found. What was saved is the difference between the samples planned and used.
"""

from collections import Counter
from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from itas.components.generator import drafts_from, render_generation
from itas.components.vote import infer_kind, read_answers
from itas.core.candidate import Draft, State
from itas.core.component import Context, ModelId, Producer


class Cascade(Producer):
    """Passes on the best cheap candidate where it is good enough; otherwise a strong model answers afresh.

    With ``agreement``, the share of all candidates that give the most frequent answer must reach `threshold`;
    an answer that cannot be read agrees with nobody, and a lone candidate has nobody to agree with. With
    ``verified``, the best share of verdicts or tests passed must reach it.

    Attributes:
        model: The strong model.
        accept: By what a cheap answer is accepted: ``agreement`` or ``verified``.
        threshold: The share that is enough, in (0, 1].
        samples: How many answers of the strong model.
        answer_kind: How answers are read for agreement, as in `vote`.
        temperature: 0.7 as everywhere; null leaves it to the provider.
        max_tokens: Longest answer of the strong model.
    """

    type: ClassVar = "cascade"

    model: ModelId
    accept: Literal["agreement", "verified"] = "agreement"
    threshold: float = Field(default=1.0, gt=0.0, le=1.0)
    samples: PositiveInt = 1
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
        accepted = self.find_accepted(state)
        if accepted is not None:
            candidate = state.candidates[accepted]
            return (Draft(candidate.text, candidate.origin.model, (accepted,)),)
        completions = await ctx.ask(
            self.model,
            render_generation(state, ctx.random),
            n=self.samples,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )
        return drafts_from(completions, self.model, ctx)

    def find_accepted(self, state: State) -> int | None:
        """The number of the candidate that is good enough, if there is one; among equals the first."""
        if self.accept == "agreement":
            return find_agreed(state, self.threshold, self.answer_kind)
        return find_verified(state, self.threshold)


def find_agreed(
    state: State, threshold: float, answer_kind: Literal["auto", "number", "choice", "text"] = "auto"
) -> int | None:
    """The first candidate with the most frequent answer, if at least that share of two or more give it."""
    texts = [candidate.text for candidate in state.candidates]
    kind = infer_kind(state.question, texts) if answer_kind == "auto" else answer_kind
    answers = read_answers(state.question, texts, kind)
    votes = Counter(answer for answer in answers if answer is not None)
    if not votes or len(texts) < 2:
        return None
    ((answer, count),) = votes.most_common(1)
    return answers.index(answer) if count >= Fraction(str(threshold)) * len(texts) else None


def find_verified(state: State, threshold: float) -> int | None:
    """The candidate with the highest share of verdicts or tests passed, if it reaches the threshold; of
    several findings on one candidate, the worst counts."""
    shares = [
        min((mark.value for mark in candidate.marks if mark.kind in ("verified", "test")), default=0.0)
        for candidate in state.candidates
    ]
    best = max(range(len(shares)), key=lambda number: shares[number], default=None)
    return best if best is not None and shares[best] >= threshold else None
