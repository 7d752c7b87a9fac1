"""The one door from the command line into async code, and what Ctrl-C does on the other side of it.

The first Ctrl-C (or SIGTERM) lets no new call begin and waits for those on their way, so that what is paid for is
stored. The second stops at once: calls on their way are cancelled and booked as uncertain. The third ends the
process where it stands.
"""

import gc
import os
import shlex
import signal
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from itas.errors import Error

if TYPE_CHECKING:
    import asyncio

    from itas.core.stopping import Stop

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Error):
    """The user pressed Ctrl-C; calls on their way were waited for, or stopped and booked."""

    exit_code: ClassVar[int] = 130

    def __init__(self) -> None:
        command = shlex.join(["itas", *sys.argv[1:]])
        super().__init__(f"interrupted; what was paid for is in the call store\ngo on with: {command}")


def run_async(
    work: Coroutine[Any, Any, T], *, make_loop: "Callable[[], asyncio.AbstractEventLoop] | None" = None
) -> T:
    """Run to the end; on an event loop of another make where one is named.

    Raises:
        Interrupted: On Ctrl-C, after everything has been settled.
    """
    import asyncio

    try:
        with asyncio.Runner(loop_factory=make_loop) as runner:
            return runner.run(_run(work))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise Interrupted from None


async def _run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    from itas.core.stopping import Stop

    collect_garbage_seldom()
    stop = Stop()
    stop.install()
    task = asyncio.ensure_future(work)
    with _listening(_Interrupts(asyncio.get_running_loop(), task, stop)):
        return await task


def collect_garbage_seldom() -> None:
    """What was imported stays; what a call makes has no cycles and goes by itself. Less work for each call."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Interrupts:
    """What each further signal does. A handler of Python's own, so that it is heard while the loop is busy."""

    def __init__(self, loop: "asyncio.AbstractEventLoop", task: "asyncio.Future[Any]", stop: "Stop") -> None:
        self._loop = loop
        self._task = task
        self._stop = stop
        self._count = 0
        self._draining: asyncio.Task[None] | None = None

    def __call__(self, number: int, frame: object) -> None:
        self._count += 1
        if self._count == 1:
            self._stop.request()
            self._loop.call_soon_threadsafe(self._drain)
        elif self._count == 2:
            self._loop.call_soon_threadsafe(self._task.cancel)
        else:
            os._exit(Interrupted.exit_code)

    def _drain(self) -> None:
        if self._stop.in_flight:
            calls = f"{self._stop.in_flight} call{'s' * (self._stop.in_flight > 1)}"
            _say(f"stopping: waiting for {calls} on the way; Ctrl-C again stops at once")
        self._draining = self._loop.create_task(self._cancel_when_idle())

    async def _cancel_when_idle(self) -> None:
        await self._stop.wait_idle()
        self._task.cancel()


@contextmanager
def _listening(interrupts: Callable[[int, Any], None]) -> Generator[None]:
    """Hear the signals that nobody else hears, or nothing outside the main thread."""
    try:
        before = {each: signal.signal(each, interrupts) for each in _SIGNALS}
    except ValueError:
        before = {}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _say(text: str) -> None:
    from itas.cli.terminal import progress

    progress().print(f"\n{text}", style="yellow")
