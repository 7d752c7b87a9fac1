"""Every kind of call store, for one battery of tests; and requests to fill them with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from itas.core.messages import user
from itas.core.request import Completion, Request, Usage
from itas.models.store.contract import CallStore, Intent
from itas.models.store.place import IN_MEMORY, open_place
from tests.scale.stores import shared_server

KINDS = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.scale)]
SHARED_KINDS = KINDS[1:]
"""Those that several processes can have open at once."""


def place_of(kind: str, folder: Path) -> str:
    """Where the store of that kind and folder is; the same for the same folder."""
    if kind == "memory":
        return IN_MEMORY
    if kind == "sqlite":
        return str(folder / "calls.db")
    note = folder / "schema"
    if not note.exists():
        note.write_text(shared_server().new_schema())
    return note.read_text()


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Any]:
    store = await open_place(place_of(kind, folder))
    try:
        yield store
    finally:
        await store.close()


def question(number: int = 0) -> Request:
    return Request(model="fake/m", messages=user(f"question {number}"), temperature=0.7)


def answer(text: str) -> Completion:
    return Completion(
        text=text,
        usage=Usage(tokens_in=9, tokens_out=3, tokens_cached=2, tokens_reasoning=1),
        cost_micro_usd=17,
        latency_s=0.25,
        finish_reason="length",
        request_id="req-1",
    )


def intent(store: CallStore, request: Request, *, reserved: int | None = 100, run: str = "r1") -> Intent:
    return Intent(store.new_intent_id(), run, request.model, request.key, 0, 1, reserved)
