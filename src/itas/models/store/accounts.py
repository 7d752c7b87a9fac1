"""Accounts: the sums of the ledger by run, kept beside it in the same transactions.

With them a cap can be looked at before every purchase, and a run's sums are read, without adding up its ledger.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from itas.models.store.contract import LedgerTotals

SUMS = """
SELECT run,
       coalesce(sum(micro_usd) FILTER (WHERE booking = 'spent'), 0) AS spent,
       coalesce(sum(micro_usd) FILTER (WHERE booking = 'uncertain'), 0) AS uncertain,
       coalesce(sum(reserved_micro_usd) FILTER (WHERE booking IS NULL), 0) AS reserved,
       coalesce(sum(samples) FILTER (WHERE booking IS NOT NULL), 0) AS samples,
       count(*) FILTER (WHERE booking IN ('spent', 'uncertain') AND micro_usd IS NULL) AS unpriced,
       coalesce(sum(n) FILTER (WHERE booking IS NULL), 0) AS reserved_samples
FROM ledger GROUP BY run
"""
"""The same, added up from the ledger."""
COLUMNS = "spent, uncertain, reserved, samples, unpriced, reserved_samples"
_UPDATE = f"UPDATE accounts SET ({COLUMNS}) = (?, ?, ?, ?, ?, ?) WHERE run = ?"
_INSERT = f"INSERT INTO accounts ({COLUMNS}, run) VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Entry:
    """What of a purchase counts in the sums."""

    booking: str | None
    reserved: int | None
    n: int
    micro_usd: int | None
    samples: int

    def amounts(self) -> tuple[int, int, int, int, int, int]:
        """What this purchase adds to each of the sums, in the order of `LedgerTotals`."""
        if self.booking is None:
            return (0, 0, self.reserved or 0, 0, 0, self.n)
        amount, unpriced = self.micro_usd or 0, int(self.micro_usd is None)
        if self.booking == "spent":
            return (amount, 0, 0, self.samples, unpriced, 0)
        if self.booking == "uncertain":
            return (0, amount, 0, self.samples, unpriced, 0)
        return (0, 0, 0, self.samples, 0, 0)


class Sums:
    """Sums by run, in memory."""

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}

    def totals(self, run: str) -> LedgerTotals:
        """The sums of a run now."""
        return LedgerTotals(*self._of(run))

    def all_totals(self) -> LedgerTotals:
        """The sums of all runs that are in memory."""
        return LedgerTotals(*(sum(column) for column in zip(*self._sums.values(), strict=True)))

    def add(self, run: str, entry: Entry) -> None:
        """Count a purchase."""
        self._change(run, entry, 1)

    def remove(self, run: str, entry: Entry) -> None:
        """Count a purchase no longer."""
        self._change(run, entry, -1)

    def _of(self, run: str) -> list[int]:
        sums = self._sums.get(run)
        if sums is None:
            sums = self._sums[run] = self._find(run)
        return sums

    def _find(self, run: str) -> list[int]:
        return [0] * 6

    def _change(self, run: str, entry: Entry, sign: int) -> None:
        sums = self._of(run)
        for place, amount in enumerate(entry.amounts()):
            sums[place] += sign * amount


class Accounts(Sums):
    """The sums while transactions run: read at the first touch of a run, written once before each commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._changed: set[str] = set()

    def flush(self) -> None:
        """Write what has changed; the transaction is about to be committed."""
        for run in self._changed:
            # Not a replacement of the row, which would also write the page of its index.
            sums = self._sums[run]
            if not self._connection.execute(_UPDATE, (*sums, run)).rowcount:
                self._connection.execute(_INSERT, (*sums, run))
        self._changed.clear()

    def forget(self) -> None:
        """The transaction was rolled back, or somebody else has written since the last one."""
        self._sums.clear()
        self._changed.clear()

    def _change(self, run: str, entry: Entry, sign: int) -> None:
        self._changed.add(run)
        super()._change(run, entry, sign)

    def _find(self, run: str) -> list[int]:
        row = self._connection.execute(f"SELECT {COLUMNS} FROM accounts WHERE run = ?", (run,)).fetchone()
        return list(row) if row else super()._find(run)


def read_totals(connection: sqlite3.Connection, run: str | None) -> LedgerTotals:
    """The sums of one run, or of all."""
    sums = ", ".join(f"coalesce(sum({column}), 0)" for column in COLUMNS.split(", "))
    row: Sequence[int] = connection.execute(
        f"SELECT {sums} FROM accounts WHERE ?1 IS NULL OR run = ?1", (run,)
    ).fetchone()
    return LedgerTotals(*row)
