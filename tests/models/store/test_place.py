"""Where a store is: read, shown and written down without the password in it."""

import builtins
from pathlib import Path
from typing import Any

import pytest

from itas.errors import SpecError
from itas.models.store.place import (
    check_address,
    is_shared,
    open_place,
    recorded_place,
    resumed_place,
    shown,
)

SECRET = "hush"


@pytest.mark.parametrize(
    "place, text",
    [
        ("calls.db", "calls.db"),
        ("postgresql://db/itas", "postgresql://db/itas"),
        ("postgresql://ann@db/itas", "postgresql://ann@db/itas"),
        (f"postgresql://ann:{SECRET}@db:5432/itas?search_path=team", "postgresql://ann:***@db:5432/itas?search_path=team"),
        (f"postgres://ann:{SECRET}@db,db2:5433/itas", "postgres://ann:***@db,db2:5433/itas"),
        (f"postgresql://db/itas?user=ann&password={SECRET}", "postgresql://db/itas?user=ann&password=***"),
        (f"postgresql://ann:a@{SECRET}@db/itas", "postgresql://***"),
        (f"postgresql://ann:a#{SECRET}@db/itas", "postgresql://***"),
        (f"postgresql://ann:a/{SECRET}@db/itas", "postgresql://***"),
    ],
)  # fmt: skip
def test_a_place_is_shown_without_its_password(place: str, text: str):
    assert shown(place) == text
    assert SECRET not in recorded_place(place)


@pytest.mark.parametrize(
    "place",
    [
        f"postgresql://ann:{SECRET}@db",
        f"postgresql://ann:a#{SECRET}@db/itas",
        f"postgresql://ann:a@{SECRET}@db/itas",
        f"postgresql://ann:a/{SECRET}@db/itas",
        f"postgresql://ann:{SECRET}@db:port/itas",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_repeated(place: str):
    with pytest.raises(SpecError, match="%40") as error:
        check_address(place)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("place", ["mysql://db/itas", "postgresql+asyncpg://db/itas", "redis://db"])
def test_an_address_of_another_kind_of_server_is_refused(place: str):
    with pytest.raises(SpecError, match=r"postgresql://user@host"):
        is_shared(place)


def test_a_resumed_run_finds_its_store_and_takes_the_password_from_the_settings():
    mine = f"postgresql://ann:{SECRET}@db/itas"
    assert resumed_place(recorded_place(mine), mine) == mine
    assert resumed_place("postgresql://ann@db/itas", "calls.db") == "postgresql://ann@db/itas"
    assert resumed_place("/somewhere/calls.db", mine) == "/somewhere/calls.db"
    assert resumed_place(None, "calls.db") == "calls.db"
    with pytest.raises(SpecError, match="PGPASSWORD"):
        resumed_place(recorded_place(mine), "calls.db")


async def test_without_the_extra_one_message_names_it(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "asyncpg":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SpecError, match=r"pip install 'itas\[postgres\]'") as error:
        await open_place(f"postgresql://ann:{SECRET}@db/itas")
    assert SECRET not in str(error.value)


async def test_a_file_is_opened_without_the_driver(tmp_path: Path):
    store = await open_place(str(tmp_path / "calls.db"))
    await store.close()
    assert (tmp_path / "calls.db").exists()
