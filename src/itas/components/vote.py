"""Vote: keep the answer that most candidates agree on. Asks no model.

Source: Wang et al. 2022, self-consistency, arXiv:2203.11171. Answers are read by `core/answers.py` and
compared in their normal form. The scorers use the same reader, but know more than a vote does: their kind of
answer is declared and the options are given, where a vote infers both from the question and the answers.
Weights by model are ours.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from itas.core.answers import AnswerKind, find_answer, find_marked, find_number, normal_text
from itas.core.candidate import Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.errors import ParseError

_OPTION = re.compile(r"^[ \t>*_-]{0,8}\(?([A-Z])[.):][*_]{0,3}[ \t]", re.MULTILINE)
_OPTION_IN_LINE = re.compile(r"(?<![^\s:?])\(?([A-Z])\)[ \t]{0,4}(?=[^\s()])")
_NUMBERED_OPTION = re.compile(r"[ \t>*_-]{0,8}\(([0-9]{1,2})\)[ \t]")
_ASKS_FOR_NUMBER = re.compile(r"answer:[ \t*_`]{0,4}[<\[]?(?:the |a )?(?:final )?number\b", re.IGNORECASE)
_LONGEST_OPTION = 500
_LONGEST_LINE = 2000
_LONGEST_TEXT = 200
_LONGEST_QUESTION = 20_000
_LONGEST_LISTING = 300_000
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

    1. ``number`` if the last line of the question asks for ``Answer: <number>``, whatever it lists.
    2. ``choice`` if the question lists options (see `count_options`).
    3. Of the answers that are marked (``Answer: ...``, boxed, ...): ``number`` if more than half of them
       are nothing but a number, else ``text``.
    4. If none is marked: ``number`` if more than half of the texts have a number in their last line,
       else ``text``.
    """
    if _ASKS_FOR_NUMBER.search(question[-_LONGEST_LINE:].rstrip().rpartition("\n")[2]):
        return "number"
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
    """How many options the question lists; 0 if fewer than two.

    Options are lines ``A. ...``, ``(B) ...`` of their own; else, in the only line that has such, ``A) ... B) ...``
    from A on without gaps; else lines ``(1) ...``, ``(2) ...`` directly below a line that ends in a question mark.
    """
    end = question[-_LONGEST_QUESTION:]
    return _count_lines(question) or _count_in_line(end) or _count_numbered(end)


def _has_letters(question: str) -> bool:
    return bool(_count_lines(question) or _count_in_line(question[-_LONGEST_QUESTION:]))


def _count_lines(question: str) -> int:
    count = 0
    for letter in _OPTION.findall(question[-_LONGEST_LISTING:]):
        if letter == chr(ord("A") + count):
            count += 1
    return count if count >= 2 else 0


def _count_in_line(question: str) -> int:
    """The first option opens the line or follows a question mark or colon: "is (A) or (B) longer" lists none."""
    found: list[int] = []
    for line in question.splitlines():
        options = list(_OPTION_IN_LINE.finditer(line)) if len(line) <= _LONGEST_LINE else []
        if len(options) >= 2:
            letters = "".join(option[1] for option in options)
            before = line[: options[0].start()].strip()
            is_list = (not before or before.endswith((":", "?"))) and "ABCDEFGHIJKLMNOPQRSTUVWXYZ".startswith(
                letters
            )
            found.append(len(letters) if is_list else 0)
    return found[0] if len(found) == 1 else 0


def _count_numbered(question: str) -> int:
    """Numbered lines are options only below a question: below anything else they are a list of things to do."""
    found: list[int] = []
    before = ""
    for line in filter(str.strip, question.splitlines()):
        number = _NUMBERED_OPTION.match(line) if len(line) <= _LONGEST_OPTION else None
        if number is None:
            before = line
        elif int(number[1]) != len(found) + 1 or not before.rstrip(" \t*_").endswith("?"):
            return 0
        else:
            found.append(int(number[1]))
    return len(found) if len(found) >= 2 else 0


def read_answers(question: str, texts: Sequence[str], kind: AnswerKind) -> list[str | None]:
    """The answer of each text in normal form; None where there is none.

    A text without a marked answer is itself the answer, of kind ``text``, if it is one line of at most 200
    characters. To numbered options, the answer is the number of one of them.
    """
    if kind == "text":
        return [_read_text(text) for text in texts]
    n_choices = count_options(question)
    if kind == "choice" and n_choices and not _has_letters(question):
        numbers = {str(number) for number in range(1, n_choices + 1)}
        return [number if (number := find_number(text)) in numbers else None for text in texts]
    return [find_answer(text, kind, n_choices=n_choices or 26) for text in texts]


def _read_text(text: str) -> str | None:
    """As the scorer `exact` reads it, except that a long reply without a mark is no answer."""
    marked = find_marked(text)
    if marked is not None:
        return normal_text(marked) or None
    line = text.strip()
    return normal_text(line) or None if len(line) <= _LONGEST_TEXT and len(line.splitlines()) == 1 else None


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
