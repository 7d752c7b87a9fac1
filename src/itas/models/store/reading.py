"""What is read from a durable store, as SQL. Every method runs on the reader's thread."""

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Sequence
from functools import lru_cache

from itas.core.request import Completion, Request
from itas.models.store.accounts import read_totals
from itas.models.store.contract import LedgerTotals, Recorded
from itas.models.store.rows import Damaged, checksum, decode_request, read_draw
from itas.models.store.steps import Quarantine

_log = logging.getLogger(__name__)
_MANY = 500
_FEW = 100
_SLOW_S = 0.005
_REST_S = 1.0
_MOST_SLOW = 3
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Reader:
    """Reads on a connection of its own, so that it never waits for a writer.

    Attributes:
        damaged: Rows found damaged so far.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.damaged = 0

    def find(self, key_text: str, numbers: Sequence[int]) -> tuple[dict[int, Completion], list[Quarantine]]:
        """The stored ones of these draws, and the rows that turned out damaged.

        Raises:
            sqlite3.Error: The file cannot be read now, so nobody knows what is stored.
        """
        key = bytes.fromhex(key_text)
        draws: dict[int, Completion] = {}
        bad: list[Quarantine] = []
        for number, body, found in self._rows(key, numbers):
            try:
                draws[number] = read_draw(key, number, body, found)
            except Damaged as damage:
                self.damaged += 1
                bad.append(Quarantine(key, number, found))
                _log.warning("call store: draw %d of %s is damaged: %s", number, key_text[:12], damage)
        return draws, bad

    def _rows(self, key: bytes, numbers: Sequence[int]) -> list[tuple[int, bytes, bytes]]:
        rows: list[tuple[int, bytes, bytes]] = []
        for start in range(0, len(numbers), _MANY):
            part = numbers[start : start + _MANY]
            try:
                rows += self._connection.execute(_select_draws(len(part)), (key, *part)).fetchall()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):  # a disk that refuses for now has not lost what was paid for
                    raise
                self.damaged += 1
                _log.warning("call store: a page cannot be read: %s", error)
        return rows

    def totals(self, run: str | None) -> LedgerTotals:
        """Sums of the ledger."""
        return read_totals(self._connection, run)

    def beats(self, intent: int) -> int | None:
        """How often the process that makes a purchase has shown that it works; None once it is settled."""
        row = self._connection.execute(
            "SELECT owners.beats FROM ledger JOIN owners ON owners.id = ledger.owner "
            "WHERE ledger.id = ? AND booking IS NULL",
            (intent,),
        ).fetchone()
        return None if row is None else row[0]

    def counts(self) -> tuple[int, int, int, int]:
        """Requests, draws, bytes on disk, rows in quarantine."""
        requests = self._connection.execute("SELECT count(*) FROM requests").fetchone()[0]
        draws = self._connection.execute("SELECT count(*) FROM draws").fetchone()[0]
        damaged = self._connection.execute("SELECT count(*) FROM damaged").fetchone()[0]
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        size = self._connection.execute("PRAGMA page_size").fetchone()[0]
        return requests, draws, pages * size, damaged

    def page(self, after: bytes, count: int) -> tuple[list[Recorded], bytes | None]:
        """Some requests with their draws, by key; and where to go on, None at the end."""
        rows: list[tuple[bytes, bytes, bytes]] = self._connection.execute(
            "SELECT key, body, checksum FROM requests WHERE key > ? ORDER BY key LIMIT ?", (after, count)
        ).fetchall()
        found = [
            Recorded(key.hex(), request, self._all_draws(key))
            for key, body, check in rows
            if (request := self._read_request(key, body, check))
        ]
        return found, rows[-1][0] if len(rows) == count else None

    def _read_request(self, key: bytes, body: bytes, found: bytes) -> Request | None:
        try:
            if checksum(key, -1, body) != found:
                raise Damaged("the checksum does not fit")
            return decode_request(body)
        except Damaged as damage:
            self.damaged += 1
            _log.warning("call store: request %s is damaged: %s", key.hex()[:12], damage)
            return None

    def _all_draws(self, key: bytes) -> dict[int, Completion]:
        numbers = [
            row[0]
            for row in self._connection.execute(
                "SELECT number FROM draws WHERE key = ? ORDER BY number", (key,)
            )
        ]
        draws, _ = self.find(key.hex(), numbers)
        return dict(sorted(draws.items()))


class Glance:
    """Looks for draws on the caller's thread: a look into pages that are in memory costs less than waking a thread.

    Never waits for another process. Looks that take long, as on a cold disk, send the next ones to the thread. All
    looks of one turn of the event loop share a view of the file: most of what a look costs is to get a new one.

    Args:
        connection: Of its own, without a timeout.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cache_size = -2048")
        self._connection = connection
        self._reader = Reader(connection)
        self._not_before_s = 0.0
        self._slow = 0
        self._viewer = 0

    @property
    def damaged(self) -> int:
        """Rows found damaged so far."""
        return self._reader.damaged

    def find(
        self, key_text: str, numbers: Sequence[int]
    ) -> tuple[dict[int, Completion], list[Quarantine]] | None:
        """See `Reader.find`; None where the thread is to look."""
        started_s = time.monotonic()
        if started_s < self._not_before_s or len(numbers) > _FEW:
            return None
        try:
            if not self._viewer:
                self._open_view()
            elif self._viewer != threading.get_ident():
                return None
            return self._reader.find(key_text, numbers)
        except (sqlite3.Error, ValueError, OverflowError):  # the thread may wait, and says what is wrong
            return None
        finally:
            ended_s = time.monotonic()
            self._slow = self._slow + 1 if ended_s - started_s > _SLOW_S else 0
            if self._slow == _MOST_SLOW:
                self._not_before_s, self._slow = ended_s + _REST_S, 0

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _open_view(self) -> None:
        loop = asyncio.get_running_loop()
        self._connection.execute("BEGIN")
        self._viewer = threading.get_ident()
        loop.call_soon(self._close_view)

    def _close_view(self) -> None:
        """Before the next turn: what a task hears of then was written after this view, or stands in it."""
        self._viewer = 0
        with contextlib.suppress(sqlite3.Error):  # closed meanwhile
            self._connection.execute("COMMIT")


@lru_cache(maxsize=_MANY)
def _select_draws(count: int) -> str:
    marks = ",".join("?" * count)
    return f"SELECT number, body, checksum FROM draws WHERE key = ? AND number IN ({marks})"


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether a page is damaged, so that what stands there counts as not stored."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
