"""Verdicts: honest work passes, nothing else does."""

# ruff: noqa: E501 - programs stand on one line

import asyncio
import subprocess
import sys

import pytest

from itas.core.execution import CallTest, CodeLimits, InputTest
from itas.sandbox import SAFE_TIERS, Sandbox
from tests.sandbox.cheats import CHEATS, HONEST, TESTS

LIMITS = CodeLimits(cpu_s=2, memory_mb=512)


def test_there_are_many_cheats():
    assert len(CHEATS) >= 60


async def test_no_cheat_passes_and_honest_work_does():
    async with Sandbox() as sandbox:
        (honest,) = await sandbox.check(HONEST, [CallTest(code=TESTS)], limits=LIMITS)
        outcomes = await asyncio.gather(*[
            sandbox.check(code, [CallTest(code=TESTS)], limits=LIMITS) for code in CHEATS.values()
        ])  # fmt: skip
    assert honest.passed
    assert honest.tier in SAFE_TIERS
    assert [name for name, (outcome,) in zip(CHEATS, outcomes, strict=True) if outcome.passed] == []


def test_the_cheats_fool_graders_in_one_process():
    """The control: exit codes and printed words are fooled by many of the same programs."""
    fooled = set()
    for name in ("exit at import", "system exit in the call", "always equal", "equal integer", "equal list",
                 "prints passed and exits", "exception hook", "a class in place of the function"):  # fmt: skip
        program = f"{CHEATS[name]}\n{TESTS}\nprint('passed')"
        done = subprocess.run(
            [sys.executable, "-I", "-c", program], capture_output=True, check=False, timeout=20
        )
        if done.returncode == 0 or b"passed" in done.stdout:
            fooled.add(name)
    assert len(fooled) == 8


@pytest.mark.parametrize("name", ["always equal", "equal integer", "a class in place of the function"])
async def test_the_weak_form_can_be_fooled_and_says_so(name: str):
    """That is why it is only used where the tests cannot work otherwise, and only on request."""
    async with Sandbox(weak=True) as sandbox:
        (outcome,) = await sandbox.check(CHEATS[name], [CallTest(code=TESTS)], limits=LIMITS)
    assert outcome.passed == outcome.is_weak
    if name != "a class in place of the function":
        assert not outcome.passed, "a candidate's result must not choose the weak form"


CLASSES = (
    "class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n"
)
CLASS_TEST = "s = Stack()\ns.push(1)\nassert s.items == [1]"


async def test_tests_that_need_the_candidates_classes_are_an_error_unless_the_weak_form_is_asked_for():
    async with Sandbox() as strict, Sandbox(weak=True) as weak:
        (refused,) = await strict.check(CLASSES, [CallTest(code=CLASS_TEST)])
        (marked,) = await weak.check(CLASSES, [CallTest(code=CLASS_TEST)])
        (wrong,) = await weak.check(CLASSES.replace("append(x)", "clear()"), [CallTest(code=CLASS_TEST)])
    assert refused.verdict == "error"
    assert "cannot be judged from another process" in refused.detail
    assert marked.passed
    assert marked.is_weak
    assert wrong.verdict == "failed"
    assert wrong.is_weak


VALUES = [
    "None", "True", "0", "-1", "2 ** 53", "-(2 ** 200)", "10 ** 5000", "0.1", "1e308", "float('inf')", "-0.0",
    "1 + 2j", "''", "'é\\n\\x00\\ud800'", "b'\\x00\\xff'", "bytearray(b'a')", "[]", "[1, [2, [3]]]", "()", "(1, (2,))",
    "{1, 2}", "frozenset({1})", "{}", "{(1, 2): [3], None: {4}}", "range(1, 10, 2)", "int", "...",
]  # fmt: skip


async def test_values_cross_without_loss():
    code = "def same(x):\n    return x\n"
    test = "\n".join(
        f"v = {value}\nr = same(v)\nassert r == v and type(r) is type(v) and repr(r) == repr(v), {value!r}"
        for value in VALUES
        if "5000" not in value
    )
    test += "\nassert same(10 ** 5000) == 10 ** 5000\nnan = same(float('nan'))\nassert nan != nan"
    async with Sandbox() as sandbox:
        (outcome,) = await sandbox.check(code, [CallTest(code=test)])
    assert outcome.passed, outcome


