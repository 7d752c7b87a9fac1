"""Spaces bound to ten models, made once."""

import pytest

import itas.components  # noqa: F401  registers the component types
from itas.search.bound import BoundSpace
from itas.search.ranking import Rankings
from itas.search.shipped import load_space


@pytest.fixture(scope="session")
def ten_models() -> Rankings:
    return Rankings.provisional([f"simulated/m{number}" for number in range(10)])


@pytest.fixture(scope="session")
def paper_space(ten_models: Rankings) -> BoundSpace:
    return load_space("paper-3192").bind(ten_models)


@pytest.fixture(scope="session")
def small_space(ten_models: Rankings) -> BoundSpace:
    return load_space("small").bind(ten_models)
