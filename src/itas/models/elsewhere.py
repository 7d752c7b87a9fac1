"""Elsewhere: draws that another process is buying are waited for, not bought twice.

The wait is made out here, not in `purchase.py`, so that it holds no slot of the provider and no money.
"""

from itas.core.model import Listen, Model
from itas.core.request import Completion, Request
from itas.errors import Error
from itas.models.listening import Ear
from itas.models.store.contract import CallStore, Taken, store_key


class BoughtElsewhere(Error):
    """Another process is buying this draw at the moment; never leaves the chain.

    Args:
        taken: By whose purchase.
    """

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        super().__init__("another process is buying this draw")


class Elsewhere:
    """Waits until the other process is done, and gives its draws; or buys, if it brought none.

    Args:
        inner: Buys; may give fewer draws than asked for (see `Spread`).
        store: Where the draws of the other process are found.
        edition: Of the model; see `store_key`.
    """

    def __init__(self, inner: Model, store: CallStore, *, edition: str = "") -> None:
        self._inner = inner
        self._store = store
        self._edition = edition

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        while True:
            try:
                return await self._inner.sample(request, n=n, first=first, listen=listen)
            except BoughtElsewhere as elsewhere:
                await self._store.wait_for(elsewhere.taken)
            key = store_key(request, self._edition)
            stored = await self._store.find(key, [first])  # without money: the cap may be reached
            if draw := stored.get(first):
                Ear(listen).finish(draw.text)
                return (draw,)
