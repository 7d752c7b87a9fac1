"""Running code nobody trusts: what components and scorers may ask for, whoever runs it.

The runner decides nothing about answers: it says of every test whether it passed, and if not, how it ended.
"Could not be run safely" is an error, never a verdict.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from itas.core.spec import Spec

CodeVerdict = Literal["passed", "failed", "error", "timeout", "memory", "output", "crash"]
"""failed: ran, and the test said no; error: an exception; timeout, memory, output: a limit; crash: a signal or
an early end."""


class CallTest(Spec):
    """Python statements with assertions about what the code defines, for instance ``assert add(1, 2) == 3``."""

    kind: Literal["call"] = "call"
    code: str

    @property
    def text(self) -> str:
        """The test for people and models."""
        return self.code


class InputTest(Spec):
    """The code as a program: what it reads from standard input, and what it must print.

    Outputs are compared line by line without blanks at the ends of lines and of the text.

    Attributes:
        stdin: What it reads.
        expected: What it must print.
        tolerance: Numbers that are expected with a decimal point or an exponent may differ by so much of their
            size (or of 1, for smaller ones), and blanks between them do not count; None for exact texts.
    """

    kind: Literal["input"] = "input"
    stdin: str
    expected: str
    tolerance: PositiveFloat | None = Field(default=None, exclude_if=lambda tolerance: tolerance is None)

    @property
    def text(self) -> str:
        """The test for people and models."""
        return f"Given this input:\n{self.stdin}\nthe program prints:\n{self.expected}"


CodeTest = Annotated[CallTest | InputTest, Field(discriminator="kind")]


class CodeLimits(Spec):
    """What one test may use.

    Attributes:
        cpu_s: Seconds of CPU time; the judge. Wall time only stops what sleeps.
        memory_mb: Address space.
        output_kb: Bytes written to standard output and error, each, in 1,024s.
    """

    cpu_s: PositiveFloat = 5.0
    memory_mb: PositiveInt = 1024
    output_kb: PositiveInt = 1024


class CodeOutcome(Spec):
    """How one test ended.

    Attributes:
        verdict: ``passed`` or why not.
        detail: A short piece of the message, for people. Text of the candidate: data.
        cpu_s: Seconds of CPU time used.
        peak_mb: Largest resident memory seen; 0 where unknown.
        is_weak: The test had to share a process with the candidate, which could have talked it into a pass.
        tier: The walls it ran behind; ``none`` means without any, with the rights of whoever ran it.
    """

    verdict: CodeVerdict
    detail: str = ""
    cpu_s: NonNegativeFloat = 0.0
    peak_mb: NonNegativeInt = 0
    is_weak: bool = False
    tier: str = ""

    @property
    def passed(self) -> bool:
        """Whether the test passed."""
        return self.verdict == "passed"


class CodeRunner(Protocol):
    """Runs a candidate's code against tests, safely or not at all."""

    async def check(
        self,
        code: str,
        tests: Sequence[CodeTest],
        *,
        setup: str = "",
        limits: CodeLimits | None = None,
        entry_points: Sequence[str] = (),
    ) -> tuple[CodeOutcome, ...]:
        """Run every test against the code.

        Args:
            code: The candidate's program. Trusted in nothing.
            tests: What is asked of it; trusted as little where a model wrote them.
            setup: Code of the benchmark that stands before the tests (helpers of the prompt).
            limits: Per test.
            entry_points: Names that the candidate must define although Python has them already (``sum``).

        Returns:
            One outcome per test, in order.

        Raises:
            SandboxError: It could not be run safely, so it was not run; nothing may be concluded.
        """
        ...
