"""What each component of the architectures of a search takes, for the picture of its winner."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from itas.api.runs import write_json
from itas.core.architecture import Architecture
from itas.core.money import add_prices
from itas.core.spec import Spec
from itas.engine.answer import ComponentRecord
from itas.errors import DataError
from itas.evaluation.records import Evaluation

COMPONENTS = "components.json"


class Taken(Spec):
    """Means over the answers of one architecture that were measured.

    Attributes:
        layer: Number of the layer, from 0.
        component: Number within the layer, from 0.
        type: Of the component.
        answers: How many were measured.
        micro_usd: Price for one question; None if unpriced.
        seconds: On its critical path, for one question.
        samples: For one question.
    """

    layer: NonNegativeInt
    component: NonNegativeInt
    type: str
    answers: PositiveInt
    micro_usd: NonNegativeFloat | None
    seconds: NonNegativeFloat
    samples: NonNegativeFloat


class Taking:
    """Adds up what components take while a search goes on; costs no call."""

    def __init__(self) -> None:
        self._records: dict[str, dict[tuple[int, int], list[ComponentRecord]]] = {}

    def note(self, found: Evaluation) -> None:
        """Count the answers of one evaluation."""
        places = self._records.setdefault(found.fingerprint, {})
        for result in found.results:
            for record in result.components:
                places.setdefault((record.layer, record.component), []).append(record)

    def of(self, fingerprint: str) -> tuple[Taken, ...]:
        """What was measured of an architecture, in the order of its components."""
        return tuple(_mean(records) for _, records in sorted(self._records.get(fingerprint, {}).items()))

    def write(self, path: Path, architectures: Iterable[Architecture]) -> None:
        """Write these architectures by fingerprint; what an earlier run of the search measured stays.

        Raises:
            DataError: The file cannot be written.
        """
        found = load_taken(path) if path.is_file() else {}
        for each in architectures:
            found[each.fingerprint] = self.of(each.fingerprint) or found.get(each.fingerprint, ())
        known = {name: taken for name, taken in found.items() if taken}
        if known:
            write_json(
                path,
                {name: [each.model_dump(mode="json") for each in taken] for name, taken in known.items()},
            )


def load_taken(path: Path) -> dict[str, tuple[Taken, ...]]:
    """Read what `Taking.write` wrote.

    Raises:
        DataError: It is damaged.
    """
    try:
        return TypeAdapter(dict[str, tuple[Taken, ...]]).validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(f"{path}: damaged: {error.errors(include_url=False)[0]['msg']}") from None


def _mean(records: list[ComponentRecord]) -> Taken:
    count = len(records)
    price = add_prices(record.cost_micro_usd for record in records)
    return Taken(
        layer=records[0].layer,
        component=records[0].component,
        type=records[0].type,
        answers=count,
        micro_usd=None if price is None else price / count,
        seconds=sum(record.latency_s for record in records) / count,
        samples=sum(record.samples_used for record in records) / count,
    )
