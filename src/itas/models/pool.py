"""Pool: gives the model behind every id, each with its chain of wrappers, made once.

A network provider is only imported when the first of its models is asked for.
"""

import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from itas.core.model import Model
from itas.errors import SpecError
from itas.models.budget import Budget
from itas.models.chain import build_chain
from itas.models.editions import edition_of
from itas.models.meter import Tally
from itas.models.plugged import model_registry
from itas.models.prices import FREE, Price, PriceTable, find_context_tokens
from itas.models.providers.known import KNOWN, Provider, ProviderSettings, find_provider, unknown_provider
from itas.models.providers.wire import Wire, WireModel
from itas.models.retry import RetryPolicy
from itas.models.store.contract import CallStore
from itas.models.store.memory import MemoryStore
from itas.models.throttle import Throttle


class ModelPool:
    """A `core.model.ModelSource`. Belongs to one event loop; close it before the loop ends.

    Args:
        settings: What the user says about providers, by name.
        plugged: Further providers by name: makes the model from the part of the id after the name, for
            instance ``{"simulated": ..., "replay": ...}``. They hide known ones. What it makes costs nothing,
            unless it has an attribute `price` (a `Price`), and its draws are stored by request alone, unless
            it has an attribute `edition` (a text; see `store_key`).
        store: Where draws are remembered; in memory by default. The caller closes it.
        budget: Whose caps hold; none by default.
        prices: Finds prices.
        retry: How patient to be with network providers.
        run: Which run pays, for the ledger.
        environ: Keys and addresses come from here; the process's environment by default.
        context_tokens: Lengths of contexts by model id; win over the installed table.
        throttles: Makes the throttle of a provider, where it is shared with other machines.

    Attributes:
        used: Counts every draw that is given out.
        paid: Counts every draw that is bought.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, ProviderSettings] | None = None,
        plugged: Mapping[str, Callable[[str], Model]] | None = None,
        store: CallStore | None = None,
        budget: Budget | None = None,
        prices: PriceTable | None = None,
        retry: RetryPolicy | None = None,
        run: str = "",
        environ: Mapping[str, str] | None = None,
        context_tokens: Mapping[str, int] | None = None,
        throttles: Callable[[Provider], Throttle] | None = None,
    ) -> None:
        self.used = Tally()
        self.paid = Tally()
        self.store: CallStore = MemoryStore() if store is None else store
        self.budget = budget or Budget()
        self._settings = dict(settings or {})
        self._plugged = dict(plugged or {})
        self._prices = prices or PriceTable()
        self._retry = retry or RetryPolicy()
        self._make_throttle = throttles or _new_throttle
        self._run = run
        self._context_tokens: dict[str, int | None] = dict(context_tokens or {})
        self._environ = os.environ if environ is None else environ
        self._models: dict[str, Model] = {}
        self._wires: dict[str, Wire] = {}
        self._throttles: dict[str, Throttle] = {}
        self._is_closed = False

    def __call__(self, model_id: str) -> Model:
        """The model of that id.

        Raises:
            SpecError: Not a model id, an unknown provider, or no price under a cap in dollars.
            MissingKey: The provider needs a key and none is set.
        """
        if self._is_closed:
            raise SpecError("this pool of models is closed")
        model = self._models.get(model_id)
        if model is None:
            model = self._models[model_id] = self._make(model_id)
        return model

    @property
    def provider_names(self) -> list[str]:
        """Every provider that a model id may begin with."""
        return sorted({*KNOWN, *self._settings, *self._plugged, *model_registry.announced()})

    @property
    def rejections(self) -> int:
        """Calls that providers refused so far because of their limits (429), answered later or not."""
        return sum(throttle.rejections for throttle in self._throttles.values())

    def context_tokens(self, model_id: str) -> int | None:
        """Most tokens, prompt and reply together, that a model takes; None if unknown."""
        if model_id not in self._context_tokens:
            self._context_tokens[model_id] = find_context_tokens(model_id)
        return self._context_tokens[model_id]

    def find_price(self, model_id: str) -> Price | None:
        """The price of a model as this pool books it; None if unknown.

        Raises:
            SpecError: An unknown provider.
        """
        name = model_id.partition("/")[0]
        if plug := self._plug_of(name):
            return _price_tag(plug(model_id.partition("/")[2]))
        return self._price_of(model_id, self._provider_of(name))

    async def close(self) -> None:
        """Close all connections. The store stays open: whoever opened it closes it."""
        self._is_closed = True
        self._models.clear()
        for wire in self._wires.values():
            await wire.close()
        self._wires.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _make(self, model_id: str) -> Model:
        name, _, rest = model_id.partition("/")
        if not name or not rest:
            raise SpecError(f"a model is named 'provider/model', found '{model_id}'")
        if plug := self._plug_of(name):
            model = plug(rest)
            return build_chain(
                model,
                store=self.store,
                budget=self.budget,
                price=_price_tag(model),
                used=self.used,
                paid=self.paid,
                edition=str(getattr(model, "edition", "")),
                run=self._run,
            )
        provider = self._provider_of(name)
        price = self._price_of(model_id, provider)
        self.budget.check_price(model_id, price)
        wire = self._wire_of(provider)
        return build_chain(
            WireModel(wire, price),
            store=self.store,
            budget=self.budget,
            price=price,
            used=self.used,
            paid=self.paid,
            max_n=lambda: wire.max_n(rest),
            throttle=self._throttle_of(provider),
            hedge=provider.hedge,
            retry=self._retry,
            edition=edition_of(provider),
            run=self._run,
            is_remote=True,
        )

    def _plug_of(self, name: str) -> Callable[[str], Model] | None:
        """What makes models of that name, if it is no provider on a network."""
        if name in self._plugged or name in KNOWN or name in self._settings:
            return self._plugged.get(name)
        return model_registry.find(name)

    def _throttle_of(self, provider: Provider) -> Throttle:
        """One for all models of a provider."""
        throttle = self._throttles.get(provider.name)
        if throttle is None:
            throttle = self._throttles[provider.name] = self._make_throttle(provider)
        return throttle

    def _provider_of(self, name: str) -> Provider:
        provider = find_provider(name, self._settings, self._environ)
        if provider is None:
            raise unknown_provider(name, self.provider_names)
        return provider

    def _price_of(self, model_id: str, provider: Provider) -> Price | None:
        price = self._prices.find(model_id)
        return FREE if price is None and provider.is_local else price

    def _wire_of(self, provider: Provider) -> Wire:
        wire = self._wires.get(provider.name)
        if wire is None:
            from itas.models.providers.build import build_wire  # brings aiohttp

            wire = self._wires[provider.name] = build_wire(
                provider, self._environ, throttle=self._throttle_of(provider)
            )
        return wire


def _price_tag(model: Model) -> Price:
    price = getattr(model, "price", FREE)
    return price if isinstance(price, Price) else FREE


def _new_throttle(provider: Provider) -> Throttle:
    return Throttle(
        provider.name,
        most=provider.concurrency,
        start=provider.concurrency if provider.is_local or provider.starts_full else None,
        requests_per_minute=provider.requests_per_minute,
        tokens_per_minute=provider.tokens_per_minute,
    )
