"""What the adapters of other evaluation packages share."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

from itas.errors import SpecError

T = TypeVar("T")

FAULTS = (
    ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, ImportError, LookupError, MemoryError,
    NameError, OSError, RuntimeError, StopIteration, SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What code of others raises when it is wrong, every kind of Python's own. After one of them there is no score."""


def import_extra(module: str, *, extra: str, job: str) -> ModuleType:
    """A module of an optional package.

    Raises:
        SpecError: It is not installed; names the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise SpecError(
            f"{job} needs a package that is not here ({error.name}): pip install 'itas[{extra}]'"
        ) from None


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread of its own; for opening things, where another loop may be running."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(asyncio.run, work).result()