HONEST_CODE = [
    ("def grow(x):\n    x.append(1)", "a = [0]\ngrow(a)\nassert a == [0, 1]"),
    ("def grow(x):\n    x[0].append(1)", "a = [[]]\ngrow(a)\nassert a == [[1]]"),
    ("def put(d, k):\n    d[k] = 1", "d = {}\nput(d, k=2)\nassert d == {2: 1}"),
    ("def f(x):\n    raise KeyError('k')", "try:\n    f(1)\n    assert False\nexcept KeyError:\n    pass"),
    ("class E(ValueError): pass\ndef f():\n    raise E('k')", "try:\n    f()\n    assert False\nexcept ValueError:\n    pass"),
    ("def f():\n    yield from range(3)", "assert list(f()) == [0, 1, 2]\nassert next(f()) == 0"),
    ("from collections import Counter\ndef f(s):\n    return Counter(s)", "assert f('aab') == {'a': 2, 'b': 1}"),
    ("from collections import namedtuple as n\nP = n('P', 'x y')\ndef f():\n    return P(1, 2)", "assert f() == (1, 2)"),
    ("def f(d):\n    return d.keys()", "assert f({1: 2}) == {1}"),
    ("LIMIT = 7", "assert LIMIT == 7"),
    ("import math\ndef f(x): return math.sqrt(x)", "assert math.isclose(f(2) ** 2, 2)"),
    ("def g(x): return x + 1\ndef f(h, x): return h(x)", "assert f(g, 1) == 2"),
    ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'int'\ndef f(): return P(3).x", "assert f() == 3"),
    ("def f(x):\n    return abs(x)\nif __name__ == '__main__':\n    raise SystemExit", "assert f(-1) == 1"),
    ("import sys\nsys.setrecursionlimit(10 ** 6)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)", "assert f(20_000) == 20_000"),
]  # fmt: skip


async def test_honest_code_of_many_kinds_passes():
    async with Sandbox() as sandbox:
        outcomes = await asyncio.gather(*[
            sandbox.check(code, [CallTest(code=test)]) for code, test in HONEST_CODE
        ])  # fmt: skip
    for (code, _), (outcome,) in zip(HONEST_CODE, outcomes, strict=True):
        assert outcome.passed, (code, outcome)


async def test_setup_is_the_testers_own_and_a_candidate_cannot_redefine_it():
    setup = "def double(x):\n    return 2 * x\n"
    cheat = "def double(x):\n    return 0\ndef f(x):\n    return 0\n"
    async with Sandbox(workers=1) as sandbox:
        outcomes = await sandbox.check(cheat, [CallTest(code="assert f(3) == double(3)")], setup=setup)
    assert outcomes[0].verdict == "failed"


async def test_a_built_in_name_is_the_candidates_only_where_it_is_an_entry_point():
    code = "def sum(a, b):\n    return a + b\n"
    test = [CallTest(code="assert sum(1, 2) == 3")]
    async with Sandbox(workers=1) as sandbox:
        (plain,) = await sandbox.check(code, test)
        (named,) = await sandbox.check(code, test, entry_points=["sum"])
    assert plain.verdict == "error"
    assert named.passed


async def test_a_test_that_expects_an_exception_is_not_passed_by_leaving():
    test = [CallTest(code="try:\n    f(1)\nexcept Exception:\n    pass\nelse:\n    assert False")]
    async with Sandbox(workers=1) as sandbox:
        for body in (
            "import os; os._exit(0)",
            "raise SystemExit",
            "return object()",
            "return 'x' * (9 << 20)",
        ):
            (outcome,) = await sandbox.check(f"def f(x):\n    {body}\n", test)
            assert not outcome.passed, body
        (honest,) = await sandbox.check("def f(x):\n    raise ValueError\n", test)
    assert honest.passed


async def test_nothing_of_one_test_is_left_for_the_next():
    code = "calls = []\ndef f():\n    calls.append(1)\n    return len(calls)\n"
    async with Sandbox(workers=1) as sandbox:
        outcomes = await sandbox.check(code, [CallTest(code="assert f() == 1")] * 3)
    assert all(outcome.passed for outcome in outcomes)


