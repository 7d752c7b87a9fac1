"""Upkeep of a call store on PostgreSQL: what is in it by model, and removing what is not wanted any more.

The space of removed rows is used again by the server's own housekeeping; it is not given back to the disk.
"""

import fnmatch
from collections.abc import AsyncGenerator
from typing import Any

from itas.errors import SpecError
from itas.models.store.postgres_link import Link
from itas.models.store.postgres_tables import prepare
from itas.models.store.rows import Damaged, decode_request
from itas.models.store.upkeep import UNREADABLE, Pruned, PruneRule, StoredModel

_PATIENCE_S = 10.0
_PAGE = 1000
_LISTS = """
SELECT request.key, request.body, count(draw.number), coalesce(sum(length(draw.body)), 0)::bigint,
       coalesce(extract(epoch FROM min(draw.stored_at)), 0)::bigint,
       coalesce(extract(epoch FROM max(draw.stored_at)), 0)::bigint
FROM (SELECT key, body FROM itas_requests WHERE key > $1 ORDER BY key LIMIT $2) AS request
JOIN itas_draws draw USING (key)
WHERE draw.stored_at < coalesce(now() - make_interval(secs => $3), 'infinity')
GROUP BY request.key, request.body
"""
_LAST_KEY = """
SELECT key FROM (SELECT key FROM itas_requests WHERE key > $1 ORDER BY key LIMIT $2) AS page ORDER BY key DESC LIMIT 1
"""
_REMOVE = """
WITH gone AS (
    DELETE FROM itas_draws WHERE key = ANY ($1::bytea[])
        AND stored_at < coalesce(now() - make_interval(secs => $2), 'infinity')
    RETURNING key
)
DELETE FROM itas_requests WHERE key IN (SELECT key FROM gone) AND NOT EXISTS (
    SELECT 1 FROM itas_draws WHERE itas_draws.key = itas_requests.key
        AND stored_at >= coalesce(now() - make_interval(secs => $2), 'infinity'))
"""
_BYTES = "SELECT pg_total_relation_size('itas_requests') + pg_total_relation_size('itas_draws')"


async def list_shared_models(address: str) -> list[StoredModel]:
    """As `upkeep.list_models`."""
    found: dict[str, StoredModel] = {}

    async def count(connection: Any) -> None:
        await prepare(connection, link.place)
        found.clear()
        async for rows in _pages(connection, None):
            for _, body, draws, size, oldest, newest in rows:
                model = _model_of(body)
                before = found.get(model) or StoredModel(model, 0, 0, 0, oldest, newest)
                found[model] = StoredModel(
                    model,
                    before.requests + 1,
                    before.draws + draws,
                    before.bytes + size,
                    min(before.oldest_s, oldest),
                    max(before.newest_s, newest),
                )

    link = Link(address)
    try:
        await link.do(count, patience_s=_PATIENCE_S)
    finally:
        await link.close()
    return sorted(found.values(), key=lambda each: (-each.bytes, each.model))


async def prune_shared(address: str, rule: PruneRule, *, is_rehearsal: bool = False) -> Pruned:
    """As `upkeep.prune`.

    Raises:
        SpecError: The rule says nothing, or a size: that is for files.
        StoreError: The store cannot be changed.
    """
    rule.check()
    if rule.to_bytes is not None:
        raise SpecError(
            "a database does not become smaller by removing rows, so --to-size is for files only. "
            "Say what is to go with --older-than or --model"
        )
    pruned: list[Pruned] = []

    async def remove(connection: Any) -> None:
        await prepare(connection, link.place)
        draws = size = 0
        async for rows in _pages(connection, rule.older_than_s):
            chosen = [row for row in rows if _fits(_model_of(row[1]), rule.models)]
            draws += sum(row[2] for row in chosen)
            size += sum(row[3] for row in chosen)
            if not is_rehearsal:
                await connection.execute(_REMOVE, [row[0] for row in chosen], rule.older_than_s)
        pruned.append(Pruned(draws, size, await connection.fetchval(_BYTES)))

    link = Link(address)
    try:
        await link.do(remove, patience_s=_PATIENCE_S)
    finally:
        await link.close()
    return pruned[-1]


async def _pages(connection: Any, older_than_s: float | None) -> AsyncGenerator[list[Any]]:
    after: Any = b""
    while (last := await connection.fetchval(_LAST_KEY, after, _PAGE)) is not None:
        yield await connection.fetch(_LISTS, after, _PAGE, older_than_s)
        after = last


def _model_of(body: bytes) -> str:
    try:
        return decode_request(body).model
    except Damaged:
        return UNREADABLE


def _fits(model: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(model, pattern) for pattern in patterns)
