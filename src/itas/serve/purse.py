"""What one request may spend: its own caps, within those of the server."""

from collections.abc import Callable

from itas.core.attempts import accounting
from itas.core.model import Listen, Model, ModelSource
from itas.core.money import to_micro_usd
from itas.core.request import Completion, Request
from itas.models.budget import Budget
from itas.models.prices import Price

FindPrice = Callable[[str], Price | None]


class Purse:
    """A `ModelSource` with caps of its own.

    The most that a call can cost is set aside before it is made, and again before an attempt follows on one that
    failed and may have been billed. So the caps are never passed. All answers to one request share one purse.

    Args:
        models: Where the models come from.
        find_price: Price of a model.
        max_usd: Cap in dollars; None for none.
        max_samples: Cap in samples, stored ones included; None for none.

    Raises:
        SpecError: Asked for a model without a price under a cap in dollars.
    """

    def __init__(
        self, models: ModelSource, find_price: FindPrice, *, max_usd: float | None, max_samples: int | None
    ) -> None:
        self._models = models
        self._find_price = find_price
        if (context_tokens := getattr(models, "context_tokens", None)) is not None:
            self.context_tokens = context_tokens  # the engine asks whoever gives the models
        self._budget = Budget(
            max_micro_usd=None if max_usd is None else to_micro_usd(max_usd), max_samples=max_samples
        )

    def __call__(self, model_id: str) -> Model:
        price = self._find_price(model_id)
        self._budget.check_price(model_id, price)
        return _Capped(self._models(model_id), self._budget, price)


class _Capped:
    def __init__(self, inner: Model, budget: Budget, price: Price | None) -> None:
        self._inner = inner
        self._budget = budget
        self._price = price

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """See `core.model.Model.sample`."""
        bound = None if self._price is None else self._price.bound(request, n)
        reservation = await self._budget.reserve(request.model, micro_usd=bound, samples=n)

        async def try_again(may_be_billed: bool) -> None:
            nonlocal reservation
            if may_be_billed:
                reservation.doubt()
                reservation = await self._budget.reserve(request.model, micro_usd=bound, samples=n)

        try:
            with accounting(try_again):
                completions = await self._inner.sample(request, n=n, first=first, listen=listen)
            paid = sum(each.cost_micro_usd or 0 for each in completions if not each.is_stored)
            reservation.settle(micro_usd=paid, samples=n)
            return completions
        finally:
            if reservation.is_open:  # a failure, or cancelled on the way: it may have been billed
                reservation.doubt()
