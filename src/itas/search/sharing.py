"""Which model calls architectures have in common, read off their structure.

The call store never buys a draw twice. Two architectures ask the same question where everything before it is
the same: the same component after the same layers. More samples of one component continue its list of draws.
So a point costs only what lies beyond the layers that were already run on the same problem. What it cannot
see: prompts that happen to be equal although the layers before differ.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from itas.core.architecture import Architecture, Layer
from itas.core.component import Component
from itas.core.spec import canonical_json

Ints = npt.NDArray[np.int64]


class Sharing:
    """The calls of every point, as amounts of units that points share.

    A unit is one component (whatever its number of samples) after given layers.
    """

    def __init__(self, layers: Sequence[Layer], layer_ids: Sequence[tuple[int, ...]]) -> None:
        self._tables = _Tables(layers)
        units: list[int] = []
        amounts: list[int] = []
        starts = [0]
        for ids in layer_ids:
            for unit, amount in self._tables.units(ids):
                units.append(unit)
                amounts.append(amount)
            starts.append(len(units))
        self._units: Ints = np.asarray(units, dtype=np.int64)
        self._amounts: Ints = np.asarray(amounts, dtype=np.int64)
        self._starts: Ints = np.asarray(starts, dtype=np.int64)

    @classmethod
    def of(cls, architectures: Sequence[Architecture]) -> "Sharing":
        """The calls of any architectures, which take the place of the points."""
        numbers: dict[str, int] = {}
        layers: list[Layer] = []
        ids: list[tuple[int, ...]] = []
        for architecture in architectures:
            found: list[int] = []
            for layer in architecture.layers:
                key = canonical_json(layer.model_dump(mode="json"))
                if key not in numbers:
                    numbers[key] = len(layers)
                    layers.append(layer)
                found.append(numbers[key])
            ids.append(tuple(found))
        return cls(layers, ids)

    def marginal(self, known: Iterable[int]) -> Ints:
        """Planned samples per question of every point that the points in `known` have not bought; shape (n,)."""
        return self.missing_of_all(self.stock(known))

    def missing_of_all(self, stock: Ints) -> Ints:
        """Planned samples per question of every point beyond `stock`; shape (n,)."""
        missing = np.maximum(self._amounts - stock[self._units], 0)
        return np.add.reduceat(missing, self._starts[:-1]) if len(missing) else np.zeros(0, dtype=np.int64)

    def stock(self, known: Iterable[int]) -> Ints:
        """Samples of every unit after the points in `known` were run on a problem."""
        stock = np.zeros(self._tables.count, dtype=np.int64)
        for point in known:
            part = slice(int(self._starts[point]), int(self._starts[point + 1]))
            np.maximum.at(stock, self._units[part], self._amounts[part])
        return stock

    def missing(self, point: int, stock: Ints) -> int:
        """Planned samples per question of one point beyond `stock`."""
        part = slice(int(self._starts[point]), int(self._starts[point + 1]))
        return int(np.maximum(self._amounts[part] - stock[self._units[part]], 0).sum())


class _Tables:
    """Numbers for prefixes and units, made on first use and the same for all points."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._components: dict[str, int] = {}
        self._of_layer = [
            [(self._number(component), component) for component in layer.components] for layer in layers
        ]
        self._units: dict[tuple[int, int], int] = {}
        self._prefixes: dict[tuple[int, int], int] = {}
        self._steps: dict[tuple[int, int, int], tuple[list[tuple[int, int]], int, int]] = {}

    @property
    def count(self) -> int:
        return len(self._units)

    def units(self, ids: tuple[int, ...]) -> list[tuple[int, int]]:
        prefix = n = 0
        found: list[tuple[int, int]] = []
        for number in ids:
            step = self._steps.get((prefix, number, n))
            if step is None:
                step = self._steps[prefix, number, n] = self._step(prefix, number, n)
            parts, prefix, n = step
            found += parts
        return found

    def _step(self, prefix: int, number: int, n: int) -> tuple[list[tuple[int, int]], int, int]:
        amounts: dict[int, int] = {}
        for key, component in self._of_layer[number]:
            unit = self._units.setdefault((prefix, key), len(self._units))
            amounts[unit] = amounts.get(unit, 0) + component.planned_samples(n)
        onward = self._prefixes.setdefault((prefix, number), len(self._prefixes) + 1)
        return list(amounts.items()), onward, self._layers[number].max_out(n)

    def _number(self, component: Component) -> int:
        fields = component.model_dump(mode="json")
        fields.pop("samples", None)
        return self._components.setdefault(canonical_json(fields), len(self._components))