PROGRAMS = [
    ("print(int(input()) + 1)", "1\n", "2", "passed"),
    ("print(int(input()) + 1)", "1\n", "3", "failed"),
    ("print('a  \\n b \\n\\n')", "", "a\n b", "passed"),
    ("import sys\nfor line in sys.stdin: print(line.strip()[::-1])", "ab\ncd\n", "ba\ndc\n", "passed"),
    ("print(open(0).read())", "x", "x", "passed"),
    ("import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())", "é", "é", "passed"),
    ("print(1)\nexit()", "", "1", "passed"),
    ("print(1)\nimport sys\nsys.exit(3)", "", "1", "error"),
    ("print(1)\nraise ValueError('no')", "", "1", "error"),
    ("import os\nprint(1, flush=True)\nos._exit(0)", "", "1", "passed"),
    ("import os\nos._exit(0)", "", "1", "failed"),
    ("import os\nos.abort()", "", "1", "crash"),
    ("import atexit\natexit.register(print, 1)", "", "1", "passed"),
    ("import threading\nthreading.stack_size(256 << 20)\nt = threading.Thread(target=lambda: print(1))\nt.start()", "", "1", "passed"),
    ("import asyncio\nasync def f(): print(1)\nasyncio.run(f())", "", "1", "passed"),
    ("def main():\n    print(1)\nif __name__ == '__main__':\n    main()", "", "1", "passed"),
    ("print(1 / 0)", "", "", "error"),
    ("x = [0] * (1 << 40)", "", "", "memory"),
    ("print('x' * (3 << 20))", "", "x", "output"),
    ("import sys\nwhile True: sys.stderr.write('x' * 1000)", "", "x", "output"),
    ("while True: pass", "", "", "timeout"),
    ("import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", "", "", "timeout"),
    ("import ctypes\nctypes.string_at(0)", "", "", "crash"),
    ("def", "", "", "error"),
]  # fmt: skip


async def test_a_program_is_judged_by_what_it_prints_and_how_it_ends():
    limits = CodeLimits(cpu_s=1, memory_mb=600, output_kb=1024)
    async with Sandbox() as sandbox:
        outcomes = await asyncio.gather(*[
            sandbox.check(code, [InputTest(stdin=stdin, expected=expected)], limits=limits)
            for code, stdin, expected, _ in PROGRAMS
        ])  # fmt: skip
    for (code, *_, verdict), (outcome,) in zip(PROGRAMS, outcomes, strict=True):
        assert outcome.verdict == verdict, (code, outcome)
        assert outcome.cpu_s < 3


BAD_ENDS = [
    ("def f():\n    while True: pass", "timeout"),
    ("while True: pass", "timeout"),
    ("def f():\n    return bytearray(1 << 40)", "memory"),
    ("def f():\n    return [0] * (60 << 20)", "memory"),
    ("def f():\n    import ctypes; ctypes.string_at(0)", "crash"),
    ("def f():\n    import os; os._exit(0)", "crash"),
    ("def f():\n    return 'x' * (9 << 20)", "output"),
    ("def f():\n    return 1 / 0", "error"),
    ("def f():\n    return 2", "failed"),
    ("import nothing_of_that_name", "error"),
]  # fmt: skip


async def test_a_function_that_ends_badly_has_the_verdict_of_its_kind():
    limits = CodeLimits(cpu_s=1, memory_mb=400)
    test = CallTest(code="assert f() == 1")
    async with Sandbox() as sandbox:
        outcomes = await asyncio.gather(*[sandbox.check(code, [test], limits=limits) for code, _ in BAD_ENDS])
    for (code, verdict), (outcome,) in zip(BAD_ENDS, outcomes, strict=True):
        assert outcome.verdict == verdict, (code, outcome)


async def test_many_threads_fit_into_the_memory_that_is_allowed():
    code = (
        "import threading\nout = []\ndef work(i):\n    out.append(len('x' * 10000) + i)\n"
        "ts = [threading.Thread(target=work, args=(i,)) for i in range(40)]\n"
        "[t.start() for t in ts]\n[t.join() for t in ts]\nprint(len(out))\n"
    )
    async with Sandbox(workers=1) as sandbox:
        (outcome,) = await sandbox.check(code, [InputTest(stdin="", expected="40")], limits=LIMITS)
    assert outcome.passed, outcome


async def test_hashes_are_the_same_in_every_run():
    test = [InputTest(stdin="", expected="")]
    code = "print(hash('a'), list({'a', 'b', 'c', 'd', 'e'}))"
    details: set[str] = set()
    for _ in range(3):
        async with Sandbox(workers=1) as sandbox:
            (outcome,) = await sandbox.check(code, test)
        details.add(outcome.detail)
    assert len(details) == 1


async def test_text_of_the_candidate_in_a_detail_can_always_be_written():
    code = "def f():\n    raise ValueError('\\ud800\\x00\\x1b[31m' * 1000)\n"
    async with Sandbox(workers=1) as sandbox:
        (outcome,) = await sandbox.check(code, [CallTest(code="f()")])
    assert outcome.verdict == "error"
    assert len(outcome.model_dump_json().encode()) < 1000
    assert "\x1b" not in outcome.detail
