"""What was sent again while one question to a model was open: told by the retry, read by the trace.

The list is found through the context of the asking task, which the tasks that it starts inherit. So no wrapper
between the two has to carry it.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

Account = Callable[[bool], Awaitable[None]]
"""Told before an attempt follows on one that failed, and whether that may have been billed; raises to forbid it."""

_failures: ContextVar[list[str] | None] = ContextVar("failures", default=None)


_account: ContextVar[Account | None] = ContextVar("account", default=None)


def collect_failures() -> list[str]:
    """Begin a new list for this task and those that it starts; it fills while they run."""
    found: list[str] = []
    _failures.set(found)
    return found


@contextmanager
def accounting(account: Account) -> Generator[None]:
    """Ask `account` before every further attempt of this task and those that it starts."""
    before = _account.set(account)
    try:
        yield
    finally:
        _account.reset(before)


async def note_failure(text: str, *, may_be_billed: bool = True) -> None:
    """One attempt failed and the next will follow.

    Raises:
        BudgetExceeded: It must not: a cap of the request that it belongs to is reached.
    """
    found = _failures.get()
    if found is not None:
        found.append(text)
    account = _account.get()
    if account is not None:
        await account(may_be_billed)
