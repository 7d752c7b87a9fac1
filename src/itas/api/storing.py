"""The call store from outside: its size, recordings out of it and into it."""

from pathlib import Path

from itas.api.settings import IN_MEMORY, Settings
from itas.errors import SpecError
from itas.models.store.contract import LedgerTotals, StoreStats
from itas.models.store.exchange import Exchanged, export_recording, import_recording
from itas.models.store.sqlite import open_store


async def measure_store(settings: Settings) -> tuple[StoreStats, LedgerTotals]:
    """How much is stored, and what all of it cost.

    Raises:
        SpecError: There is no store yet.
        StoreError: It cannot be used.
    """
    async with open_store(_existing(settings)) as store:
        return await store.stats(), await store.totals()


async def export_store(settings: Settings, path: Path) -> Exchanged:
    """Write everything that is stored as a recording.

    Raises:
        SpecError: There is no store yet.
    """
    async with open_store(_existing(settings)) as store:
        return await export_recording(store, path)


async def import_store(settings: Settings, path: Path) -> Exchanged:
    """Take the answers of a recording into the store; what is there already stays.

    Raises:
        DataError: The recording is broken; what stood before the broken line is in the store.
    """
    if settings.store == IN_MEMORY:
        raise SpecError("a store in memory forgets what is imported. Name a file with ITAS_STORE")
    async with open_store(Path(settings.store)) as store:
        return await import_recording(store, path)


def _existing(settings: Settings) -> Path:
    path = Path(settings.store)
    if settings.store == IN_MEMORY or not path.is_file():
        raise SpecError(f"there is no call store at '{settings.store}' yet; the first paid call makes it")
    return path
