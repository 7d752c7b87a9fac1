"""How long answers are likely to be, for estimates: looks up what the call store has, asks nobody."""

from collections.abc import Iterable
from pathlib import Path

from itas.api.settings import IN_MEMORY, Settings, read_environment
from itas.benchmarks.benchmark import Benchmark
from itas.core.component import Component
from itas.core.request import Request
from itas.errors import StoreError
from itas.evaluation.estimate import Lengths
from itas.evaluation.lengths import assumed_lengths, seen_lengths
from itas.models.editions import editions
from itas.models.store.contract import CallStore, store_key
from itas.models.store.place import is_shared, open_place

LOOKED_AT = 50
"""Problems whose stored answers are looked up, for each generator."""


async def find_lengths(
    benchmark: Benchmark, generators: Iterable[Component], *, settings: Settings
) -> Lengths:
    """What stored answers of these generators to the first problems took; what is usual where none is stored.

    A store that cannot be read is none: whoever buys says so.
    """
    asked = list(generators)
    assumed = assumed_lengths(benchmark, [model for each in asked for model in each.models()])
    if not _is_there(settings.store):
        return assumed
    try:
        store = await open_place(settings.store)
    except StoreError:
        return assumed
    try:
        return seen_lengths(assumed, await _look_up(store, benchmark, asked, settings))
    except StoreError:
        return assumed
    finally:
        await store.close()


def _is_there(place: str) -> bool:
    return place != IN_MEMORY and (is_shared(place) or Path(place).is_file())


async def _look_up(
    store: CallStore, benchmark: Benchmark, generators: Iterable[Component], settings: Settings
) -> dict[str, list[int]]:
    """Tokens of the first stored draws, by model."""
    edition = editions(settings.providers, read_environment())
    found: dict[str, list[int]] = {}
    asked: set[tuple[object, ...]] = set()
    for each in generators:
        (model,) = each.models()
        setting = (model, getattr(each, "temperature", None), getattr(each, "max_tokens", None))
        if setting in asked:
            continue
        asked.add(setting)
        for problem in benchmark.problems[:LOOKED_AT]:
            request = Request(
                model=model,
                messages=problem.conversation,
                temperature=setting[1],
                max_tokens=setting[2],
            )
            stored = await store.find(store_key(request, edition(model)), [0])
            tokens = [draw.usage.tokens_out for draw in stored.values() if draw.usage.tokens_out]
            found.setdefault(model, []).extend(tokens)
    return found
