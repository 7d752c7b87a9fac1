"""Universal self-consistency: a model picks the answer that most of the others agree with.

Source: Chen et al. 2023, arXiv:2311.17311. For answers in free text, where a vote has nothing to count.
Deviations: random order and ids; a reply counts only if it names exactly one answer.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveInt

from itas.components.reading import find_in_paragraph, find_last_labelled, label, plain_lines
from itas.components.text import MATERIAL, RandomFor, render_answers
from itas.core.candidate import Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.errors import ParseError

PROMPT = """\
Task: choose the most consistent answer.

The {count} answers below were drawn independently for the same request. Find out what each of them says in \
substance, which of them agree with each other, and choose the one answer that stands best for what most of \
them say. Agreement in substance counts, not in wording, length or form. Do not choose by your own opinion \
on the request.

{material}

{blocks}

First say in a few sentences which answers agree. Then end with one line that names one of the ids {ids} and \
nothing else, in this form:
CHOICE: id of the answer"""

_CHOICE = label("choice")
_LONGEST = 100


class UniversalSelfConsistency(Selector):
    """Keeps the one candidate that a model finds most consistent with the others.

    Attributes:
        model: Who chooses.
        temperature: 0.7 as everywhere; null leaves it to the provider.
        max_tokens: Longest reply.
        attempts: How often to ask until the choice is readable.
        fallback: When none is: ``keep_first`` takes the first candidate, ``error`` raises.
    """

    type: ClassVar = "universal_self_consistency"
    reads_all: ClassVar[bool] = True

    model: ModelId
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 8192
    attempts: PositiveInt = 2
    fallback: Literal["keep_first", "error"] = "keep_first"

    def max_samples(self, n: int) -> int:
        return self.attempts if n > 1 else 0

    def planned_samples(self, n: int) -> int:
        return 1 if n > 1 else 0

    def max_out(self, n: int) -> int:
        return min(1, n)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        count = len(state.candidates)
        if count < 2:
            return tuple(range(count))
        prompt, ids = render_choosing(state, ctx.random)
        try:
            chosen = await ctx.ask_readable(
                self.model,
                prompt,
                lambda reply: parse_choice(reply, ids),
                attempts=self.attempts,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
            )
        except ParseError as error:
            if self.fallback == "error":
                raise
            ctx.report("fallback", f"no readable choice, the first candidate stays: {error}")
            return (0,)
        ctx.mark(chosen, Mark("rank", 1, note="most consistent", by=self.model))
        return (chosen,)


def render_choosing(state: State, random: RandomFor) -> tuple[str, tuple[str, ...]]:
    """The prompt, and the id that each candidate has in it."""
    sheet = render_answers(state.conversation, state.candidates, random, with_critiques=False)
    prompt = PROMPT.format(
        count=len(sheet.ids), material=MATERIAL, blocks=sheet.text, ids=", ".join(sheet.shown)
    )
    return prompt, sheet.ids


def parse_choice(text: str, ids: Sequence[str]) -> int:
    """Read the last ``CHOICE:`` line as an index into `ids`.

    Raises:
        ParseError: Unless exactly one id stands there and nothing else.
    """
    text_read = plain_lines(text)
    last = find_last_labelled(text_read, _CHOICE)
    said = None if last is None else find_in_paragraph(text_read, last.end, limit=_LONGEST)
    if said is None:
        raise ParseError("no CHOICE line that could be read", text)
    word = said.strip(" \t\n*_`~#>[](){}<.!\"'").upper().removeprefix("ANSWER ")
    if word not in ids:
        raise ParseError(f"the CHOICE line does not name one of {', '.join(ids)}", text)
    return ids.index(word)
