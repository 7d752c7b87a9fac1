"""Many steps at once: one statement for many rows, as long as nothing unusual is among them.

Before and after each statement the interpreter lock changes hands between this thread and the one that makes the
calls, and each statement has a cost of its own, whatever it writes. What stands in somebody's way is left to the
single steps of `writing.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from itas.core.request import Completion
from itas.models.store.accounts import Entry
from itas.models.store.contract import Opened, Opening, Settlement, SharedCaps
from itas.models.store.steps import Open, Put, Step, Written
from itas.models.store.writing import SETTLE_OPEN, LedgerRow, Writer, request_row

_MOST_ROWS = 64
_PUT_REQUESTS = "INSERT OR IGNORE INTO requests VALUES {rows}"
_PUT_DRAWS = "INSERT OR IGNORE INTO draws VALUES {rows}"
_OPEN = """
INSERT OR IGNORE INTO ledger (id, owner, run, model, key, first, n, reserved_micro_usd, opened_at)
SELECT * FROM (VALUES {rows}) AS new
WHERE NOT EXISTS (SELECT 1 FROM draws
                  WHERE key = new.column5 AND number >= new.column6 AND number < new.column6 + new.column7)
  AND NOT EXISTS (SELECT 1 FROM ledger AS other
                  WHERE key = new.column5 AND booking IS NULL AND owner != new.column2
                    AND first < new.column6 + new.column7 AND first + n > new.column6)
"""
"""Those in whose way nothing stands; see `writing.py`."""


class Unforeseen(Exception):
    """A purchase is not as this process left it. The transaction is rolled back; single steps see why."""


class BatchWriter(Writer):
    """A `Writer` for whole batches."""

    def write_all(self, steps: Sequence[Step]) -> list[Written]:
        """Carry out all steps of a transaction. What is stored comes before what is opened, so that nothing is
        bought that is there by then; nobody waits for one step of a batch before asking for the next.

        Raises:
            Unforeseen: To be tried again one by one.
        """
        puts = [step for step in steps if isinstance(step, Put)]
        opens = [step for step in steps if isinstance(step, Open)]
        new = {step.intent.id for step in opens}
        if len(steps) == 1 or any(step.settles is not None and step.settles.intent in new for step in puts):
            return [self.write(step) for step in steps]
        stored, opened = iter(self._put_all(puts)), iter(self._open_all(opens))
        return [
            next(stored)
            if isinstance(step, Put)
            else next(opened)
            if isinstance(step, Open)
            else self.write(step)
            for step in steps
        ]

    def _put_all(self, puts: Sequence[Put]) -> list[Written]:
        unknown = {step.key: step for step in puts if step.key not in self._known}
        self._insert(_PUT_REQUESTS, [request_row(step) for step in unknown.values()])
        for key in unknown:
            self._know(key)
        draws = [(bytes.fromhex(step.key), *item) for step in puts for item in step.draws.items()]
        rows = [self._draw_row(*draw) for draw in draws]
        stored: Iterator[Completion]
        if self._insert(_PUT_DRAWS, rows) == len(rows):
            stored = iter([draw for _, _, draw in draws])
        else:
            stored = iter([self._find_draw(draw, row) for (_, _, draw), row in zip(draws, rows, strict=True)])
        self._settle_all([step.settles for step in puts if step.settles is not None])
        return [{number: next(stored) for number in step.draws} for step in puts]

    def _settle_all(self, settlements: Sequence[Settlement]) -> None:
        """Purchases of this process in one go; see `Writer._close` for others."""
        ours = {each.intent: each for each in settlements if each.intent in self._opened}
        rows = [(each.booking, each.micro_usd, each.samples, each.intent) for each in ours.values()]
        if rows and self._connection.executemany(SETTLE_OPEN, rows).rowcount != len(rows):
            raise Unforeseen
        for each in settlements:
            if ours.get(each.intent) is each:
                self._rebook(*self._opened.pop(each.intent), each)
            else:
                self._close(each)

    def _open_all(self, opens: Sequence[Open]) -> list[Opening]:
        alike: dict[tuple[str, SharedCaps | None], list[Open]] = {}
        for step in opens:
            if not step.is_on_its_way:
                alike.setdefault((step.intent.run, step.caps), []).append(step)
        opened: dict[int, Opened] = {}
        for (run, caps), steps in alike.items():
            free = self._insert_free(steps) if self._fit(steps, run, caps) else ()
            if free:
                self._note_all_opened(run, free)
                opened |= dict.fromkeys((step.intent.id for step in free), Opened(self._accounts.totals(run)))
        return [opened.get(step.intent.id) or self._open(step) for step in opens]

    def _note_all_opened(self, run: str, steps: Sequence[Open]) -> None:
        reserved = samples = 0
        for step in steps:
            intent = step.intent
            self._opened[intent.id] = (run, Entry(None, intent.reserved_micro_usd, intent.n, None, 0))
            reserved += intent.reserved_micro_usd or 0
            samples += intent.n
        self._accounts.add(run, Entry(None, reserved, samples, None, 0))

    def _fit(self, steps: Sequence[Open], run: str, caps: SharedCaps | None) -> bool:
        """Whether all together fit under the caps; near them each is looked at by itself."""
        if caps is None:
            return True
        reserved = sum(step.intent.reserved_micro_usd or 0 for step in steps)
        samples = sum(step.intent.n for step in steps)
        return caps.allow(
            self._accounts.totals(run), replace(steps[0].intent, n=samples, reserved_micro_usd=reserved)
        )

    def _insert_free(self, steps: Sequence[Open]) -> Sequence[Open]:
        """Write down those in whose way nothing stands, and give them."""
        rows: list[LedgerRow] = [self._ledger_row(step) for step in steps]
        if self._insert(_OPEN, rows) == len(rows):
            return steps
        marks = ",".join("?" * len(rows))
        query = f"SELECT id FROM ledger WHERE id IN ({marks})"
        found = {row[0] for row in self._connection.execute(query, [row[0] for row in rows])}
        return [step for step in steps if step.intent.id in found]

    def _insert(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        """Insert rows, and count those that were not ignored."""
        count = 0
        for part in _parts(rows):
            values = [value for row in part for value in row]
            count += self._connection.execute(_with_rows(statement, len(part), len(part[0])), values).rowcount
        return count


def _parts(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Parts of few different lengths, so that their statements are prepared once."""
    start, size = 0, _MOST_ROWS
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


@lru_cache(maxsize=64)
def _with_rows(statement: str, rows: int, columns: int) -> str:
    row = f"({','.join('?' * columns)})"
    return statement.format(rows=",".join([row] * rows))
