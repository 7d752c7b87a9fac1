"""Chain: the wrappers around one model, in the order that makes their promises hold.

    meter (used) -> cache -> spread -> elsewhere -> retry -> limit -> hedge -> meter (paid) -> purchase
    -> provider

The purchase stands innermost: each request to the provider, and each retry of it, has its own reservation and
its own row in the ledger, is counted as paid by itself, and is stored by itself. So five draws that need five
requests lose nothing when the third fails, money is reserved only for what is really on its way, and a cap
holds under retries too.
"""

import sys
from collections.abc import Callable

from itas.core.model import Model
from itas.models.budget import Budget
from itas.models.cache import Cached
from itas.models.elsewhere import Elsewhere
from itas.models.hedge import Hedged, HedgePolicy
from itas.models.limit import Limited
from itas.models.listening import with_listening
from itas.models.meter import Metered, Tally
from itas.models.prices import FREE, Price
from itas.models.purchase import Purchased
from itas.models.retry import Retried, RetryPolicy
from itas.models.spread import Spread
from itas.models.store.contract import CallStore
from itas.models.store.memory import MemoryStore
from itas.models.throttle import Throttle


def build_chain(
    model: Model,
    *,
    store: CallStore | None = None,
    budget: Budget | None = None,
    price: Price | None = FREE,
    used: Tally | None = None,
    paid: Tally | None = None,
    max_n: Callable[[], int] | None = None,
    throttle: Throttle | None = None,
    hedge: HedgePolicy | None = None,
    retry: RetryPolicy | None = None,
    edition: str = "",
    run: str = "",
    is_remote: bool = False,
) -> Model:
    """Put the wrappers around a model.

    Args:
        model: A provider, or any other model.
        store: Where draws are remembered; in memory by default.
        budget: Whose caps hold; none by default.
        price: Of the model; None if unknown.
        used: Counts every draw that is given out.
        paid: Counts every draw that is bought.
        max_n: Most draws in one request, as known at the moment; no limit by default.
        throttle: What the provider stands; no limit by default.
        hedge: When a late call gets a second one beside it; never by default.
        retry: How patient to be; no retries by default.
        edition: Tells apart what is stored of models that share a name; see `store_key`.
        run: Which run pays, for the ledger.
        is_remote: A network provider; see `Purchased`.
    """
    store = store or MemoryStore()
    chain: Model = Purchased(
        with_listening(model),
        store=store,
        budget=budget or Budget(),
        price=price,
        edition=edition,
        run=run,
        is_remote=is_remote,
    )
    if paid is not None:
        chain = Metered(chain, paid, paid_only=True)
    if throttle is not None:
        if hedge is not None:
            chain = Hedged(chain, throttle, hedge)
        chain = Limited(chain, throttle)
    if retry is not None:
        chain = Retried(chain, retry)
    is_shared = is_remote or price is None or not price.is_free
    if is_shared:
        chain = Elsewhere(chain, store, edition=edition)
    if max_n is not None or is_shared:
        chain = Spread(chain, max_n or (lambda: sys.maxsize))
    chain = Cached(chain, store, edition=edition)
    if used is not None:
        chain = Metered(chain, used)
    return chain
