"""Every component passes the battery."""

from collections.abc import Awaitable, Callable

import pytest

import itas.components
from itas.core.component import Component, component_types
from itas.testing.component_battery import CHECKS
from tests.components.cases import CASES


def test_every_type_has_a_case():
    ours = {name for name, cls in component_types().items() if cls.__module__.startswith("itas.")}
    assert {component.type for component in CASES.values()} == ours


def test_every_public_name_is_a_registered_type():
    public = {getattr(itas.components, name) for name in itas.components.__all__}
    assert public <= set(component_types().values())


@pytest.mark.parametrize("component", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_passes(check: Callable[[Component], Awaitable[None]], component: Component):
    await check(component)
