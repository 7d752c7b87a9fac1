"""What is served: architectures by the model id that callers use."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from itas.core.architecture import Architecture
from itas.core.component import Producer
from itas.core.model import is_simulated
from itas.engine.writing import writes_last
from itas.errors import SpecError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")


@dataclass(frozen=True)
class Served:
    """One model id. What every request needs to know of it is found out once.

    Attributes:
        id: What callers write.
        architecture: What they get.
        created: Seconds since 1970, for clients that show it.
        about: A sentence for people.
    """

    id: str
    architecture: Architecture
    created: int
    about: str = ""

    @cached_property
    def is_simulated(self) -> bool:
        """Some model in it is simulated, so its answers are no answers."""
        return any(is_simulated(model) for model in self.architecture.models)

    @cached_property
    def is_replayed(self) -> bool:
        """Some model in it is replayed, so there are no fresh answers."""
        return any(model.startswith("replay/") for model in self.architecture.models)

    @cached_property
    def most_draws(self) -> int:
        """So far apart stand the draws of two answers to one request; at least one."""
        return max(self.architecture.max_samples(), 1)

    @cached_property
    def has_writer(self) -> bool:
        """Somebody in it writes as the caller wants it."""
        return any(writes_last(layer) for layer in self.architecture.layers)

    @cached_property
    def ends_with_writer(self) -> bool:
        """Who writes as the caller wants it writes last."""
        last = self.architecture.layers[-1]
        return isinstance(last.components[0], Producer) and writes_last(last)

    def data(self) -> dict[str, object]:
        """As ``GET /v1/models`` lists it."""
        return {
            "id": self.id,
            "object": "model",
            "created": self.created,
            "owned_by": "itas",
            "itas": {
                "fingerprint": self.architecture.fingerprint,
                "models": list(self.architecture.models),
                "planned_samples": self.architecture.planned_samples(),
                "max_samples": self.architecture.max_samples(),
                "description": self.about or self.architecture.description,
                "is_simulated": self.is_simulated,
            },
        }


def check_id(id: str) -> str:
    """The id, if callers can write it.

    Raises:
        SpecError: Otherwise.
    """
    if not _ID.fullmatch(id) or ".." in id:
        raise SpecError(
            f"'{id[:80]}' cannot be a model id: letters, digits and . _ : / @ + - only. Give one with ID=FILE"
        )
    return id


def index(served: Iterable[Served]) -> dict[str, Served]:
    """By id.

    Raises:
        SpecError: Two have the same.
    """
    found: dict[str, Served] = {}
    for each in served:
        check_id(each.id)
        if each.id in found:
            raise SpecError(f"two architectures are called '{each.id}'. Give one of them an id: ID=FILE")
        found[each.id] = each
    return found
