"""What a durable store could not write: kept as steps to be written later, and readable meanwhile."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from itas.core.request import Completion, Request
from itas.models.store.contract import Intent, LedgerTotals, Opened, Recorded, Settlement
from itas.models.store.steps import Beat, Close, Open, Put, Quarantine, Step, TakeOver, Written


class Unsaved:
    """Steps in their order. Filled on one thread, read on another; nothing in it is ever changed in place
    while it can be read half-done."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self.steps: list[Step] = []
        self._requests: dict[str, Request] = {}
        self._draws: dict[tuple[str, int], Completion] = {}
        self._intents: dict[int, Intent] = {}
        self._settled: dict[int, Settlement] = {}
        for step in steps:
            self.add(step)

    def __bool__(self) -> bool:
        return bool(self.steps)

    @property
    def draws(self) -> int:
        """How many draws are in memory only."""
        return len(self._draws)

    def add(self, step: Step) -> Written:
        """Keep a step; for a `Put`, what is kept under its numbers. A purchase is opened whatever others do:
        nobody can know."""
        if isinstance(step, Beat | TakeOver):
            return None
        if isinstance(step, Open):
            step = replace(step, is_on_its_way=True)
        self.steps.append(step)
        match step:
            case Put(key, request, draws, settles):
                self._requests.setdefault(key, request)
                if settles is not None:
                    self._settled[settles.intent] = settles
                return {
                    number: self._draws.setdefault((key, number), draw.model_copy(update={"is_stored": True}))
                    for number, draw in draws.items()
                }
            case Open(intent):
                self._intents[intent.id] = intent
                return Opened(LedgerTotals())
            case Close(settlement):
                self._settled[settlement.intent] = settlement
            case Quarantine():
                pass
        return None

    def find(self, key: str, numbers: Sequence[int]) -> dict[int, Completion]:
        """Those of the draws that are kept here."""
        return {number: draw for number in numbers if (draw := self._draws.get((key, number)))}

    def recorded(self) -> dict[str, Recorded]:
        """Every request with its draws, by key."""
        by_key: dict[str, dict[int, Completion]] = {}
        for (key, number), draw in sorted(self._draws.items()):
            by_key.setdefault(key, {})[number] = draw
        return {key: Recorded(key, self._requests[key], draws) for key, draws in by_key.items()}

    def add_totals(self, stored: LedgerTotals, run: str | None) -> LedgerTotals:
        """The ledger's sums with the purchases that are kept here. One that was opened on disk and could only
        be settled here stays reserved in the sums, at its upper bound."""
        total = stored
        for intent in list(self._intents.values()):
            if run is not None and intent.run != run:
                continue
            settled = self._settled.get(intent.id)
            if settled is None:
                total = replace(
                    total,
                    reserved=total.reserved + (intent.reserved_micro_usd or 0),
                    reserved_samples=total.reserved_samples + intent.n,
                )
                continue
            amount = settled.micro_usd or 0
            total = replace(
                total,
                spent=total.spent + (amount if settled.booking == "spent" else 0),
                uncertain=total.uncertain + (amount if settled.booking == "uncertain" else 0),
                samples=total.samples + settled.samples,
                unpriced=total.unpriced + (settled.booking != "void" and settled.micro_usd is None),
            )
        return total
