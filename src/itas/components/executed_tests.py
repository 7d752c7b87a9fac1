"""Executed tests: order the candidates by how their code fares in the sandbox.

Source: Chen et al. 2022, arXiv:2207.10397 (CodeT), section 2: candidates that pass exactly the same tests are a
consensus set, and a set is scored by |candidates| x |tests passed|. A test that nobody passes counts for nobody; of
tests that contradict each other no candidate passes both, so the side with more agreement decides. The authors'
code takes the square root of |candidates| and counts a test as often as it was written; here each distinct test
counts once. Identical code is run once and counts as often as it was drawn.
"""

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Literal

from itas.components.code_tests import find_entry_point
from itas.core.candidate import Mark, State
from itas.core.code import extract_code
from itas.core.component import Context
from itas.core.concurrency import side_by_side
from itas.core.execution import CodeLimits, CodeOutcome, CodeTest

Scoring = Literal["agreement", "agreement_sqrt", "count"]

_SHOWN_FAILURES = 10
_SHOWN_CHARACTERS = 200


async def order_by_execution(
    state: State, ctx: Context, *, scoring: Scoring, limits: CodeLimits
) -> tuple[int, ...]:
    """All candidates, best first; marks each with the share of tests it passed.

    A candidate without code passes nothing, and is counted as unreadable. Where there is nothing to choose by (no
    tests, or no candidate passes any), the order stays, and that is counted.

    Raises:
        SandboxError: The code could not be run safely; nothing is concluded.
    """
    tests = state.notes.code_tests
    count = len(state.candidates)
    if not tests:
        ctx.report("fallback", "there are no tests that can be run, the order stays as it was")
        return tuple(range(count))
    entry_point = find_entry_point(tests)
    codes = [extract_code(candidate.text, entry_point=entry_point) for candidate in state.candidates]
    for number, code in enumerate(codes):
        if code is None:
            ctx.report("unreadable", f"candidate {number} holds no code")
    outcomes = await _run(codes, tests, ctx, limits)
    passed = [frozenset[int]() if code is None else find_passed(outcomes[code]) for code in codes]
    if not any(passed):
        ctx.report("fallback", "no candidate passes any test, the order stays as it was")
    scores = score_candidates(passed, scoring)
    for number, code in enumerate(codes):
        ctx.mark(number, _mark(tests, None if code is None else outcomes[code], passed, number))
    return order_by_score(scores, passed)


async def _run(
    codes: Sequence[str | None], tests: Sequence[CodeTest], ctx: Context, limits: CodeLimits
) -> dict[str, tuple[CodeOutcome, ...]]:
    distinct = list(dict.fromkeys(code for code in codes if code is not None))
    found = await side_by_side([ctx.check_code(code, tests, limits=limits) for code in distinct])
    return dict(zip(distinct, found, strict=True))


def find_passed(outcomes: Sequence[CodeOutcome]) -> frozenset[int]:
    """The numbers of the tests that were passed."""
    return frozenset(number for number, outcome in enumerate(outcomes) if outcome.passed)


def score_candidates(passed: Sequence[frozenset[int]], scoring: Scoring) -> tuple[float, ...]:
    """The score of each candidate, by the tests it passed.

    ==================  ==================================================================
    ``agreement``       |candidates that pass exactly these tests| x |these tests|
    ``agreement_sqrt``  the same with the square root of the first, as in the authors' code
    ``count``           |these tests|
    ==================  ==================================================================
    """
    sizes = Counter(passed)
    weights: dict[frozenset[int], float] = {
        tests: {"agreement": size, "agreement_sqrt": sqrt(size), "count": 1}[scoring]
        for tests, size in sizes.items()
    }
    return tuple(weights[tests] * len(tests) for tests in passed)


def order_by_score(scores: Sequence[float], passed: Sequence[frozenset[int]]) -> tuple[int, ...]:
    """Numbers by score, highest first; of equal scores more tests first, then as they came."""
    return tuple(sorted(range(len(scores)), key=lambda number: (-scores[number], -len(passed[number]))))


def _mark(
    tests: Sequence[CodeTest],
    outcomes: Sequence[CodeOutcome] | None,
    passed: Sequence[frozenset[int]],
    number: int,
) -> Mark:
    if outcomes is None:
        return Mark("test", 0.0, note="no code was found", by="execution")
    own = passed[number]
    lines = [f"passes {len(own)} of {len(tests)} tests, as do {passed.count(own) - 1} others"]
    failed = [pair for pair in zip(tests, outcomes, strict=True) if not pair[1].passed]
    lines += [
        f"{outcome.verdict}: {_short(test.text)} {_short(outcome.detail)}".rstrip()
        for test, outcome in failed[:_SHOWN_FAILURES]
    ]
    return Mark("test", len(own) / len(tests), note="\n".join(lines), by=f"execution ({outcomes[0].tier})")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."
