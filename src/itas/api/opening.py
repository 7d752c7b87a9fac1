"""Open what a run needs: the models behind every id, with store, caps and prices."""

import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from itas.api.settings import IN_MEMORY, Settings, read_environment
from itas.core.architecture import Architecture
from itas.core.model import Model
from itas.core.money import to_micro_usd
from itas.core.problem import Problem
from itas.core.rating import RaterSource
from itas.errors import SpecError, StoreError
from itas.models.budget import Budget
from itas.models.pool import ModelPool
from itas.models.prices import PriceTable
from itas.models.providers.known import Provider
from itas.models.store.contract import CallStore, LedgerTotals
from itas.models.store.forgetful import ForgetfulStore
from itas.models.store.place import open_place
from itas.models.throttle import Throttle
from itas.sandbox import Sandbox

_log = logging.getLogger(__name__)

SandboxChoice = Literal["auto", "bwrap", "ns", "ll", "none"]


@dataclass(frozen=True, slots=True)
class Caps:
    """What a run may spend.

    Attributes:
        max_usd: Dollars; None for no cap.
        max_samples: Samples paid for; None for no cap.
    """

    max_usd: float | None = None
    max_samples: int | None = None

    @property
    def max_micro_usd(self) -> int | None:
        """`max_usd` in millionths of a dollar."""
        return None if self.max_usd is None else to_micro_usd(self.max_usd)


@asynccontextmanager
async def open_models(
    settings: Settings,
    *,
    problems: Iterable[Problem] = (),
    recording: Path | None = None,
    seed: int = 0,
    caps: Caps | None = None,
    run: str = "",
    can_forget: bool = False,
    throttles: Callable[[Provider], Throttle] | None = None,
) -> AsyncGenerator[ModelPool]:
    """A source of models; closes connections and the call store at the end.

    Args:
        settings: Providers, prices and the place of the store.
        problems: What the simulated models know.
        recording: What the replayed models answer from.
        seed: Of the simulated models.
        caps: What may be spent; on a run that is resumed, what it spent before counts.
        run: Name of the run in the ledger; must be its own where it can be resumed.
        can_forget: A call store that cannot be used is said in the log, and the answers stay in memory; for
            work so small that an answer is worth more than its place in the store.
        throttles: Makes the throttle of a provider, where it is shared with other machines.

    Raises:
        SpecError: The settings are wrong, or a ``replay`` model is asked for without a recording.
        DataError: The recording is broken.
        StoreError: The store cannot be used.
    """
    caps = caps or Caps()
    store = await _open_store(settings.store, can_forget=can_forget)
    try:
        before = await store.totals(run) if run else LedgerTotals()
        async with ModelPool(
            settings=settings.providers,
            plugged={"simulated": _simulated(problems, seed), "replay": _replayed(recording)},
            store=store,
            budget=Budget(
                max_micro_usd=caps.max_micro_usd,
                max_samples=caps.max_samples,
                spent_micro_usd=before.spent + before.uncertain,
                spent_samples=before.samples,
            ),
            prices=PriceTable(settings.prices),
            run=run,
            environ=read_environment(),
            context_tokens=settings.context_tokens,
            throttles=throttles,
        ) as pool:
            yield pool
    finally:
        await store.close()


async def _open_store(place: str, *, can_forget: bool) -> CallStore:
    if place == IN_MEMORY and can_forget:
        return ForgetfulStore()
    try:
        return await open_place(place)
    except StoreError as error:
        if not can_forget:
            raise
        _log.warning("%s. Going on without it: nothing that was stored is found, and nothing is kept", error)
        return ForgetfulStore()


@asynccontextmanager
async def open_sandbox(choice: SandboxChoice = "auto", *, needed: bool = False) -> AsyncGenerator[Sandbox]:
    """The one sandbox of a run, for the engine and for scorers that run code; nothing is started before that.

    Args:
        choice: The tier; ``none`` runs code without walls, and every result says so. Only ever an argument, never
            a setting: no file can switch the walls off.
        needed: Code will be run: find out at once, before anything is paid for, whether a tier holds.

    Raises:
        SandboxError: `needed`, and none does; with the cure.
    """
    async with Sandbox(choice, accept_untrusted=choice == "none") as sandbox:
        if needed:
            await sandbox.choose_tier()
        yield sandbox


def open_raters(
    architectures: Iterable[Architecture], opened: RaterSource | None = None
) -> RaterSource | None:
    """The local reward models of some architectures, all of them loaded now; `opened` if they have none.

    Raises:
        SpecError: The extra ``local`` is missing, or a model is not on this machine; nothing was paid for.
    """
    ids = sorted({id for architecture in architectures for id in architecture.raters})
    if not ids:
        return opened
    from itas.models.local import LocalRaters

    raters = opened or LocalRaters()
    for id in ids:
        raters(id)
    return raters


def tightness(
    models: ModelPool,
    *,
    samples: int,
    micro_usd: int,
    elsewhere: Callable[[], tuple[int, int]] | None = None,
) -> Callable[[int], bool]:
    """For `evaluation.evaluate`: whether a cap may be reached by as many problems as are under way and one more.

    Args:
        models: Whose caps hold.
        samples: Planned for one problem.
        micro_usd: Estimated price of one problem.
        elsewhere: Samples and micro-dollars that others have paid for this run, where they work on it.
    """

    def is_tight(under_way: int) -> bool:
        left, money = models.budget.remaining_samples, models.budget.remaining_micro_usd
        if elsewhere is not None:
            paid, spent = elsewhere()
            left = None if left is None else left - paid
            money = None if money is None else money - spent
        wanted = under_way + 1
        return (left is not None and left < wanted * samples) or (
            money is not None and money < wanted * micro_usd
        )

    return is_tight


def _simulated(problems: Iterable[Problem], seed: int) -> Callable[[str], Model]:
    from itas.models.simulated import SimulatedPool

    pool: list[SimulatedPool] = []

    def find(name: str) -> Model:
        if not pool:
            pool.append(SimulatedPool(problems, seed))
        return pool[0].model(name)

    return find


def _replayed(recording: Path | None) -> Callable[[str], Model]:
    loaded: list[Callable[[str], Model]] = []

    def find(name: str) -> Model:
        if recording is None:
            raise SpecError(f"'replay/{name}' needs a recording. Give its file with --recording")
        if not loaded:
            from itas.models.replay import load_recording

            loaded.append(load_recording(recording).model)
        return loaded[0](name)

    return find
