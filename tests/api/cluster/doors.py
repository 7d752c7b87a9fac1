"""An actor in this process: what is called with ``.remote`` runs as a task, after a moment on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class Door:
    """Stands for the handle of an actor.

    Args:
        inner: The actor itself.
        way_s: Of a message, each way.
    """

    def __init__(self, inner: Any, *, way_s: float = 0.0) -> None:
        self._inner = inner
        self._way_s = way_s
        self.calls = 0

    def __getattr__(self, name: str) -> "_Method":
        return _Method(self, getattr(self._inner, name))

    async def carry(self, method: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> Any:
        self.calls += 1
        await asyncio.sleep(self._way_s)
        found = await method(*arguments)
        await asyncio.sleep(self._way_s)
        return found


class _Method:
    def __init__(self, door: Door, method: Callable[..., Awaitable[Any]]) -> None:
        self._door = door
        self._method = method

    def remote(self, *arguments: Any) -> "asyncio.Task[Any]":
        return asyncio.create_task(self._door.carry(self._method, arguments))
