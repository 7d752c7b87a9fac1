"""How single steps are written into a store file, as SQL; many at once in `batching.py`."""

import sqlite3
import time
from collections.abc import Callable, Sequence

from itas.core.request import Completion
from itas.models.store.accounts import Accounts, Entry
from itas.models.store.contract import (
    Capped,
    Found,
    Intent,
    Opened,
    Opening,
    Settlement,
    Shortened,
    Taken,
)
from itas.models.store.rows import Damaged, checksum, encode_completion, encode_request, read_draw
from itas.models.store.steps import Beat, Close, Open, Put, Quarantine, Step, TakeOver, Written

_SETTLE = "UPDATE ledger SET booking = ?, micro_usd = ?, samples = ? WHERE id = ?"
SETTLE_OPEN = f"{_SETTLE} AND booking IS NULL"
_OBSTACLES = """
SELECT 0, number AS place, body, checksum FROM draws
WHERE key = ?1 AND number >= ?2 AND number < ?3
UNION ALL
SELECT 1, first AS place, id, owner FROM ledger
WHERE key = ?1 AND booking IS NULL AND owner != ?4 AND first < ?3 AND first + n > ?2
ORDER BY 1, place
"""

_OPEN = """
INSERT OR IGNORE INTO ledger (id, owner, run, model, key, first, n, reserved_micro_usd, opened_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE NOT EXISTS (SELECT 1 FROM draws WHERE key = ?5 AND number >= ?6 AND number < ?6 + ?7)
  AND NOT EXISTS (SELECT 1 FROM ledger
                  WHERE key = ?5 AND booking IS NULL AND owner != ?2 AND first < ?6 + ?7 AND first + n > ?6)
"""
"""Only where nothing stands against it; see `_OBSTACLES`. One statement for the usual case: before and after each
the interpreter lock changes hands."""
_OPEN_ANYWAY = """
INSERT OR IGNORE INTO ledger (id, owner, run, model, key, first, n, reserved_micro_usd, opened_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_MOST_KNOWN = 10_000

DrawRow = tuple[bytes, int, bytes, bytes, int]
LedgerRow = tuple[int, int, str, str, bytes, int, int, int | None, str]


class Writer:
    """Carries out steps on a connection, inside a transaction of the caller.

    Args:
        connection: To the store.
        is_alive: Whether the process of an owner still runs.
    """

    def __init__(self, connection: sqlite3.Connection, is_alive: Callable[[int], bool]) -> None:
        self._connection = connection
        self._is_alive = is_alive
        self._accounts = Accounts(connection)
        self._known: set[str] = set()
        self._opened: dict[int, tuple[str, Entry]] = {}
        self._prunings = -1
        self._version = -1
        self._now_s = 0
        self._now = ""

    def begin(self) -> None:
        """A transaction has begun. What was known from the last one holds unless somebody else has written."""
        now_s = int(time.time())
        if now_s != self._now_s:
            self._now_s, self._now = now_s, now()
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        self._version = version
        self._accounts.forget()
        prunings = self._connection.execute("SELECT max(id) FROM prunings").fetchone()[0] or 0
        if prunings != self._prunings:
            self._known.clear()
            self._prunings = prunings

    def finish(self) -> None:
        """The transaction is about to be committed."""
        self._accounts.flush()

    def write(self, step: Step) -> Written:
        """Carry out one step; for a `Put`, what is stored now, for an `Open`, how it ended."""
        if isinstance(step, Put):
            return self._put(step)
        if isinstance(step, Open):
            return self._open(step)
        match step:
            case Close():
                self._close(step.settlement)
            case Quarantine():
                self._quarantine(step)
            case Beat():
                self._connection.execute("UPDATE owners SET beats = beats + 1 WHERE id = ?", (step.owner,))
            case TakeOver():
                self.take_over(step.owner)
        return None

    def forget(self) -> None:
        """The transaction was rolled back: what was written in it is not there."""
        self._known.clear()
        self._accounts.forget()
        self._version = -1

    def take_over(self, owner: int) -> int:
        """Open purchases of a process that is gone may have been billed: uncertain, at their full price.

        Returns:
            How many there were.
        """
        rows = self._connection.execute(
            "SELECT id, reserved_micro_usd, n FROM ledger WHERE owner = ? AND booking IS NULL", (owner,)
        ).fetchall()
        for intent, reserved, n in rows:
            self._close(Settlement(intent, "uncertain", reserved, n))
        return len(rows)

    def _put(self, step: Put) -> dict[int, Completion]:
        key = bytes.fromhex(step.key)
        if step.key not in self._known:
            self._connection.execute("INSERT OR IGNORE INTO requests VALUES (?, ?, ?)", request_row(step))
            self._know(step.key)
        stored = {number: self._put_draw(key, number, draw) for number, draw in step.draws.items()}
        if step.settles is not None:
            self._close(step.settles)
        return stored

    def _know(self, key: str) -> None:
        """The request of that key is stored: so many are remembered that most need not be written again."""
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add(key)

    def _put_draw(self, key: bytes, number: int, draw: Completion) -> Completion:
        row = self._draw_row(key, number, draw)
        done = self._connection.execute("INSERT OR IGNORE INTO draws VALUES (?, ?, ?, ?, ?)", row)
        return draw if done.rowcount else self._find_draw(draw, row)

    def _find_draw(self, draw: Completion, row: DrawRow) -> Completion:
        """What is stored instead of a draw that was there already; a damaged one is replaced."""
        key, number = row[:2]
        body, check = self._connection.execute(
            "SELECT body, checksum FROM draws WHERE key = ? AND number = ?", (key, number)
        ).fetchone()
        try:
            return read_draw(key, number, body, check)
        except Damaged:
            self._quarantine(Quarantine(key, number, check))
            self._connection.execute("INSERT OR REPLACE INTO draws VALUES (?, ?, ?, ?, ?)", row)
            return draw

    def _draw_row(self, key: bytes, number: int, draw: Completion) -> DrawRow:
        body = encode_completion(draw)
        return key, number, body, checksum(key, number, body), self._now_s

    def _open(self, step: Open) -> Opening:
        intent = step.intent
        row = self._ledger_row(step)
        if step.is_on_its_way:
            done = self._connection.execute(_OPEN_ANYWAY, row)
        else:
            fits = step.caps is None or step.caps.allow(self._accounts.totals(intent.run), intent)
            done = self._connection.execute(_OPEN, row) if fits else None
            if done is None or not done.rowcount:
                obstacle = self._find_obstacle(step) or self._find_cap(step)
                if obstacle is not None:
                    return obstacle
                done = self._connection.execute(_OPEN_ANYWAY, row)  # damaged, or left by a dead process
        if done.rowcount:
            self._note_opened(intent)
        return Opened(self._accounts.totals(intent.run))

    def _note_opened(self, intent: Intent) -> None:
        entry = Entry(None, intent.reserved_micro_usd, intent.n, None, 0)
        self._accounts.add(intent.run, entry)
        self._opened[intent.id] = (intent.run, entry)

    def _ledger_row(self, step: Open) -> LedgerRow:
        intent = step.intent
        return (
            intent.id,
            step.owner,
            intent.run,
            intent.model,
            bytes.fromhex(intent.key),
            intent.first,
            intent.n,
            intent.reserved_micro_usd,
            self._now,
        )

    def _find_obstacle(self, step: Open) -> Opening | None:
        """What was stored since the buyer looked, and what other processes are buying at the moment: an open
        purchase is the lease on its draws."""
        intent = step.intent
        key, end = bytes.fromhex(intent.key), intent.first + intent.n
        # One statement, not two: after each the interpreter lock must be won again.
        rows = self._connection.execute(_OBSTACLES, (key, intent.first, end, step.owner)).fetchall()
        if not rows:
            return None
        draws = [row[1:] for row in rows if row[0] == 0]
        flights = [row[1:4] for row in rows if row[0] == 1]
        return self._find_draws(key, intent.first, draws) or self._find_flight(intent.first, flights)

    def _find_draws(
        self, key: bytes, first: int, rows: Sequence[tuple[int, bytes, bytes]]
    ) -> Found | Shortened | None:
        found: dict[int, Completion] = {}
        for number, body, check in rows:
            try:
                draw = read_draw(key, number, body, check)
            except Damaged:  # is replaced when the new one is put
                continue
            if number != first + len(found):
                return Found(found) if found else Shortened(number - first)
            found[number] = draw
        return Found(found) if found else None

    def _find_flight(self, first: int, rows: Sequence[tuple[int, int, int]]) -> Taken | Shortened | None:
        for start, flight, owner in rows:
            if not self._is_alive(owner):
                self.take_over(owner)
            elif start <= first:
                return Taken(flight, owner)
            else:
                return Shortened(start - first)
        return None

    def _find_cap(self, step: Open) -> Capped | None:
        if step.caps is None or step.caps.allow(self._accounts.totals(step.intent.run), step.intent):
            return None
        owners = self._connection.execute(
            "SELECT DISTINCT owner FROM ledger WHERE booking IS NULL AND owner != ?", (step.owner,)
        ).fetchall()
        for (owner,) in owners:  # what a dead process has reserved is not going to come back
            if not self._is_alive(owner):
                self.take_over(owner)
        return Capped(self._accounts.totals(step.intent.run))

    def _close(self, settlement: Settlement) -> None:
        opened = self._opened.pop(settlement.intent, None)
        row = (settlement.booking, settlement.micro_usd, settlement.samples, settlement.intent)
        if opened is not None:
            run, before = opened
            done = self._connection.execute(SETTLE_OPEN, row)
            if done.rowcount:
                self._rebook(run, before, settlement)
                return
        # Opened by another process, or taken over: also over an "uncertain" one, the guess of somebody who took
        # this process for dead.
        found = self._connection.execute(
            "SELECT run, booking, reserved_micro_usd, n, micro_usd, samples FROM ledger WHERE id = ?",
            (settlement.intent,),
        ).fetchone()
        if found is not None:  # it was opened
            self._connection.execute(_SETTLE, row)
            self._rebook(found[0], Entry(*found[1:]), settlement)

    def _rebook(self, run: str, before: Entry, settlement: Settlement) -> None:
        self._accounts.remove(run, before)
        self._accounts.add(
            run,
            Entry(settlement.booking, before.reserved, before.n, settlement.micro_usd, settlement.samples),
        )

    def _quarantine(self, step: Quarantine) -> None:
        place = (step.key, step.number, step.checksum)
        self._connection.execute(
            "INSERT INTO damaged SELECT key, number, body, checksum FROM draws "
            "WHERE key = ? AND number = ? AND checksum = ?",
            place,
        )
        self._connection.execute("DELETE FROM draws WHERE key = ? AND number = ? AND checksum = ?", place)


def request_row(step: Put) -> tuple[bytes, bytes, bytes]:
    """The request of a step as it is stored."""
    key, body = bytes.fromhex(step.key), encode_request(step.request)
    return key, body, checksum(key, -1, body)


def now() -> str:
    """The time of day in UTC, for people who read the tables."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
