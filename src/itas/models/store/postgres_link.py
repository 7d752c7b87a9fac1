"""One connection to a PostgreSQL server that is made again when it breaks."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from itas.errors import SpecError, StoreError
from itas.models.store.place import check_address, shown, unreadable

T = TypeVar("T")

_log = logging.getLogger(__name__)

PATIENCE_S = 120.0
_SHORT_PATIENCE_S = 1.0
_CONNECT_S = 10.0
_ANSWER_S = 60.0
_FIRST_WAIT_S = 0.1
_MAX_WAIT_S = 2.0
_MOST_CONFLICTS = 20
# Every statement looks rows up by their keys. A plan made while the tables were new and empty would read them from
# end to end, and be kept.
_SETTINGS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "application_name": "itas",
}
_NOT_NOW = ("08", "53", "57", "25006")
"""States that pass: connection, resources, stopping and starting, a standby."""
_CONFLICT = ("40001", "40P01")
_NO_VALUE = "22"


class NeverFits(Exception):
    """No database takes this value."""


class Link:
    """A connection, made when it is first used.

    Args:
        address: Of the database.
        prepare: Done on every new connection before anything else.
    """

    def __init__(self, address: str, *, prepare: Callable[[Any], Awaitable[None]] | None = None) -> None:
        self.place = shown(address)
        self._address = address
        self._prepare = prepare
        self._connection: Any = None
        self._is_down = False

    async def do(self, work: Callable[[Any], Awaitable[T]], *, patience_s: float | None = None) -> T:
        """Do something with the connection; again, if the connection broke on the way or two transactions stood
        in each other's way. So it must be something that may be done twice.

        Args:
            work: Gets the connection.
            patience_s: How long a server that does not answer is waited for.

        Raises:
            StoreError: The server did not come back, or refuses.
            NeverFits: It cannot be written, ever.
        """
        if patience_s is None:
            patience_s = _SHORT_PATIENCE_S if self._is_down else PATIENCE_S
        end_s, wait_s, conflicts = time.monotonic() + patience_s, _FIRST_WAIT_S, 0
        while True:
            try:
                result = await work(await self._connected())
            except _errors() as error:
                state = str(getattr(error, "sqlstate", "") or "")
                if state in _CONFLICT and conflicts < _MOST_CONFLICTS:
                    conflicts += 1
                    await asyncio.sleep(0.01 * conflicts)
                    continue
                if state.startswith(_NO_VALUE) or isinstance(error, ValueError | OverflowError):
                    raise NeverFits(_say(error)) from None
                if state and not state.startswith(_NOT_NOW):
                    raise StoreError(f"{self.place}: {_say(error)}") from None
                self._drop()
                if time.monotonic() > end_s:
                    self._is_down = True
                    raise StoreError(
                        f"{self.place}: the server does not answer ({_say(error)}). Start it, or choose "
                        "another call store; what was stored is there when it is back"
                    ) from None
                if wait_s == _FIRST_WAIT_S:
                    _log.warning(
                        "call store %s: the server does not answer (%s). Waiting up to %.0f s for it; "
                        "nothing is bought meanwhile", self.place, _say(error), patience_s,
                    )  # fmt: skip
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _MAX_WAIT_S)
            else:
                if wait_s != _FIRST_WAIT_S or self._is_down:
                    self._is_down = False
                    _log.warning("call store %s: the server answers again; going on", self.place)
                return result

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close(timeout=5)
            except _errors():
                connection.terminate()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _connected(self) -> Any:
        if self._connection is None:
            connection = await connect(self._address)
            with contextlib.ExitStack() as undo:
                undo.callback(connection.terminate)
                if self._prepare is not None:
                    await self._prepare(connection)
                undo.pop_all()
            self._connection = connection
        return self._connection


async def connect(address: str) -> Any:
    """A new connection.

    Raises:
        SpecError: The address cannot be read, or the extra is missing.
    """
    check_address(address)
    driver = load_driver()
    try:
        return await driver.connect(
            address, timeout=_CONNECT_S, command_timeout=_ANSWER_S, server_settings=_SETTINGS
        )
    except (
        ValueError,
        driver.InterfaceError,
    ) as error:  # says what the address lacks, perhaps with pieces of it
        if isinstance(error, driver.PostgresError):
            raise
        raise unreadable() from None


def load_driver() -> Any:
    """The package asyncpg.

    Raises:
        SpecError: It is not installed.
    """
    try:
        import asyncpg  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise SpecError(
            "a call store on PostgreSQL needs the extra 'postgres'. Install it: pip install 'itas[postgres]'",
            path="store",
        ) from None
    return asyncpg


def _errors() -> tuple[type[Exception], ...]:
    driver = load_driver()
    return (driver.PostgresError, driver.InterfaceError, OSError, TimeoutError, ValueError, OverflowError)


def _say(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
