"""Python: a function of yours decides.

Rule: ``python:FILE.py:NAME`` names it; without a name it is ``score``. It is called as ``score(answer, target)``,
with ``problem=`` too (a mapping with id, target, choices, tags) if it takes that, and returns a bool or a
number in [0, 1]. The file is run in this process with your rights, because you wrote it: never name a file
that a model wrote. An exception (whatever it is derived from, ``exit()`` too) or another value makes the problem
unscored with the reason, never wrong, and the evaluation goes on.
"""

import hashlib
import importlib.util
import inspect
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import JsonValue

from itas.benchmarks.scorers.rule import Rule
from itas.core.problem import Outcome, Problem, Score, Unscored
from itas.errors import DataError, SpecError


class PythonFunction(Rule):
    """See the module.

    Attributes:
        file: The Python file.
        function: Its function.
    """

    type: ClassVar = "python"

    file: Path
    function: str = "score"

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """What the function says."""
        function, takes_problem = self._loaded
        extra = {"problem": problem.model_dump(mode="json")} if takes_problem else {}
        try:
            value = function(answer, problem.target, **extra)
            if inspect.isawaitable(value):
                value = await value
        except (Exception, SystemExit) as error:  # noqa: BLE001  code of the user; see tests/code_rules.py
            return Unscored(reason="scorer_error", detail=f"{self.function}: {_said(error)}")
        if isinstance(value, bool | int | float) and 0 <= value <= 1:
            return Score(value=float(value))
        return Unscored(
            reason="scorer_error",
            detail=f"{self.function} must return a bool or a number from 0 to 1, found {value!r:.100}",
        )

    def describe(self) -> dict[str, JsonValue]:
        """The function by its name and the content of its file, not by where that lies."""
        content = hashlib.sha256(self.file.read_bytes()).hexdigest()
        return {"type": self.type, "function": self.function, "sha256": content}

    def read(self, problem: Problem, answer: str) -> str | None:
        return answer

    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        raise NotImplementedError("the function decides in `score`")

    @cached_property
    def _loaded(self) -> tuple[Callable[..., Any], bool]:
        return self.load()

    def load(self) -> tuple[Callable[..., Any], bool]:
        """Run the file and find the function; also says whether it takes ``problem``.

        Raises:
            DataError: No such file, or it cannot be run.
            SpecError: No such function in it.
        """
        if not self.file.is_file():
            raise DataError(f"{self.file}: no such file")
        found = importlib.util.spec_from_file_location("itas_scorer_of_the_user", self.file)
        if found is None or found.loader is None:
            raise DataError(f"{self.file}: not a Python file; its name must end in .py")
        module = importlib.util.module_from_spec(found)
        try:
            found.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            raise DataError(f"{self.file}: cannot be run: {_said(error)}") from error
        function = getattr(module, self.function, None)
        if not callable(function):
            names = sorted(
                name for name in vars(module) if not name.startswith("_") and callable(getattr(module, name))
            )
            raise SpecError(
                f"{self.file} defines no function '{self.function}', only {', '.join(names) or 'nothing'}. "
                f"Name another one: python:{self.file}:NAME",
                path="scorer",
            )
        return function, "problem" in inspect.signature(function).parameters


def _said(error: BaseException) -> str:
    """Its kind and what it says, even where saying it fails."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001  code of the user
        return type(error).__name__
