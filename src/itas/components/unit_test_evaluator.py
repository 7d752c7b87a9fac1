"""Unit test evaluator: order the candidates by the share of tests that a model finds passed, or by running them.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254, section 3.1: one call per candidate, all tests in it; the
tests are judged, not run. Deviations: every finding stays with its candidate (in the published code one
failed evaluation shifts all later scores); a verdict is the word ``pass`` or ``fail`` alone ("does not pass"
is none); ties keep the order of the input (there: reverse alphabetical). With `execute` the tests are run and
nobody is asked, see `executed_tests.py`.
"""

import re
from collections.abc import Sequence
from typing import ClassVar, Self

from pydantic import NonNegativeFloat, PositiveInt, model_validator

from itas.components.executed_tests import Scoring, order_by_execution
from itas.components.first_k import judge_until
from itas.components.reading import find_in_line, find_labelled, find_number, find_verdict, label, plain_lines
from itas.components.text import MATERIAL, RandomFor, judge_pieces, make_blocks
from itas.core.candidate import Candidate, Mark, State
from itas.core.component import Context, ModelId, Selector
from itas.core.execution import CodeLimits
from itas.core.messages import Conversation
from itas.errors import ParseError

PROMPT = """\
Task: judge tests.

Decide for each of the {count} tests below whether the answer passes it, that is, whether the statement in \
the block labelled 'test' is true of the answer. Judge what the answer says, not what it claims about \
itself: an answer that states that it passes has not passed for that. If you cannot find that the statement \
is true, the test is failed.

{material}

{blocks}

First go through the tests in a few words each. Then end with exactly {count} lines, one for each test from \
1 to {count}, with the word 'pass' or 'fail' and nothing else behind the colon, in this form:
{form}"""

_TEST = label("test", r"\d++")
_VERDICTS = {"pass": True, "passed": True, "fail": False, "failed": False}
_DASH = re.compile(r"\s(?:--?|–|—)\s")
_MAY_TURN = re.compile(
    r"n't\b|\b(?:not?|never|without|lacks?|miss(?:es|ing)?|pass\w*|fail\w*|wrong|incorrect|false|but|however|though|although|"
    r"yet|except|unless|if|actually|only|part(?:ly|ially)?|almost|nearly|wait|cannot|unclear)\b|\?",
    re.IGNORECASE,
)
_LONGEST = 300
_MOST_LINES = 10


class UnitTestEvaluator(Selector):
    """Orders the candidates by tests passed, best first; ties keep the order of the input.

    A candidate whose evaluation stays unreadable is unjudged: it gets no mark, is counted as a fallback,
    and stands after the judged ones. Without tests nobody is judged, nothing is asked, and that is counted.

    Attributes:
        model: Who judges; none with `execute`.
        execute: Run the code of the candidates against the tests, in the sandbox, instead of asking a model.
        scoring: With `execute`: ``agreement`` of candidates and tests (CodeT), ``agreement_sqrt`` as in its
            authors' code, or the ``count`` of tests passed; see `executed_tests.score_candidates`.
        limits: With `execute`: what the run of one test may take.
        top_k: How many go on; null keeps all, ordered.
        first_k: As soon as this many have passed every test, cancel the calls still running and keep these.
        temperature: 0.7 in the paper; null leaves it to the provider.
        max_tokens: Longest reply.
        attempts: How often to ask, for each candidate, until the reply is readable.
    """

    type: ClassVar = "unit_test_evaluator"
    needs_tests: ClassVar[bool] = True

    model: ModelId | None = None
    execute: bool = False
    scoring: Scoring = "agreement"
    limits: CodeLimits = CodeLimits(cpu_s=2.0)
    top_k: PositiveInt | None = None
    first_k: PositiveInt | None = None
    temperature: NonNegativeFloat | None = 0.7
    max_tokens: PositiveInt | None = 2048
    attempts: PositiveInt = 2

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.execute:
            if self.model is not None:
                raise ValueError(
                    "with 'execute: true' the tests are run and nobody is asked; leave out 'model'"
                )
            if self.first_k is not None:
                raise ValueError("'first_k' saves calls of a model; with 'execute: true' use 'top_k'")
        elif self.model is None:
            raise ValueError("'model' is required: who judges? Or say 'execute: true' to run the tests")
        return self

    @property
    def runs_code(self) -> bool:
        return self.execute

    def max_samples(self, n: int) -> int:
        return 0 if self.execute else n * self.attempts

    def planned_samples(self, n: int) -> int:
        return 0 if self.execute else n

    def texts_read(self, n: int) -> int:
        return 0 if self.execute else min(n, 1)

    def max_out(self, n: int) -> int:
        return n if self.top_k is None else min(self.top_k, n)

    async def select(self, state: State, ctx: Context) -> tuple[int, ...]:
        if self.execute:
            order = await order_by_execution(state, ctx, scoring=self.scoring, limits=self.limits)
            return order[: self.top_k]
        count, tests = len(state.candidates), state.notes.tests
        if not tests:
            ctx.report("fallback", "there are no tests, the order stays as it was")
            return tuple(range(self.max_out(count)))

        async def judge(number: int) -> float | None:
            return await self._judge(state, number, ctx)

        shares = await judge_until(count, judge, lambda share: share == 1.0, self.first_k)
        perfect = [number for number in range(count) if shares.get(number) == 1.0]
        if self.first_k is not None and len(perfect) >= self.first_k:
            return tuple(perfect[: self.first_k][: self.top_k])
        return order_by_share([shares[number] for number in range(count)])[: self.top_k]

    async def _judge(self, state: State, number: int, ctx: Context) -> float | None:
        tests = state.notes.tests
        model = self.model or ""  # never empty here, see `_one_form`
        try:
            verdicts = await ctx.ask_readable(
                model,
                render_test_judging(state.conversation, state.candidates[number], tests, ctx.random),
                lambda reply: parse_test_verdicts(reply, len(tests)),
                attempts=self.attempts,
                temperature=self.temperature,
                max_tokens=self.max_tokens,
            )
        except ParseError as error:
            ctx.report("fallback", f"candidate {number} is unjudged and stands after the judged: {error}")
            return None
        share = sum(verdicts) / len(verdicts)
        failed = [test for test, passed in zip(tests, verdicts, strict=True) if not passed]
        note = "".join(f"failed: {test}\n" for test in failed).rstrip("\n")
        ctx.mark(number, Mark("test", share, note=note, by=model))
        return share


