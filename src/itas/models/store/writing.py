"""What is written into a durable store: the single steps, as data and as SQL."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from itas.core.request import Completion, Request
from itas.models.store.contract import Intent, Settlement
from itas.models.store.rows import (
    Damaged,
    checksum,
    decode_completion,
    encode_completion,
    encode_request,
)


@dataclass(frozen=True, slots=True)
class Put:
    """Store draws, and settle the purchase they came from."""

    key: str
    request: Request
    draws: Mapping[int, Completion]
    settles: Settlement | None


@dataclass(frozen=True, slots=True)
class Open:
    """Write down a purchase about to be made."""

    intent: Intent
    owner: int


@dataclass(frozen=True, slots=True)
class Close:
    """Settle a purchase."""

    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Set a damaged row aside, unless it has been replaced meanwhile."""

    key: bytes
    number: int
    checksum: bytes


Step = Put | Open | Close | Quarantine


class Writer:
    """Carries out steps on a connection, inside a transaction of the caller."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: set[str] = set()

    def write(self, step: Step) -> dict[int, Completion] | None:
        """Carry out one step; for a `Put`, what is stored now."""
        match step:
            case Put():
                return self._put(step)
            case Open():
                self._open(step)
            case Close():
                self._close(step.settlement)
            case Quarantine():
                self._quarantine(step)
        return None

    def forget(self) -> None:
        """The transaction was rolled back: what was written in it is not there."""
        self._known.clear()

    def _put(self, step: Put) -> dict[int, Completion]:
        key = bytes.fromhex(step.key)
        if step.key not in self._known:
            body = encode_request(step.request)
            self._connection.execute(
                "INSERT OR IGNORE INTO requests VALUES (?, ?, ?)", (key, body, checksum(key, -1, body))
            )
            if len(self._known) >= 100_000:
                self._known.clear()
            self._known.add(step.key)
        stored = {number: self._put_draw(key, number, draw) for number, draw in step.draws.items()}
        if step.settles is not None:
            self._close(step.settles)
        return stored

    def _put_draw(self, key: bytes, number: int, draw: Completion) -> Completion:
        body = encode_completion(draw)
        row = (key, number, body, checksum(key, number, body))
        done = self._connection.execute("INSERT OR IGNORE INTO draws VALUES (?, ?, ?, ?)", row)
        if done.rowcount:
            return draw
        found = self._connection.execute(
            "SELECT body, checksum FROM draws WHERE key = ? AND number = ?", (key, number)
        ).fetchone()
        try:
            return read_draw(key, number, *found)
        except Damaged:
            self._quarantine(Quarantine(key, number, found[1]))
            self._connection.execute("INSERT OR REPLACE INTO draws VALUES (?, ?, ?, ?)", row)
            return draw

    def _open(self, step: Open) -> None:
        intent = step.intent
        row = {
            "id": intent.id,
            "owner": step.owner,
            "run": intent.run,
            "model": intent.model,
            "key": bytes.fromhex(intent.key),
            "first": intent.first,
            "n": intent.n,
            "reserved": intent.reserved_micro_usd,
            "now": now(),
        }
        self._connection.execute(
            "INSERT OR IGNORE INTO ledger "
            "(id, owner, run, model, key, first, n, reserved_micro_usd, opened_at) "
            "VALUES (:id, :owner, :run, :model, :key, :first, :n, :reserved, :now)",
            row,
        )

    def _close(self, settlement: Settlement) -> None:
        # Also over an "uncertain": that was the guess of somebody who took this process for dead.
        self._connection.execute(
            "UPDATE ledger SET booking = ?, micro_usd = ?, samples = ? WHERE id = ?",
            (settlement.booking, settlement.micro_usd, settlement.samples, settlement.intent),
        )

    def _quarantine(self, step: Quarantine) -> None:
        place = (step.key, step.number, step.checksum)
        self._connection.execute(
            "INSERT INTO damaged SELECT key, number, body, checksum FROM draws "
            "WHERE key = ? AND number = ? AND checksum = ?",
            place,
        )
        self._connection.execute("DELETE FROM draws WHERE key = ? AND number = ? AND checksum = ?", place)


def read_draw(key: bytes, number: int, body: bytes, found: bytes) -> Completion:
    """The draw of a row.

    Raises:
        Damaged: It does not fit its checksum.
    """
    if not isinstance(body, bytes) or checksum(key, number, body) != found:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise Damaged("the checksum does not fit")
    return decode_completion(body)


def now() -> str:
    """The time of day in UTC, for people who read the tables."""
    return datetime.now(UTC).isoformat(timespec="seconds")
