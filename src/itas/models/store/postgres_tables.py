"""Make the tables of a call store in a database, or bring old ones up to date."""

import logging
from typing import Any

from itas.errors import StoreError
from itas.models.store.postgres_link import load_driver
from itas.models.store.postgres_schema import MIGRATION_CLASS, MIGRATIONS

_log = logging.getLogger(__name__)

# Not to_regclass: after waiting for a lock it may still answer from before.
_EXISTS = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relname = 'itas_store' AND nspname = ANY (current_schemas(false))
"""


async def prepare(connection: Any, place: str) -> None:
    """Bring the store in this database to the newest version.

    Raises:
        StoreError: It is newer than this program, or this user may make no tables.
    """
    newest = max(MIGRATIONS)
    if await _version(connection, place) == newest:
        return
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_CLASS}, 0)")
            version = await _version(connection, place)
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS itas_store "
                "(version integer NOT NULL, brought_at timestamptz NOT NULL DEFAULT now())"
            )
            for number in range(version + 1, newest + 1):
                await connection.execute(MIGRATIONS[number])
                await connection.execute("INSERT INTO itas_store (version) VALUES ($1)", number)
    except (load_driver().InsufficientPrivilegeError, load_driver().InvalidSchemaNameError) as error:
        raise StoreError(
            f"{place}: this user may make no tables there ({error}). As the owner of the database: CREATE SCHEMA "
            "itas AUTHORIZATION the_user; then add ?search_path=itas to the address"
        ) from None
    if 0 < version < newest:
        _log.warning("call store %s: brought up to version %d", place, newest)


async def _version(connection: Any, place: str) -> int:
    """0 where there is no store yet."""
    if not await connection.fetchval(_EXISTS):
        return 0
    version = int(await connection.fetchval("SELECT coalesce(max(version), 0) FROM itas_store"))
    if version > max(MIGRATIONS):
        raise StoreError(
            f"{place}: this store has version {version}, this program knows versions up to {max(MIGRATIONS)}. "
            "Use a newer program, or choose another database"
        )
    return version
