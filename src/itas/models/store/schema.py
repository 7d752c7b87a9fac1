"""The tables of the durable store, and what makes a file ours."""

import contextlib
import logging
import os
import sqlite3
import time
from pathlib import Path

from itas.errors import StoreError
from itas.models.store.accounts import SUMS

_log = logging.getLogger(__name__)

APPLICATION_ID = 0x69746173  # "itas"
VERSION = 2
BUSY_TIMEOUT_S = 30.0

_TABLES = """
CREATE TABLE requests (
    key BLOB PRIMARY KEY,      -- SHA-256 of the request
    body BLOB NOT NULL,
    checksum BLOB NOT NULL
);
CREATE TABLE draws (
    key BLOB NOT NULL,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    checksum BLOB NOT NULL,
    stored_at INTEGER NOT NULL,  -- seconds since 1970
    PRIMARY KEY (key, number)
);
CREATE TABLE damaged (         -- rows that did not fit their checksum, kept for whoever wants to look
    key BLOB NOT NULL,
    number INTEGER NOT NULL,
    body BLOB,
    checksum BLOB
);
CREATE TABLE owners (          -- processes that had the store open
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    opened_at TEXT NOT NULL,
    beats INTEGER NOT NULL DEFAULT 0  -- goes up every few seconds while a purchase is open
);
CREATE TABLE ledger (          -- no checksums: `accounts` holds the same money once more; see `upkeep.list_models`
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    run TEXT NOT NULL,
    model TEXT NOT NULL,
    key BLOB NOT NULL,
    first INTEGER NOT NULL,
    n INTEGER NOT NULL,
    reserved_micro_usd INTEGER,  -- NULL: the price is unknown
    booking TEXT,                -- NULL: still open; spent, void, uncertain
    micro_usd INTEGER,
    samples INTEGER NOT NULL DEFAULT 0,
    opened_at TEXT NOT NULL
);
CREATE INDEX ledger_open ON ledger (key, owner) WHERE booking IS NULL;
"""

_ACCOUNTS = """
CREATE TABLE accounts (        -- sums of the ledger
    run TEXT PRIMARY KEY,
    spent INTEGER NOT NULL,
    uncertain INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    reserved_samples INTEGER NOT NULL
);
CREATE TABLE prunings (        -- one row for each time that draws were removed on purpose
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    draws INTEGER NOT NULL
);
"""


def create(path: Path) -> None:
    """Make an empty file, if there is none, that only its owner can read: prompts are private. SQLite gives
    the files it puts beside it the same mode."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a store that can only be read.

    SQLite reads it as it is on the disk only where no log of writes lies beside it: what stands in the log
    would be missing.

    Raises:
        StoreError: Not a store, one of a newer version, or its log cannot be read here.
    """
    try:
        return _checked(connect(path, how="mode=ro"), path)
    except sqlite3.OperationalError as error:  # no place for the files that reading beside writers needs
        log = path.with_name(f"{path.name}-wal")
        if log.exists():
            raise StoreError(
                f"{path}: cannot be read where nothing can be written, because the newest answers are still in "
                f"{log.name} ({error}). Copy both files to a folder of your own"
            ) from None
    return _checked(connect(path, how="mode=ro&immutable=1"), path)


def _checked(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        check(connection, path)
        if connection.execute("PRAGMA user_version").fetchone()[0] == 1:  # cannot be upgraded here
            connection.execute(f"CREATE TEMP VIEW accounts AS {SUMS}")
        undo.pop_all()
    return connection


def connect(path: Path, *, how: str = "mode=rwc", timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Open a file. Statements begin and end their transactions by themselves or by BEGIN and COMMIT."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?{how}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
    )
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        _set_up(connection)
        undo.pop_all()
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    # Checkpoints are made by hand, under the lock: SQLite 3.7.0 to 3.51.2 can lose a commit that races one
    # (https://sqlite.org/wal.html#walresetbug).
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    # Keys are hashes: each insert lands on another page of the index; the default of 2 MB holds too few. What does
    # not fit is read from the system's cache, so that more than this saves little and is held by every process.
    connection.execute("PRAGMA cache_size = -8192")


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file, or check that an old one is ours. To be called under the lock.

    Raises:
        StoreError: Not a store, or one of a newer version.
    """
    check(connection, path, may_be_new=True)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("PRAGMA application_id").fetchone()[0] == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} {_ACCOUNTS} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {VERSION}; COMMIT;"
        )
    elif connection.execute("PRAGMA user_version").fetchone()[0] == 1:
        _upgrade_from_1(connection)
        _log.warning(
            "call store %s: brought up to version %d. Answers of servers at an address of your own were kept "
            "without that address before; they are asked for again",
            path, VERSION,
        )  # fmt: skip


def _upgrade_from_1(connection: sqlite3.Connection) -> None:
    """Version 1 knew no age of draws, so it counts from now; and no sums of the ledger."""
    script = (
        f"BEGIN IMMEDIATE; {_ACCOUNTS} INSERT INTO accounts {SUMS};"
        f"ALTER TABLE draws ADD COLUMN stored_at INTEGER NOT NULL DEFAULT {int(time.time())};"
        "ALTER TABLE owners ADD COLUMN beats INTEGER NOT NULL DEFAULT 0;"
        "DROP INDEX ledger_open; CREATE INDEX ledger_open ON ledger (key, owner) WHERE booking IS NULL;"
        f"PRAGMA user_version = {VERSION}; COMMIT;"
    )
    with contextlib.ExitStack() as undo:
        undo.callback(lambda: connection.execute("ROLLBACK") if connection.in_transaction else None)
        connection.executescript(script)


def check(connection: sqlite3.Connection, path: Path, *, may_be_new: bool = False) -> None:
    """Refuse files that are not ours, before anything is changed in them.

    Raises:
        StoreError: Not a store, or one of a newer version.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if application == 0 and may_be_new and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        return
    if application != APPLICATION_ID:
        raise StoreError(f"{path}: this is a database of another program. Choose another file for the store")
    if found > VERSION:
        raise StoreError(
            f"{path}: this store has version {found}, this program knows versions up to {VERSION}. "
            "Use a newer program, or choose another file"
        )
