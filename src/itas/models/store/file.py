"""The file of a store as its one writer sees it: transactions under the lock, and what the disk refuses kept in memory.

Every method runs on the writer's thread, or before there is one.
"""

import contextlib
import glob
import logging
import sqlite3
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from itas.errors import StoreError
from itas.models.store.batching import BatchWriter, Unforeseen
from itas.models.store.contract import LedgerTotals
from itas.models.store.lock import FileLock, is_alive
from itas.models.store.reading import Reader
from itas.models.store.schema import BUSY_TIMEOUT_S, connect, create, prepare
from itas.models.store.steps import Step, Written
from itas.models.store.unsaved import Unsaved
from itas.models.store.worker import NEVER_FITS, Result
from itas.models.store.writing import now

_log = logging.getLogger(__name__)

_CHECKPOINT_BYTES = 32 * 1024 * 1024
_LOOK_AT_LOG_EVERY = 16
_TRY_AGAIN_S = 1.0
_REFUSED = (sqlite3.Error, StoreError, OSError)
"""The disk or another process refuses; it may take the same data later."""


class Memory:
    """Where nothing can be written: all steps are kept in memory.

    Attributes:
        owner: This process, as the store counts them.
        unsaved: What is in memory only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = 0
        self.unsaved = Unsaved()
        self._moving = threading.Lock()  # held while what is unsaved goes over to the disk

    def write_all(self, steps: Sequence[Step]) -> Sequence[Result]:
        """Carry out steps, and give what came of each."""
        return [(True, self.unsaved.add(step)) for step in steps]

    def totals(self, reader: Reader, run: str | None) -> LedgerTotals:
        """The sums of the ledger, each purchase once: what is in memory only must not go over to the disk between
        the two sums. On the reader's thread."""
        with self._moving:
            stored = reader.totals(run)
            return self.unsaved.add_totals(stored, run) if self.unsaved else stored

    def leave(self) -> None:
        """Let go of the file."""
        if self.unsaved.draws:
            _log.warning("call store %s: %d answers were never written", self.path, self.unsaved.draws)


