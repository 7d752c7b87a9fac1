"""The call store from outside: what is in it, removing some of it, recordings out of it and into it."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from itas.api.settings import IN_MEMORY, Settings, read_environment
from itas.errors import SpecError
from itas.models.editions import editions
from itas.models.store.contract import CallStore, LedgerTotals, StoreStats
from itas.models.store.exchange import Exchanged, export_recording, import_recording
from itas.models.store.place import is_shared, open_place
from itas.models.store.sqlite import open_store
from itas.models.store.upkeep import Pruned, PruneRule, StoredModel, list_models, prune

_AGES_S = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


async def measure_store(settings: Settings) -> tuple[StoreStats, LedgerTotals]:
    """How much is stored, and what all of it cost.

    Raises:
        SpecError: There is no store yet.
        StoreError: It cannot be used.
    """
    async with _opened(settings) as store:
        return await store.stats(), await store.totals()


async def export_store(settings: Settings, path: Path) -> Exchanged:
    """Write everything that is stored as a recording.

    Raises:
        SpecError: There is no store yet.
    """
    async with _opened(settings) as store:
        return await export_recording(store, path, edition_of=_editions(settings))


async def import_store(settings: Settings, path: Path) -> Exchanged:
    """Take the answers of a recording into the store; what is there already stays.

    Raises:
        DataError: The recording is broken; what stood before the broken line is in the store.
    """
    if settings.store == IN_MEMORY:
        raise SpecError("a store in memory forgets what is imported. Name a file with ITAS_STORE")
    async with _opened_at(settings.store) as store:
        return await import_recording(store, path, edition_of=_editions(settings))


async def list_store(settings: Settings) -> list[StoredModel]:
    """What is stored, by model.

    Raises:
        SpecError: There is no store yet.
        StoreError: It cannot be used.
    """
    if is_shared(settings.store):
        from itas.models.store.postgres_upkeep import list_shared_models

        return await list_shared_models(settings.store)
    path = _existing(settings)
    await open_store(path).close()  # an old one is brought up to date
    return await asyncio.to_thread(list_models, path)


async def prune_store(
    settings: Settings,
    *,
    older_than: str | None = None,
    models: tuple[str, ...] = (),
    to_size: str | None = None,
    is_rehearsal: bool,
) -> Pruned:
    """Remove stored answers to which everything said here applies, or only count them.

    Args:
        settings: Where the store is.
        older_than: An age, such as ``90d``; see `read_age`.
        models: Patterns of model ids, such as ``openai/*``.
        to_size: A size that the file is to have, such as ``500MB``; see `read_size`.
        is_rehearsal: Only count.

    Raises:
        SpecError: There is no store yet, nothing is said, or it cannot be read.
        StoreError: The store cannot be changed.
    """
    rule = PruneRule(
        older_than_s=None if older_than is None else read_age(older_than),
        models=models,
        to_bytes=None if to_size is None else read_size(to_size),
    )
    rule.check()
    if is_shared(settings.store):
        from itas.models.store.postgres_upkeep import prune_shared

        return await prune_shared(settings.store, rule, is_rehearsal=is_rehearsal)
    path = _existing(settings)
    await open_store(path).close()
    return await asyncio.to_thread(prune, path, rule, is_rehearsal=is_rehearsal)


def read_age(text: str) -> int:
    """Seconds of an age: a whole number with ``m``, ``h``, ``d`` or ``w`` behind it.

    Raises:
        SpecError: It is something else.
    """
    found = re.fullmatch(r"([0-9]{1,9})\s*([mhdw])", text.strip().lower())
    if found is None:
        raise SpecError(f"an age is a number of minutes, hours, days or weeks such as 90d, found '{text}'")
    return int(found[1]) * _AGES_S[found[2]]


def read_size(text: str) -> int:
    """Bytes of a size: a number, with ``kB``, ``MB`` or ``GB`` behind it or not.

    Raises:
        SpecError: It is something else.
    """
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([kmg]?)b?", text.strip().lower())
    if found is None:
        raise SpecError(f"a size is a number of bytes, kB, MB or GB such as 500MB, found '{text}'")
    return int(float(found[1]) * _SIZES[found[2]])


def _editions(settings: Settings) -> Callable[[str], str]:
    return editions(settings.providers, read_environment())


def _opened(settings: Settings) -> AbstractAsyncContextManager[CallStore]:
    return _opened_at(settings.store if is_shared(settings.store) else str(_existing(settings)))


@asynccontextmanager
async def _opened_at(place: str) -> AsyncGenerator[CallStore]:
    store = await open_place(place)
    try:
        yield store
    finally:
        await store.close()


def _existing(settings: Settings) -> Path:
    path = Path(settings.store)
    if settings.store == IN_MEMORY or not path.is_file():
        raise SpecError(f"there is no call store at '{settings.store}' yet; the first paid call makes it")
    return path
