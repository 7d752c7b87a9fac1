"""Models from outside: a function that makes them, registered under the first part of their ids.

    @register_models("mine")
    def make(name: str) -> Model: ...

Then ``mine/anything`` is a model wherever a model may stand. What it makes may have an attribute `price` (a
`models.prices.Price`; free if not) and `edition` (a text: change it when the same request would be answered
otherwise, and stored answers are asked for anew).
"""

import re
from collections.abc import Callable
from typing import TypeVar

from itas.core.extension import Registry
from itas.core.model import Model
from itas.core.spec import MODEL_PATTERN
from itas.errors import SpecError
from itas.models.providers.known import KNOWN

MakeModel = Callable[[str], Model]
"""Makes a model from the part of its id behind the first slash."""

F = TypeVar("F", bound=MakeModel)

RESERVED = frozenset({"simulated", "replay", "local", *KNOWN})

model_registry: Registry[MakeModel] = Registry("models of", "itas.models")


def register_models(name: str) -> Callable[[F], F]:
    """Register the decorated function as the source of ``name/...``.

    Raises:
        SpecError: The name is that of a provider that comes with the program, or none that an id can have.
    """
    if not re.match(MODEL_PATTERN, f"{name}/x") or "/" in name:
        raise SpecError(f"'{name}' cannot be the first part of a model id: small letters, digits, - and _")
    if name in RESERVED:
        raise SpecError(f"models of '{name}' come with the program. Give yours another name")

    def register(make: F) -> F:
        model_registry.add(name, make)
        return make

    return register
