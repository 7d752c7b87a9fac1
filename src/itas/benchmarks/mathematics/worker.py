"""The process that compares formulas: run as a file, without the rest of the program.

Reads ``["gold", "given"]`` a line, writes ``true``, ``false`` or ``null``. The formulas go through a LaTeX
grammar (latex2sympy2_extended). That library hands the numbers it finds to ``sympify``, which evaluates text
as Python; here they go to a reader of numbers instead. Should any part of the libraries still hand a text to
Python's evaluator, start a program, open a socket or write a file, the audit hook ends the process first. The
parent kills it when it takes too long.
"""

import json
import os
import re
import resource
import sys
from collections.abc import Callable
from typing import Any

_FORBIDDEN = (
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.spawn",
    "socket.",
    "pty.",
    "ctypes.dlopen",
)
_POLYNOMIALS = os.path.join("sympy", "polys", "monomials.py")  # noqa: PTH118 - the end of a name, not a file
_WARM_UP = (
    "\\sqrt{2}+x", "[1, 2) \\cup (3, \\infty)", "\\int_0^1 x dx", "\\sum_{k=1}^{3} k", "\\lim_{x \\to 0} x",
    "x > 5 + y", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "x^2 = y", "\\frac{d}{dx} x^2", "\\{1, 2\\}",
    "\\log_2 8", "\\binom{5}{2}",
)  # fmt: skip
_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError, NotImplementedError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What the libraries raise on a text that they cannot read. Another one ends the process: no verdict."""
_MEMORY_BYTES = 2 << 30


def main() -> None:
    """Answer until the parent closes the pipe."""
    verify = _load()
    _wall_in()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        gold, given = json.loads(line)
        verdict = _decide(verify, gold, given)
        sys.stdout.write(json.dumps(verdict) + "\n")
        sys.stdout.flush()


def _load() -> Callable[[str, str], bool | None]:
    import logging

    import sympy.parsing.sympy_parser  # pyright: ignore[reportMissingTypeStubs]
    from math_verify import LatexExtractionConfig, parse, verify  # pyright: ignore[reportMissingTypeStubs]

    logging.disable()
    sympy.parsing.sympy_parser.parse_expr = _read_number
    reader: list[Any] = [LatexExtractionConfig(boxed_match_priority=0)]

    read_latex: Any = parse

    def same(gold: str, given: str) -> bool | None:
        read: list[Any] = [
            read_latex(
                f"\\boxed{{{text}}}",
                reader,
                fallback_mode="no_fallback",
                parsing_timeout=None,
            )
            for text in (gold, given)
        ]
        if not read[0] or not read[1]:
            return None
        return bool(verify(read[0], read[1], float_rounding=12, timeout_seconds=None))

    for (
        text
    ) in _WARM_UP:  # loads what the libraries load late, which would otherwise look like code of a text
        _decide(same, "\\frac{1}{2}", text)
    return same


def _read_number(text: str, *_arguments: Any, **_named: Any) -> Any:
    """In place of sympy's ``parse_expr``: a number, or nothing."""
    from sympy import Rational  # pyright: ignore[reportMissingTypeStubs]

    if re.fullmatch(r"\s*[-+]?(?:[0-9]{1,1000}(?:\.[0-9]{0,1000})?|\.[0-9]{1,1000})\s*", text) is None:
        raise ValueError("not a number")
    return Rational(text.strip())


def _decide(verify: Callable[[str, str], bool | None], gold: str, given: str) -> bool | None:
    try:
        return verify(gold, given)
    except _FAULTS:
        return None


def _wall_in() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    is_code_of_text = event == "exec" and arguments[0].co_filename == "<string>" and not _is_of_polynomials()
    is_writing = event == "open" and any(mark in str(arguments[1]) for mark in "wax+")
    if is_code_of_text or is_writing or event.startswith(_FORBIDDEN):
        os._exit(70)


def _is_of_polynomials() -> bool:
    """sympy's rings write their own multiplication as code, out of the number of variables and nothing else."""
    return sys._getframe(2).f_code.co_filename.endswith(_POLYNOMIALS)  # pyright: ignore[reportPrivateUsage]


if __name__ == "__main__":
    main()
