"""Critic: write down the strengths and weaknesses of every candidate.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, section 3.1: one question for all candidates. Deviations:
random order and ids; a reply counts only if it has exactly one critique with both parts for every answer.
"""

import re
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveInt

from itas.components.reading import Labelled, find_labelled, heading, label, plain_lines
from itas.components.text import MATERIAL, RandomFor, render_answers
from itas.core.candidate import State
from itas.core.component import Annotator, Context, ModelId
from itas.errors import ParseError

PROMPT = """\
Task: criticise the answers.

Examine each of the {count} answers below on its own merits, so that somebody who must choose among them, or \
write a better one, knows what to rely on. Strengths are what is correct, needed and well done. Weaknesses \
are errors (say what is right instead), missing parts, requirements of the request that are not met, and \
text that does not help. Check facts and recompute results; be concrete and quote where it matters. If \
there is nothing to name, write 'none'. Do not compare the answers with each other and do not mention ids \
inside a critique: each critique will be read beside its own answer only.

{material}

{blocks}

Reply with one critique for each of the ids {ids}, in this order, each exactly once, in this form and with \
nothing before or after:
CRITIQUE id:
Strengths:
- ...
Weaknesses:
- ..."""

_CRITIQUE = label("critique", r"[^\W_]{1,24}+")
_LONGEST_WITHOUT_COLONS = 200_000
_CRITIQUE_HEADING = heading("critique", r"[^\W_]{1,24}+")
_STRENGTHS = re.compile(r"^[ \t>*_#`•\[(-]{0,16}strengths?\b", re.MULTILINE | re.IGNORECASE)
_WEAKNESSES = re.compile(r"^[ \t>*_#`•\[(-]{0,16}weakness(?:es)?\b", re.MULTILINE | re.IGNORECASE)


class Critic(Annotator):
    """Gives every candidate a critique; the candidates stay as they are.

    Attributes:
        model: Who criticises.
        temperature: 0.7 in the paper; null leaves it to the provider.
        max_tokens: Longest reply, all critiques together.
        attempts: How often to ask until the reply is readable.
        fallback: When none is: ``no_critiques`` goes on without (every critique is empty), ``error`` raises.
    """

    type: ClassVar = "critic"
    reads_all: ClassVar[bool] = True

    model: ModelId
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 8192
    attempts: PositiveInt = 2
    fallback: Literal["no_critiques", "error"] = "no_critiques"

    def max_samples(self, n: int) -> int:
        return self.attempts if n else 0

    def planned_samples(self, n: int) -> int:
        return 1 if n else 0

    async def annotate(self, state: State, ctx: Context) -> tuple[str, ...]:
        if not state.candidates:
            return ()
        prompt, ids = render_criticism(state, ctx.random)
        try:
            return await ctx.ask_readable(
                self.model,
                prompt,
                lambda reply: parse_critiques(reply, ids),
                attempts=self.attempts,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
            )
        except ParseError as error:
            if self.fallback == "error":
                raise
            ctx.report("fallback", f"no readable critiques, going on without: {error}")
            return tuple("" for _ in ids)


def render_criticism(state: State, random: RandomFor) -> tuple[str, tuple[str, ...]]:
    """The prompt, and the id that each candidate has in it."""
    sheet = render_answers(state.conversation, state.candidates, random, with_critiques=False)
    prompt = PROMPT.format(
        count=len(sheet.ids), material=MATERIAL, blocks=sheet.text, ids=", ".join(sheet.shown)
    )
    return prompt, sheet.ids


def parse_critiques(text: str, ids: Sequence[str]) -> tuple[str, ...]:
    """Read one critique per id, in the order of `ids`; they may stand in any order.

    Raises:
        ParseError: Unless each id has exactly one critique, with strengths and weaknesses.
    """
    text_read = plain_lines(text)
    heads = list(islice(find_labelled(text_read, _CRITIQUE), len(ids) + 1))
    if not heads and len(text_read) <= _LONGEST_WITHOUT_COLONS:
        heads = list(islice(find_labelled(text_read, _CRITIQUE_HEADING), len(ids) + 1))
    if sorted(head.name for head in heads) != sorted(ids):
        named = ", ".join(head.name for head in heads) or "none"
        raise ParseError(f"expected one critique for each of {', '.join(ids)}, found {named}", text)
    ends = [*heads[1:], Labelled("", len(text_read), len(text_read))]
    sections = {
        head.name: text_read[head.end : after.start].strip(" \t\n*_`#-")
        for head, after in pairwise([*heads, ends[-1]])
    }
    for id, section in sections.items():
        if not (_STRENGTHS.search(section) and _WEAKNESSES.search(section)):
            raise ParseError(f"the critique of {id} lacks strengths or weaknesses", text)
    return tuple(sections[id] for id in ids)
