"""A call store for a process that runs for weeks and must not keep what was said: it forgets the oldest."""

from collections import OrderedDict
from collections.abc import Mapping

from itas.core.request import Completion, Request
from itas.models.store.contract import Settlement
from itas.models.store.memory import MemoryStore

MOST_BYTES = 64 * 1024 * 1024


class ForgetfulStore(MemoryStore):
    """See `CallStore`. Not durable, and of bounded size: the requests that were not drawn for longest are forgotten,
    and so is every purchase once it is settled; the sums of the ledger stay.

    Args:
        most_bytes: Of prompts and replies, about.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        super().__init__()
        self._most = most_bytes
        self._total = 0
        self._sizes: OrderedDict[str, int] = OrderedDict()

    async def put(
        self,
        request: Request,
        draws: Mapping[int, Completion],
        *,
        key: str | None = None,
        settles: Settlement | None = None,
    ) -> dict[int, Completion]:
        """See `CallStore.put`."""
        kept = await super().put(request, draws, key=key, settles=settles)
        key = key or request.key
        size = sum(_size(draw.text) + _size(draw.extra) for draw in draws.values())
        if key not in self._sizes:
            size += sum(_size(message.content) + _size(message.extra) for message in request.messages)
        self._sizes[key] = self._sizes.pop(key, 0) + size
        self._total += size
        while self._total > self._most and len(self._sizes) > 1:
            oldest, freed = self._sizes.popitem(last=False)
            self._total -= freed
            del self._draws[oldest], self._requests[oldest]
        return kept

    def close_intent(self, settlement: Settlement) -> None:
        """See `CallStore.close_intent`."""
        super().close_intent(settlement)
        self._ledger.pop(settlement.intent, None)


def _size(text: str) -> int:
    """Of a text in memory, with what holds it."""
    return 4 * len(text) + 500 if text else 0
