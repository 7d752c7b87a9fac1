"""Both kinds of call store, for one battery of tests; and requests to fill them with."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from itas.core.messages import user
from itas.core.request import Completion, Request, Usage
from itas.models.store.contract import CallStore, Intent
from itas.models.store.memory import MemoryStore
from itas.models.store.sqlite import open_store

KINDS: dict[str, Callable[[Path], CallStore]] = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": lambda folder: open_store(folder / "calls.db"),
}


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[CallStore]:
    store = KINDS[kind](folder)
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
