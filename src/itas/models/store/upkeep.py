"""Upkeep of a store file: what is in it by model, and removing what is not wanted any more.

These read or change the whole file and may take seconds; they are for people, not for a run. The ledger of what
was paid is never pruned.
"""

import contextlib
import fnmatch
import logging
import sqlite3
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from itas.errors import SpecError, StoreError
from itas.models.store.accounts import COLUMNS, SUMS
from itas.models.store.lock import FileLock
from itas.models.store.rows import Damaged, model_in
from itas.models.store.schema import BUSY_TIMEOUT_S, check, connect
from itas.models.store.writing import now

_log = logging.getLogger(__name__)

_CHUNK = 2000
_ROW_BYTES = 150  # checksum, key, index entry and page headers around one draw
_MOST_ROUNDS = 5
UNREADABLE = "(damaged)"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """What is stored of one model.

    Attributes:
        model: ``provider/model``.
        requests: Different requests.
        draws: Draws of all of them.
        bytes: Of their texts as stored.
        oldest_s: When the oldest was stored, in seconds since 1970.
        newest_s: When the newest was stored.
    """

    model: str
    requests: int
    draws: int
    bytes: int
    oldest_s: int
    newest_s: int


@dataclass(frozen=True, slots=True)
class PruneRule:
    """Which draws are to go: those to which all that is said here applies.

    Attributes:
        older_than_s: Stored longer ago than this.
        models: Of models whose id fits one of these patterns (``openai/*``); of all, if empty.
        to_bytes: The oldest of them, until the file is no larger than this.
    """

    older_than_s: float | None = None
    models: tuple[str, ...] = ()
    to_bytes: int | None = None

    def check(self) -> None:
        """Refuse a rule that would remove everything.

        Raises:
            SpecError: Nothing is said.
        """
        if self.older_than_s is None and not self.models and self.to_bytes is None:
            raise SpecError("say what is to go: --older-than, --model or --to-size")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a pruning removed, or would remove.

    Attributes:
        draws: How many.
        bytes: Of their texts.
        file_bytes: Size of the file now.
    """

    draws: int
    bytes: int
    file_bytes: int


def list_models(path: Path) -> list[StoredModel]:
    """What is stored, by model; damaged requests are one of their own. Says in the log where the books do not add up.

    Raises:
        StoreError: The store cannot be read.
    """
    with _opened(path) as connection:
        _check_books(connection, path)
        rows = connection.execute(
            """
            SELECT model, count(*), sum(draws), sum(bytes), min(oldest), max(newest)
            FROM (SELECT model_of(requests.body) AS model, count(*) AS draws, sum(length(draws.body)) AS bytes,
                         min(stored_at) AS oldest, max(stored_at) AS newest
                  FROM draws JOIN requests USING (key) GROUP BY draws.key)
            GROUP BY model ORDER BY sum(bytes) DESC, model
            """
        ).fetchall()
    return [StoredModel(*row) for row in rows]


def _check_books(connection: sqlite3.Connection, path: Path) -> None:
    """Every purchase stands twice in the books: as a row of the ledger, and in the sums of its run."""
    connection.execute("BEGIN")  # both from the same moment
    rows = {run: tuple(sums) for run, *sums in connection.execute(SUMS)}
    kept = {run: tuple(sums) for run, *sums in connection.execute(f"SELECT run, {COLUMNS} FROM accounts")}
    connection.execute("COMMIT")
    for run in sorted(run for run in rows.keys() | kept.keys() if rows.get(run) != kept.get(run)):
        _log.warning(
            "call store %s: the ledger of run '%s' does not add up to its sums, so the file is damaged there. Caps "
            "go by the sums; the bill of the provider is the truth",
            path, run,
        )  # fmt: skip


def prune(path: Path, rule: PruneRule, *, is_rehearsal: bool = False) -> Pruned:
    """Remove draws, and requests that have none left, and give the space back to the disk.

    Other processes may use the store meanwhile; they wait while the file is made smaller.

    Args:
        path: The store.
        rule: What is to go.
        is_rehearsal: Only count.

    Raises:
        SpecError: The rule says nothing.
        StoreError: The store cannot be changed.
    """
    rule.check()
    with _opened(path) as connection, contextlib.closing(FileLock(_lock_path(path))) as lock:
        draws = size = 0
        for _ in range(_MOST_ROUNDS if rule.to_bytes is not None and not is_rehearsal else 1):
            found = _choose(connection, rule)
            draws, size = draws + found[0], size + found[1]
            if is_rehearsal or not found[0]:
                break
            _remove(connection, lock, found[0])
            _shrink(connection, lock)
        return Pruned(draws, size, _file_bytes(connection))


def _choose(connection: sqlite3.Connection, rule: PruneRule) -> tuple[int, int]:
    """Write down which draws are to go, oldest first; gives how many, and the bytes of their texts."""
    before = time.time() - rule.older_than_s if rule.older_than_s is not None else 2**62
    patterns = "\n".join(rule.models)
    excess = _file_bytes(connection) - rule.to_bytes if rule.to_bytes is not None else 2**62
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY, bytes INTEGER)")
    connection.execute("DELETE FROM doomed")
    connection.execute(
        f"""
        INSERT INTO doomed
        SELECT id, bytes FROM (
            SELECT draws.rowid AS id, length(body) AS bytes,
                   sum(length(body) + {_ROW_BYTES}) OVER (ORDER BY stored_at, draws.rowid) - length(body)
                       - {_ROW_BYTES} AS freed
            FROM draws
            WHERE stored_at < ?1 AND (?2 = '' OR key IN (SELECT key FROM requests WHERE fits(body, ?2)))
        ) WHERE freed < ?3
        """,
        (before, patterns, excess),
    )
    return connection.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM doomed").fetchone()


def _remove(connection: sqlite3.Connection, lock: FileLock, count: int) -> None:
    """In pieces, so that others can write in between."""
    while connection.execute("SELECT 1 FROM doomed").fetchone():
        with _alone(connection, lock):
            chosen = f"SELECT id FROM doomed ORDER BY id LIMIT {_CHUNK}"
            connection.execute(f"DELETE FROM draws WHERE rowid IN ({chosen})")
            connection.execute(f"DELETE FROM doomed WHERE id IN ({chosen})")
    with _alone(connection, lock):
        connection.execute(
            "DELETE FROM requests WHERE NOT EXISTS (SELECT 1 FROM draws WHERE draws.key = requests.key)"
        )
        # Tells other processes that a request they have stored may be gone.
        connection.execute("INSERT INTO prunings (at, draws) VALUES (?, ?)", (now(), count))


def _shrink(connection: sqlite3.Connection, lock: FileLock) -> None:
    lock.acquire(BUSY_TIMEOUT_S)
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        lock.release()


@contextlib.contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    try:
        connection = connect(path, how="mode=rw")
        with contextlib.closing(connection):
            check(connection, path)
            connection.create_function("model_of", 1, _model_of, deterministic=True)
            connection.create_function("fits", 2, _fits, deterministic=True)
            yield connection
            # The last connection to close makes a checkpoint; that belongs under the lock.
            with contextlib.closing(FileLock(_lock_path(path))) as lock:
                lock.acquire(BUSY_TIMEOUT_S)
                connection.close()
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: {error}") from None


@contextlib.contextmanager
def _alone(connection: sqlite3.Connection, lock: FileLock) -> Generator[None]:
    lock.acquire(BUSY_TIMEOUT_S)
    try:
        connection.execute("BEGIN IMMEDIATE")
        with contextlib.ExitStack() as undo:
            undo.callback(connection.execute, "ROLLBACK")
            yield
            connection.execute("COMMIT")
            undo.pop_all()
    finally:
        lock.release()


def _file_bytes(connection: sqlite3.Connection) -> int:
    pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
    size: int = connection.execute("PRAGMA page_size").fetchone()[0]
    return pages * size


def _model_of(body: bytes) -> str:
    try:
        return model_in(body)
    except Damaged:
        return UNREADABLE


def _fits(body: bytes, patterns: str) -> bool:
    model = _model_of(body)
    return any(fnmatch.fnmatchcase(model, pattern) for pattern in patterns.split("\n"))


def _lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}-lock")
