"""Unit test generator: write down what a good answer must satisfy, before any is judged.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, section 3.1: 5 to 10 statements in plain language, one
call. Deviations: numbered lines instead of a Python list (which the published code splits at commas and
apostrophes); with `show_tests`, generators see the tests beside the request, and the caller's message is
not touched (the published code appends them to it). With `execute` the tests are code, see `code_tests.py`.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from itas.components.code_tests import parse_code_tests, render_code_test_writing
from itas.components.reading import Labelled, find_in_line, find_labelled, find_number, label, plain_lines
from itas.components.text import MATERIAL, RandomFor, judge_pieces, render_blocks
from itas.core.candidate import Notes, State
from itas.core.component import Context, ModelId, Preparer
from itas.core.messages import Conversation
from itas.errors import ParseError

PROMPT = """\
Task: write tests.

Write {count} tests by which answers to the request below will be told apart. A test is one statement about \
an answer that somebody who sees only the request and that answer can find true or false. Together the tests \
should cover what decides between a good and a bad answer: the correct result and facts you are sure of, \
each requirement of the request and of the system message, the form asked for, and the mistakes that are \
easily made. Each test checks one thing, none repeats another, and a perfect answer passes all of them. Do \
not demand a particular wording, and do not answer the request.

{material}

{blocks}

Write the tests and nothing else, one on a line, numbered from 1, in this form:
TEST 1: The answer ...
TEST 2: ..."""

FEWEST, MOST = 5, 10

_TEST = label("test", r"\d++")
_BARE = re.compile(r"^[ \t*_]{0,8}(?P<number>\d{1,3})[.)][ \t*_]{1,8}(?=\S)", re.MULTILINE)
_BARE_START = "the answer"
_MOST_BARE = 101
_LONGEST_LIST = 100_000
_LONGEST = 2000


class UnitTestGenerator(Preparer):
    """Finds tests for the unit_test_evaluator, and for the generators too if they are shown.

    Attributes:
        model: Who writes the tests.
        count: How many, exactly; null means 5 to 10, as the model sees fit. With `execute`, at most.
        execute: Write tests that can be run, for an evaluator with ``execute: true``.
        show_tests: Whether the components that write answers see them.
        temperature: 0.7 in the paper; null leaves it to the provider.
        max_tokens: Longest reply.
        attempts: How often to ask until the reply is readable.
        fallback: When none is: ``no_tests`` goes on without, ``error`` raises.
    """

    type: ClassVar = "unit_test_generator"
    needs_candidates: ClassVar[bool] = False

    model: ModelId
    count: int | None = Field(default=None, ge=1, le=100)
    execute: bool = False
    show_tests: bool = False
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 2048
    attempts: PositiveInt = 2
    fallback: Literal["no_tests", "error"] = "no_tests"

    def max_samples(self, n: int) -> int:
        return self.attempts

    def planned_samples(self, n: int) -> int:
        return 1

    def texts_read(self, n: int) -> int:
        return 0

    async def prepare(self, state: State, ctx: Context) -> Notes:
        try:
            return await self._write(state, ctx)
        except ParseError as error:
            if self.fallback == "error":
                raise
            ctx.report("fallback", f"no readable tests, going on without: {error}")
            return Notes()

    async def _write(self, state: State, ctx: Context) -> Notes:
        render = render_code_test_writing if self.execute else render_test_writing
        return await ctx.ask_readable(
            self.model,
            render(state.conversation, ctx.random, count=self.count),
            self._read,
            attempts=self.attempts,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
        )

    def _read(self, reply: str) -> Notes:
        if self.execute:
            return Notes(code_tests=parse_code_tests(reply, self.count), shown=self.show_tests)
        return Notes(parse_tests(reply, self.count), shown=self.show_tests)


def render_test_writing(conversation: Conversation, random: RandomFor, *, count: int | None) -> str:
    """The question for tests."""
    return PROMPT.format(
        count=f"{FEWEST} to {MOST}" if count is None else f"exactly {count}",
        material=MATERIAL,
        blocks=render_blocks(judge_pieces(conversation), random),
    )


def parse_tests(text: str, count: int | None) -> tuple[str, ...]:
    """Read the ``TEST n:`` lines, in the order of their numbers; they may stand in any order. Where there
    is none, the lines ``1. The answer ...``.

    Raises:
        ParseError: Unless the numbers are 1, 2, 3 ... with none missing or twice, none is empty or longer
            than 2000 characters, and there are as many as asked for.
    """
    text_read = plain_lines(text)
    tests: dict[int | None, str] = {}
    has_label = next(find_labelled(text_read, _TEST), None) is not None
    for line in find_labelled(text_read, _TEST) if has_label else _find_bare(text_read):
        number = find_number(line.name)
        statement = find_in_line(text_read, line.end, limit=_LONGEST)
        statement = " ".join((statement or "").strip(" \t*_`").split())
        if number in tests or not any(character.isalnum() for character in statement):
            raise ParseError(f"TEST {line.name[:9]} stands there twice, is empty or too long", text)
        tests[number] = statement
    fewest, most = (FEWEST, MOST) if count is None else (count, count)
    if not fewest <= len(tests) <= most:
        wanted = f"{fewest} to {most}" if count is None else str(count)
        raise ParseError(f"expected {wanted} tests, found {len(tests)}", text)
    if any(number not in tests for number in range(1, len(tests) + 1)):
        raise ParseError(f"the tests are not numbered 1 to {len(tests)}", text)
    return tuple(tests[number] for number in range(1, len(tests) + 1))


def _find_bare(text: str) -> Iterator[Labelled]:
    """The lines of a numbered list of statements about the answer; none if it lists anything else too."""
    lines = [
        Labelled(found["number"], found.start(), found.end())
        for found in islice(_BARE.finditer(text, 0, _LONGEST_LIST), _MOST_BARE)
    ]
    are_tests = all(text[line.end : line.end + len(_BARE_START)].lower() == _BARE_START for line in lines)
    return iter(lines if are_tests else ())