class StoreFile(Memory):
    """A file that is written. Made new if need be; entered as an owner.

    Raises:
        StoreError: Not a store, one of a newer version, or its folder cannot be used.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._next_try_s = 0.0
        self._log_path = beside(path, "wal")
        self._transactions = 0
        with contextlib.ExitStack() as undo:
            self._lock = FileLock(beside(path, "lock"))
            undo.callback(self._lock.close)
            create(path)
            self._connection = connect(path)
            undo.callback(self._connection.close)
            self._writer = BatchWriter(
                self._connection, lambda owner: owner == self.owner or self.is_running(owner)
            )
            self._enter(undo)
            undo.pop_all()

    def is_running(self, owner: int) -> bool:
        """Whether the process of another owner lives."""
        return is_alive(self._owner_file(owner))

    def write_all(self, steps: Sequence[Step]) -> Sequence[Result]:
        """See `Memory.write_all`."""
        if self.unsaved and not self._save_unsaved():
            return super().write_all(steps)
        try:
            results = self.transaction(steps)
        except Unforeseen:
            return [self._write_one(step) for step in steps]
        except (*_REFUSED, *NEVER_FITS) as error:
            if len(steps) == 1:
                return [self._keep(steps[0], error)]
            return [self._write_one(step) for step in steps]
        self.maybe_checkpoint()
        return [(True, result) for result in results]

    def _write_one(self, step: Step) -> Result:
        """One step of a batch that failed: perhaps only another one is to blame."""
        if self.unsaved:
            return True, self.unsaved.add(step)
        try:
            return True, self.transaction([step])[0]
        except (*_REFUSED, *NEVER_FITS) as error:
            return self._keep(step, error)

    def _keep(self, step: Step, error: Exception) -> Result:
        if isinstance(error, NEVER_FITS):
            return False, StoreError(f"{self.path}: this cannot be stored: {error}")
        _log.warning("call store %s: cannot write (%s); going on in memory", self.path, error)
        self._next_try_s = time.monotonic() + _TRY_AGAIN_S
        return True, self.unsaved.add(step)

    def _save_unsaved(self) -> bool:
        """Try, not too often, to write what is in memory only; True if nothing is left there."""
        if time.monotonic() < self._next_try_s:
            return False
        with self._moving:
            left = self._save(self.unsaved.steps)
            self.unsaved = Unsaved(left)
        if left:
            self._next_try_s = time.monotonic() + _TRY_AGAIN_S
            return False
        _log.warning("call store %s: takes data again; what was in memory is written", self.path)
        return True

    def _save(self, steps: Sequence[Step]) -> Sequence[Step]:
        """Write steps, and give those that the disk still refuses.

        One that no database takes must not keep the others out: it is searched for by halves, and given up.
        """
        try:
            try:
                self.transaction(steps)
            except Unforeseen:
                for step in steps:
                    self.transaction([step])
        except NEVER_FITS as error:
            if len(steps) == 1:
                _log.warning("call store %s: given up what cannot be stored: %s", self.path, error)
                return ()
            middle = len(steps) // 2
            left = self._save(steps[:middle])
            return (*left, *(steps[middle:] if left else self._save(steps[middle:])))
        except _REFUSED:
            return steps
        return ()

    def transaction(self, steps: Sequence[Step]) -> list[Written]:
        """Write steps, all or none."""
        with self._locked(), self._in_transaction():
            return self._writer.write_all(steps)

    @contextlib.contextmanager
    def _in_transaction(self) -> Generator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        is_done = False
        try:
            self._writer.begin()
            yield
            self._writer.finish()
            self._connection.execute("COMMIT")
            is_done = True
        finally:
            if not is_done:
                self._writer.forget()
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        """Alone among all processes that have this store open."""
        self._lock.acquire(BUSY_TIMEOUT_S)
        try:
            yield
        finally:
            self._lock.release()

    def maybe_checkpoint(self) -> None:
        """Keep the log of writes small. Under the lock, so that no commit of any process runs meanwhile."""
        self._transactions += 1
        if self._transactions % _LOOK_AT_LOG_EVERY:
            return
        try:
            if self._log_path.stat().st_size < _CHECKPOINT_BYTES:
                return
            with self._locked():
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except _REFUSED as error:
            _log.warning("call store %s: no checkpoint (%s)", self.path, error)

    def _enter(self, undo: contextlib.ExitStack) -> None:
        """Prepare the file, become an owner, and close the books of owners that died."""
        with self._locked():
            prepare(self._connection, self.path)
            with self._in_transaction():
                done = self._connection.execute("INSERT INTO owners (opened_at) VALUES (?)", (now(),))
                assert done.lastrowid is not None
                self.owner = done.lastrowid
                self._alive = FileLock(self._owner_file(self.owner))
                undo.callback(self._alive.close)
                if not self._alive.try_acquire():
                    raise StoreError(f"{self.path}: the place of owner {self.owner} is taken")
                self._settle_dead()

    def _settle_dead(self) -> None:
        """Take over the purchases of processes that are gone."""
        prefix = self._owner_file(0).name[:-1]
        for file in self.path.parent.glob(f"{glob.escape(prefix)}*"):
            is_alive(file)  # removes what a dead process left
        owners = self._connection.execute(
            "SELECT DISTINCT owner FROM ledger WHERE booking IS NULL"
        ).fetchall()
        for (owner,) in owners:
            if owner == self.owner or is_alive(self._owner_file(owner)):
                continue
            count = self._writer.take_over(owner)
            _log.warning("call store: %d calls of a process that ended are booked as uncertain", count)

    def leave(self) -> None:
        """See `Memory.leave`. What the disk refused is tried once more."""
        if self.unsaved:
            self._next_try_s = 0.0
            self._save_unsaved()
        try:
            with self._locked():
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                # The last connection to close makes a checkpoint too; that also belongs under the lock.
                self._connection.close()
        except (sqlite3.Error, StoreError) as error:
            _log.warning("call store %s: closed without tidying up: %s", self.path, error)
            self._connection.close()
        super().leave()
        with contextlib.suppress(OSError):
            self._owner_file(self.owner).unlink(missing_ok=True)
        self._alive.close()
        self._lock.close()

    def _owner_file(self, owner: int) -> Path:
        return beside(self.path, f"owner-{owner}")


def beside(path: Path, what: str) -> Path:
    """A file of ours beside the store."""
    return path.with_name(f"{path.name}-{what}")