def order_by_share(shares: Sequence[float | None]) -> tuple[int, ...]:
    """Indices by share, highest first; ties as they came, unjudged ones (None) last."""
    return tuple(
        sorted(range(len(shares)), key=lambda index: 1.0 if (share := shares[index]) is None else -share)
    )


def render_test_judging(
    conversation: Conversation, candidate: Candidate, tests: Sequence[str], random: RandomFor
) -> str:
    """The question for the verdicts on one answer; the tests stand in their order."""
    pieces = [*judge_pieces(conversation), ("answer", candidate.text), *(("test", test) for test in tests)]
    blocks = make_blocks(pieces, random)
    first = len(blocks) - len(tests)
    parts = [block.render() for block in blocks[:first]]
    parts += [f"TEST {number}:\n{block.render()}" for number, block in enumerate(blocks[first:], start=1)]
    form = "\n".join(f"TEST {number}: pass or fail" for number in range(1, len(tests) + 1))
    return PROMPT.format(count=len(tests), material=MATERIAL, blocks="\n\n".join(parts), form=form)


def parse_test_verdicts(text: str, count: int) -> tuple[bool, ...]:
    """Read a ``TEST n: pass`` or ``TEST n: fail`` line for each test, in any order.

    Lines of a test with other words are reasons, and may stand before its verdict, not after it. Where a test has
    no other line, ``pass - reason`` counts too, unless the reason has a word that may turn it.

    Raises:
        ParseError: Unless each of the tests 1..count has exactly one verdict.
    """
    text_read = plain_lines(text)
    verdicts: dict[int, bool] = {}
    explained: dict[int, bool | None] = {}
    for index, line in enumerate(find_labelled(text_read, _TEST)):
        if index >= _MOST_LINES * count:
            raise ParseError(f"more than {_MOST_LINES} TEST lines for each of {count} tests", text)
        number = find_number(line.name)
        if number is None or not 1 <= number <= count:
            raise ParseError(f"there is no TEST {line.name[:9]}, only 1 to {count}", text)
        if number in verdicts:
            raise ParseError(f"TEST {number} has something after its verdict", text)
        said = find_in_line(text_read, line.end, limit=_LONGEST)
        verdict = find_verdict(said or "", _VERDICTS)
        if verdict is not None:
            verdicts[number] = verdict
        explained[number] = None if number in explained else _find_explained(said or "")
    verdicts = {number: verdict for number, verdict in explained.items() if verdict is not None} | verdicts
    missing = [str(number) for number in range(1, count + 1) if number not in verdicts]
    if missing:
        raise ParseError(f"no verdict on TEST {', '.join(missing)}", text)
    return tuple(verdicts[number] for number in range(1, count + 1))


def _find_explained(said: str) -> bool | None:
    """The verdict of ``pass - reason``, if the reason cannot turn it."""
    word, *reason = _DASH.split(said, maxsplit=1)
    return find_verdict(word, _VERDICTS) if reason and not _MAY_TURN.search(reason[0]) else None
