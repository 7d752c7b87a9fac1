"""Vote: keep the answer that most candidates agree on. Asks no model.

Source: Wang et al. 2022, self-consistency, arXiv:2203.11171. Answers are read by `core/answers.py`, the
same reader that scores them, and compared in their normal form. Weights by model are ours.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from itas.core.answers import AnswerKind, find_answer, find_marked, find_number
from itas.core.candidate import Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.errors import ParseError

_OPTION = re.compile(r"^[ \t>*_-]{0,8}\(?([A-Z])[.):][*_]{0,3}[ \t]", re.MULTILINE)
_UNITS = re.compile(
    r"^(?:answer)?[\s:=$\\(*_]{0,8}[-+\u2212]?\$?\d[\d,]{0,40}(?:\.\d{1,40})?(?:/\d{1,40})?[\s%.$)*_\\]{0,8}$"
)


class Vote(Selector):
    """Keeps `top_k` candidates, those with the winning answer first.

    Candidates follow by the weight of their answer; among answers of equal weight, the one that appeared
    first stands first. A candidate without a readable answer does not vote: it is counted and stands last.
    The mark of a candidate is the share of the weight of *all* candidates that its answer got, so answers
    that could not be read support nobody.

    Attributes:
        answer_kind: How answers are read; ``auto`` looks at the question and the answers, see `infer_kind`.
        weights: Weight of a vote by the model that wrote the candidate; 1 where none is given.
        top_k: How many go on.
        fallback: When nobody has a readable answer: ``keep_order`` or ``error``.
    """

    type: ClassVar = "vote"

    answer_kind: Literal["auto", "number", "choice", "text"] = "auto"
    weights: dict[ModelId, Annotated[float, Field(gt=0.0)]] = Field(default_factory=dict)
    top_k: PositiveInt = 1
    fallback: Literal["keep_order", "error"] = "keep_order"

    def max_samples(self, n: int) -> int:
        return 0

    def max_out(self, n: int) -> int:
        return min(self.top_k, n)

    def texts_read(self, n: int) -> int:
        return 0

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        texts = [candidate.text for candidate in state.candidates]
        kind = infer_kind(state.question, texts) if self.answer_kind == "auto" else self.answer_kind
        answers = read_answers(state.question, texts, kind)
        for number, answer in enumerate(answers):
            if answer is None:
                ctx.report("unreadable", f"candidate {number} has no {kind} that could be read, so no vote")
        if not any(answer is not None for answer in answers) and texts:
            if self.fallback == "error":
                raise ParseError(f"no candidate has a {kind} that could be read", texts[0])
            ctx.report("fallback", f"none of {len(texts)} candidates voted, the order stays as it was")
            return tuple(range(self.max_out(len(texts))))
        weights = [Fraction(str(self.weights.get(c.origin.model, 1.0))) for c in state.candidates]
        shares = count_votes(answers, weights)
        for number, answer in enumerate(answers):
            if answer is not None:
                ctx.mark(number, Mark("vote", float(shares[answer]), note=answer, by=self.type))
        return order_by_votes(answers, shares)[: self.top_k]


def infer_kind(question: str, texts: Sequence[str]) -> AnswerKind:
    """How to read the answers, from the question and the answers alone.

    1. ``choice`` if lines of the question list options A, B, ... (see `count_options`).
    2. Of the answers that are marked (``Answer: ...``, boxed, ...): ``number`` if more than half of them
       are nothing but a number, else ``text``.
    3. If none is marked: ``number`` if more than half of the texts have a number in their last line,
       else ``text``.
    """
    if count_options(question):
        return "choice"
    marked = [answer for text in texts if (answer := find_marked(text)) is not None]
    if marked:
        numbers = [answer for answer in marked if _UNITS.match(answer)]
        return "number" if 2 * len(numbers) > len(marked) else "text"
    last_lines = [text.rstrip().rpartition("\n")[2] for text in texts]
    numbers = [line for line in last_lines if find_number(line) is not None]
    return "number" if 2 * len(numbers) > len(texts) else "text"


def count_options(question: str) -> int:
    """How many options A, B, C, ... the question lists on lines of their own; 0 if fewer than two."""
    letters = _OPTION.findall(question)
    count = 0
    for letter in letters:
        if letter == chr(ord("A") + count):
            count += 1
    return count if count >= 2 else 0


def read_answers(question: str, texts: Sequence[str], kind: AnswerKind) -> list[str | None]:
    """The answer of each text in normal form; None where there is none."""
    n_choices = count_options(question) or 26
    return [find_answer(text, kind, n_choices=n_choices) for text in texts]


def count_votes(answers: Sequence[str | None], weights: Sequence[Fraction]) -> dict[str, Fraction]:
    """The share of all weight that each answer got, exactly; answers in order of first appearance."""
    total = sum(weights, Fraction(0))
    shares: dict[str, Fraction] = {}
    for answer, weight in zip(answers, weights, strict=True):
        if answer is not None:
            shares[answer] = shares.get(answer, Fraction(0)) + weight / total
    return shares


def order_by_votes(answers: Sequence[str | None], shares: dict[str, Fraction]) -> tuple[int, ...]:
    """Indices: by the share of their answer, then its first appearance; those without answer last."""
    place = {answer: place for place, answer in enumerate(sorted(shares, key=lambda a: -shares[a]))}
    return tuple(
        sorted(
            range(len(answers)),
            key=lambda index: len(place) if (answer := answers[index]) is None else place[answer],
        )
    )
