"""What is read from a call store on PostgreSQL, as SQL."""

import logging
from collections.abc import Sequence
from typing import Any

from itas.core.request import Completion, Request
from itas.models.store.contract import LedgerTotals, Recorded
from itas.models.store.postgres_schema import OWNER_CLASS
from itas.models.store.postgres_steps import plain
from itas.models.store.rows import Damaged, checksum, decode_request, read_draw

_log = logging.getLogger(__name__)

_FIND = """
SELECT wanted.place, draw.number, draw.body, draw.checksum
FROM unnest($1::integer[], $2::bytea[], $3::bigint[]) AS wanted (place, key, number)
JOIN itas_draws draw USING (key, number)
"""
_TOTALS = """
SELECT coalesce(sum(spent), 0)::bigint, coalesce(sum(uncertain), 0)::bigint, coalesce(sum(reserved), 0)::bigint,
       coalesce(sum(samples), 0)::bigint, coalesce(sum(unpriced), 0)::bigint,
       coalesce(sum(reserved_samples), 0)::bigint
FROM itas_accounts WHERE $1::text IS NULL OR run = $1
"""
_COUNTS = """
SELECT (SELECT count(*) FROM itas_requests), (SELECT count(*) FROM itas_draws),
       pg_total_relation_size('itas_requests') + pg_total_relation_size('itas_draws')
           + pg_total_relation_size('itas_ledger') + pg_total_relation_size('itas_accounts'),
       (SELECT count(*) FROM itas_damaged)
"""
_OTHERS = f"""
SELECT id, beats,
       EXISTS (SELECT 1 FROM pg_locks
               WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = ({OWNER_CLASS})::oid
                   AND objid = itas_owners.id::oid
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
       clock_timestamp() - greatest(seen_at, pg_postmaster_start_time()) > make_interval(secs => $2)
FROM itas_owners
WHERE id <> $1 AND id IN (SELECT owner FROM itas_ledger WHERE booking IS NULL)
"""


class Reader:
    """Reads on a connection.

    Attributes:
        damaged: Rows found damaged so far.
    """

    def __init__(self) -> None:
        self.damaged = 0

    async def find(
        self, connection: Any, asked: Sequence[tuple[str, Sequence[int]]]
    ) -> list[dict[int, Completion]]:
        """For each list of draws that is asked for, the stored ones. A damaged one is not stored."""
        keys = [bytes.fromhex(key) for key, _ in asked]
        wanted = [(place, keys[place], each) for place, (_, numbers) in enumerate(asked) for each in numbers]
        found: list[dict[int, Completion]] = [{} for _ in asked]
        rows: list[tuple[int, int, bytes, bytes]] = await connection.fetch(
            _FIND, *map(list, zip(*wanted, strict=True))
        )
        for place, number, body, check in rows:
            try:
                found[place][number] = read_draw(keys[place], number, body, check)
            except Damaged as damage:
                self.damaged += 1
                _log.warning("call store: draw %d of %s is damaged: %s", number, asked[place][0][:12], damage)
        return found

    async def totals(self, connection: Any, run: str | None) -> LedgerTotals:
        """Sums of the ledger."""
        return LedgerTotals(*await connection.fetchrow(_TOTALS, None if run is None else plain(run)))

    async def is_open(self, connection: Any, intent: int) -> bool:
        """Whether a purchase is still on its way."""
        return bool(
            await connection.fetchval("SELECT 1 FROM itas_ledger WHERE id = $1 AND booking IS NULL", intent)
        )

    async def counts(self, connection: Any) -> tuple[int, int, int, int]:
        """Requests, draws, bytes on disk, rows in quarantine."""
        requests, draws, size, damaged = await connection.fetchrow(_COUNTS)
        return requests, draws, size, damaged

    async def others(self, connection: Any, me: int, gone_s: float) -> list[tuple[int, int, bool, bool]]:
        """Other processes with open purchases: id, beats, whether their connection stands, whether the last beat
        is longer ago than `gone_s`."""
        return [tuple(row) for row in await connection.fetch(_OTHERS, me, gone_s)]

    async def page(self, connection: Any, after: bytes, count: int) -> tuple[list[Recorded], bytes | None]:
        """Some requests with their draws, by key; and where to go on, None at the end."""
        rows = await connection.fetch(
            "SELECT key, body, checksum FROM itas_requests WHERE key > $1 ORDER BY key LIMIT $2", after, count
        )
        keys = [row[0] for row in rows]
        draws: dict[bytes, dict[int, Completion]] = {key: {} for key in keys}
        for key, number, body, check in await connection.fetch(
            "SELECT key, number, body, checksum FROM itas_draws WHERE key = ANY ($1::bytea[]) ORDER BY key, number",
            keys,
        ):
            try:
                draws[key][number] = read_draw(key, number, body, check)
            except Damaged:
                self.damaged += 1
        found = [
            Recorded(key.hex(), request, draws[key])
            for key, body, check in rows
            if (request := self._read_request(key, body, check))
        ]
        return found, keys[-1] if len(rows) == count else None

    def _read_request(self, key: bytes, body: bytes, found: bytes) -> Request | None:
        try:
            if checksum(key, -1, body) != found:
                raise Damaged("the checksum does not fit")
            return decode_request(body)
        except Damaged as damage:
            self.damaged += 1
            _log.warning("call store: request %s is damaged: %s", key.hex()[:12], damage)
            return None
