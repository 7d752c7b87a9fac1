"""What is served: architectures by the model id that callers use."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from itas.core.architecture import Architecture
from itas.core.model import is_simulated
from itas.errors import SpecError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}")


@dataclass(frozen=True, slots=True)
class Served:
    """One model id.

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

    @property
    def is_simulated(self) -> bool:
        """Some model in it is simulated, so its answers are no answers."""
        return any(is_simulated(model) for model in self.architecture.models)

    @property
    def is_replayed(self) -> bool:
        """Some model in it is replayed, so there are no fresh answers."""
        return any(model.startswith("replay/") for model in self.architecture.models)

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
