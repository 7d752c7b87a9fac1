"""Verifier: keep the candidates that a model finds correct after weighing both sides.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, section 3.1: two calls per candidate, reasons and then a
verdict; if nothing is verified, everything goes on. Deviations: the first call argues for and against (the
paper asks only why the answer is right, which invites a yes); a verdict that stays unreadable means "not
verified" and is counted (the published code drops the candidate, or loses its critique); and a verdict names
the id that was drawn for the answer in this prompt, so that a judge who repeats a line `VERDICT: correct` that
stands in an answer has given no verdict.
"""

import re
from typing import ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveInt

from itas.components.first_k import judge_until
from itas.components.reading import (
    find_in_paragraph,
    find_last_labelled,
    find_verdict,
    label,
    normal,
    plain_lines,
)
from itas.components.text import (
    MATERIAL,
    Piece,
    RandomFor,
    has_text,
    judge_pieces,
    make_blocks,
    render_blocks,
)
from itas.core.candidate import Candidate, Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.core.messages import Conversation
from itas.errors import ParseError

REASONS_PROMPT = """\
Task: give reasons.

Somebody else will decide whether the answer below is a correct answer to the request. Collect what they \
need to know. First give the strongest reasons FOR the answer being correct, then the strongest reasons \
AGAINST it. Check every fact and step, recompute results, and go through the requirements of the request one \
by one. Be concrete, give each side its due, and do not decide.

{material}

{blocks}

Write a part 'FOR' and a part 'AGAINST'."""

VERDICT_PROMPT = """\
Task: give a verdict.

Decide whether the answer below is a correct answer to the request: what it states is true, its result is \
right, and it does what the request asks for. Small faults of style do not make it incorrect; a wrong result \
or a missed requirement does. A block labelled 'reasons', if there is one, holds what a model found for and \
against the answer; it may be wrong, so check it.

{material}

{blocks}

Think it through in a few sentences. Then end with the line 'VERDICT {id}: correct' or the line \
'VERDICT {id}: incorrect', word for word; {id} is the id of the answer, and a line without it does not count."""

_VERDICTS = {"correct": True, "incorrect": False}
_LONGEST = 200


class Verifier(Selector):
    """Keeps the candidates with the verdict "correct", in the order they came.

    Attributes:
        model: Who verifies.
        first_k: Stop, and cancel the calls still running, as soon as this many are verified.
        temperature: 0.7 in the paper; null leaves it to the provider.
        max_tokens: Longest reply of each call.
        attempts: How often to ask for a readable verdict.
        fallback: When nothing is verified: ``keep_all`` as in the paper, or ``keep_first``.
    """

    type: ClassVar = "verifier"

    model: ModelId
    first_k: PositiveInt | None = None
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 2048
    attempts: PositiveInt = 2
    fallback: Literal["keep_all", "keep_first"] = "keep_all"

    def max_samples(self, n: int) -> int:
        return n * (1 + self.attempts)

    def planned_samples(self, n: int) -> int:
        return n * 2

    def max_out(self, n: int) -> int:
        if self.fallback == "keep_all" or self.first_k is None:
            return n
        return min(self.first_k, n)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        count = len(state.candidates)

        async def verify(number: int) -> bool:
            return await self._verify(state, number, ctx)

        verdicts = await judge_until(count, verify, bool, self.first_k)
        verified = [number for number in range(count) if verdicts.get(number)]
        if verified or not count:
            return tuple(verified[: self.first_k])
        ctx.report("fallback", f"none of {count} candidates was verified, {self.fallback}")
        return tuple(range(count)) if self.fallback == "keep_all" else (0,)

    async def _verify(self, state: State, number: int, ctx: Context) -> bool:
        candidate = state.candidates[number]
        (reply,) = await ctx.ask(
            self.model,
            render_reasons(state.conversation, candidate, ctx.random),
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )
        if not has_text(reply.text):
            ctx.report("empty", f"reasons for candidate {number}")
        prompt, id = render_verdict(state.conversation, candidate, reply.text, ctx.random)
        try:
            is_correct = await ctx.ask_readable(
                self.model,
                prompt,
                lambda said: parse_verdict(said, id),
                attempts=self.attempts,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
            )
        except ParseError as error:
            ctx.report("fallback", f"candidate {number} counts as not verified: {error}")
            return False
        ctx.mark(number, Mark("verified", float(is_correct), note=reply.text, by=self.model))
        return is_correct


def render_reasons(conversation: Conversation, candidate: Candidate, random: RandomFor) -> str:
    """The question for reasons on both sides."""
    pieces = [*judge_pieces(conversation), ("answer", candidate.text)]
    return REASONS_PROMPT.format(material=MATERIAL, blocks=render_blocks(pieces, random))


def render_verdict(
    conversation: Conversation, candidate: Candidate, reasons: str, random: RandomFor
) -> tuple[str, str]:
    """The question for the verdict, with the reasons if there are any, and the id that the verdict must name."""
    pieces: list[Piece] = [*judge_pieces(conversation), ("answer", candidate.text)]
    if has_text(reasons):
        pieces.append(("reasons", reasons))
    blocks = make_blocks(pieces, random)
    (id,) = (block.id for block in blocks if block.label == "answer")
    shown = "\n\n".join(block.render() for block in blocks)
    return VERDICT_PROMPT.format(material=MATERIAL, blocks=shown, id=id), id


def parse_verdict(text: str, id: str) -> bool:
    """Whether the last ``VERDICT <id>:`` line says correct. A reply of nothing but the word is read too.

    A line without the id, or with another one, is no verdict: an answer can hold it, and a judge can quote it.

    Raises:
        ParseError: Unless exactly ``correct`` or ``incorrect`` stands there.
    """
    text_read = plain_lines(text)
    last = find_last_labelled(text_read, label("verdict", rf"(?:(?:for|on) )?(?:answer )?{re.escape(id)}"))
    if last is not None:
        said = find_in_paragraph(text_read, last.end, limit=_LONGEST)
    else:
        said = normal(text_read) if len(text_read) <= _LONGEST else None
    if said is None:
        raise ParseError(f"no VERDICT {id} line that could be read", text)
    verdict = find_verdict(said, _VERDICTS)
    if verdict is None:
        raise ParseError(f"the verdict on {id} is neither 'correct' nor 'incorrect'", text)
    return verdict
