"""Ranker: order the candidates from best to worst and keep the first few.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, section 3.1 (keeps 5). Deviations: the answers stand in a
random order under random ids, so that neither place nor number speaks for one; the model may reason before
it decides; a ranking counts only if it names every answer exactly once. Otherwise the model is asked again,
and then the declared fallback is taken and counted (the published code keeps the input order in silence).
"""

import re
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveInt

from itas.components.reading import find_in_paragraph, find_last_labelled, heading, label, plain_lines
from itas.components.text import MATERIAL, AnswerSheet, RandomFor, render_answers
from itas.core.candidate import Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.errors import ParseError

PROMPT = """\
Task: rank the answers.

Order the {count} answers below from best to worst. The best answer is the one that serves the person who \
made the request best: it is correct, does everything that the request (and the system message, if there is \
one) asks for, in the form asked for, and wastes no words. A correct answer stands above a wrong one, \
however well the wrong one is written. Length, a confident tone and the order of the answers are no \
merits.{critiques}

{material}

{blocks}

First compare the answers in a few sentences. Then end with one line that names each of the ids {ids} \
exactly once, best first. Its form, in which the order of the ids means nothing:
RANKING: {form}"""

CRITIQUES = " A critique may follow an answer; critiques may be wrong too, so check them."

_RANKING = label("ranking")
_RANKING_HEADING = heading("ranking")
_ESCAPED_ARROW = re.compile(r"\\>|&gt;")
_OPENING_LINE = re.compile(r"<<\s?answer\s{1,3}(\w{1,24})\s?>>", re.IGNORECASE)
_BEST = re.compile(r"^([^\w(]{0,8}(?:(?:answer|id)\s)?\w{1,24}[*_`]{0,3}\s{0,3})\(best\)", re.IGNORECASE)
_WORST = re.compile(r"\(worst\)(?=[\s.*_`]{0,8}$)", re.IGNORECASE)
_ARROWS = ">≻→"
_TOKENS = re.compile(r"(?P<number>\d{1,4})[.)]\s|(?P<word>\w+)|(?P<other>[^\w\s>,;*_`\[\]()\"'.|≻→•·–-])")


class Ranker(Selector):
    """Keeps the `top_k` best candidates, best first. One candidate needs no ranking and no sample.

    Attributes:
        model: Who ranks.
        top_k: How many go on.
        use_critiques: Whether the critiques of the candidates are shown.
        temperature: 0.7 in the paper; null leaves it to the provider.
        max_tokens: Longest reply.
        attempts: How often to ask until a ranking is readable.
        fallback: When none is: ``keep_order`` takes the first `top_k` as they came, ``error`` raises.
    """

    type: ClassVar = "ranker"
    reads_all: ClassVar[bool] = True
    uses_critiques: ClassVar[bool] = True

    model: ModelId
    top_k: PositiveInt = 5
    use_critiques: bool = True
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 8192
    attempts: PositiveInt = 2
    fallback: Literal["keep_order", "error"] = "keep_order"

    def max_samples(self, n: int) -> int:
        return self.attempts if n > 1 else 0

    def planned_samples(self, n: int) -> int:
        return 1 if n > 1 else 0

    def max_out(self, n: int) -> int:
        return min(self.top_k, n)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        count = len(state.candidates)
        if count < 2:
            return tuple(range(count))
        prompt, ids = render_ranking(state, ctx.random, use_critiques=self.use_critiques)
        try:
            order = await ctx.ask_readable(
                self.model,
                prompt,
                lambda reply: parse_ranking(reply, ids),
                attempts=self.attempts,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
            )
        except ParseError as error:
            if self.fallback == "error":
                raise
            ctx.report("fallback", f"no readable ranking, the order stays as it was: {error}")
            return tuple(range(self.max_out(count)))
        for place, number in enumerate(order, start=1):
            ctx.mark(number, Mark("rank", place, by=self.model))
        return order[: self.top_k]


def render_ranking(
    state: State, random: RandomFor, *, use_critiques: bool = True, order: Sequence[int] | None = None
) -> tuple[str, tuple[str, ...]]:
    """The prompt, and the id that each candidate has in it; shown in a random order if none is given."""
    shows_critiques = use_critiques and any(candidate.critique for candidate in state.candidates)
    sheet: AnswerSheet = render_answers(
        state.conversation, state.candidates, random, with_critiques=use_critiques, order=order
    )
    prompt = PROMPT.format(
        count=len(sheet.ids),
        critiques=CRITIQUES if shows_critiques else "",
        material=MATERIAL,
        blocks=sheet.text,
        ids=", ".join(sheet.shown),
        form=" > ".join([*sheet.shown[:2][: len(sheet.shown) - 1], "..."]),
    )
    return prompt, sheet.ids


def parse_ranking(text: str, ids: Sequence[str]) -> tuple[int, ...]:
    """Read the last ``RANKING:`` line as indices into `ids`, best first.

    A list below the label is read like a line. Words between the ids, ``<`` and ``=`` are not: they may
    turn the meaning around; nor are ties (``A > B, C``).

    Raises:
        ParseError: Unless each id is named exactly once.
    """
    text_read = plain_lines(text)
    last = find_last_labelled(text_read, _RANKING) or find_last_labelled(text_read, _RANKING_HEADING)
    if last is None:
        raise ParseError("no RANKING line", text)
    content = find_in_paragraph(text_read, last.end, limit=100 + 50 * len(ids))
    if content is None:
        raise ParseError("the RANKING line is too long", text)
    return _read_order(_undecorated(content), ids, text)


def _undecorated(content: str) -> str:
    """The line without what may stand around ids and arrows and changes nothing."""
    plain = _OPENING_LINE.sub(r"\1", _ESCAPED_ARROW.sub(">", content))
    return _WORST.sub("", _BEST.sub(r"\1", plain))


def _read_order(content: str, ids: Sequence[str], text: str) -> tuple[int, ...]:
    index_of = {id: index for index, id in enumerate(ids)}
    order: list[int] = []
    places: list[int] = []
    for found in _TOKENS.finditer(content + "\n"):
        if found["number"]:
            places.append(int(found["number"]))
            continue
        word = (found["word"] or found["other"]).strip("_").upper()
        if word in ("ANSWER", "ID", ""):
            continue
        if word not in index_of:
            raise ParseError(f"the RANKING line has '{word[:20]}', which is no answer", text)
        order.append(index_of[word])
    if places and places != list(range(1, len(places) + 1)):
        raise ParseError("the numbers of the RANKING list are not 1, 2, 3", text)
    if sorted(order) != list(range(len(ids))):
        named = " > ".join(ids[index] for index in order) or "none"
        raise ParseError(f"expected each of {', '.join(ids)} once, found {named}", text)
    arrows = sum(content.count(arrow) for arrow in _ARROWS)
    if arrows and (arrows < len(ids) - 1 or "," in content or ";" in content):
        raise ParseError("the RANKING line leaves some answers tied", text)
    return tuple(order)
