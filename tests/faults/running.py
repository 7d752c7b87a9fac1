"""Starts the provider and the buyers as processes of their own, and reads what they say."""

import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from itas.models.store.contract import CallStore
from itas.models.store.place import open_place
from tests.faults.buyer import Order

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Truth:
    """What the provider's log says."""

    events: list[dict[str, Any]]

    def billed(self, name: str = "") -> int:
        """Micro-dollars for prompts that begin with a name."""
        return sum(each["micro_usd"] for each in self._bills(name))

    def times_billed(self, name: str = "") -> Counter[str]:
        """How often each prompt was billed."""
        return Counter(each["prompt"] for each in self._bills(name))

    def _bills(self, name: str) -> Iterator[dict[str, Any]]:
        return (each for each in self.events if each["event"] == "billed" and each["prompt"].startswith(name))


@dataclass(frozen=True, slots=True)
class RunningProvider:
    """A provider and its log."""

    url: str
    log: Path

    def truth(self) -> Truth:
        """The log as it is now."""
        lines = self.log.read_bytes().split(b"\n")
        return Truth([json.loads(line) for line in lines[:-1]])


@contextlib.contextmanager
def running_provider(
    folder: Path,
    *,
    seed: int = 0,
    rate: float = 0.0,
    kinds: str = "",
    latency_s: float = 0.02,
    life_s: float = 300,
) -> Iterator[RunningProvider]:
    """A provider while the block runs."""
    log = folder / "truth.jsonl"
    command = [
        sys.executable, "-m", "tests.faults.provider", str(log), f"--seed={seed}", f"--rate={rate}",
        f"--kinds={kinds}", f"--latency={latency_s}", f"--life={life_s}",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield RunningProvider(process.stdout.readline().strip(), log)
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.asynccontextmanager
async def opened_place(place: str) -> AsyncIterator[CallStore]:
    """A store while the block runs."""
    store = await open_place(place)
    try:
        yield store
    finally:
        await store.close()


class Buyer:
    """One buying process. Everything it says on standard error goes to a file, for a look at its warnings.

    Args:
        store: Where the store is.
        url: Of the provider.
        errors: Where its standard error goes.
    """

    def __init__(self, store: Path | str, url: str, errors: Path) -> None:
        self._errors = errors.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.buyer", str(store), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=_ROOT,
        )

    def order(self, order: Order) -> None:
        """Give it something to buy."""
        self._stdin.write(order.model_dump_json() + "\n")
        self._stdin.flush()

    def first_said(self) -> str:
        """Wait until it says something."""
        return self._stdout.readline()

    def ends(self) -> tuple[dict[int, str], dict[str, int]]:
        """Wait until an order is filled: what it bought, and how its calls ended."""
        bought: dict[int, str] = {}
        for line in self._stdout:
            data = json.loads(line)
            if "bought" not in data:
                return bought, data
            number, text = data["bought"]
            bought[number] = text
        raise AssertionError(f"a buyer ended early; see {self._errors.name}")

    def kill(self) -> dict[int, str]:
        """Kill it, wherever it is; gives what it had said that it has."""
        self.process.kill()
        said = self._stdout.read()
        self.close()
        lines = [json.loads(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]
        return dict(line["bought"] for line in lines if "bought" in line)

    def close(self) -> None:
        """Let it end, and wait for it."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        self.process.wait(30)
        self._stdout.close()
        self._errors.close()

    @property
    def _stdin(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def _stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout


@contextlib.contextmanager
def buyers(store: Path | str, url: str, count: int, errors: Path) -> Iterator[list[Buyer]]:
    """Several buyers while the block runs."""
    found = [Buyer(store, url, errors) for _ in range(count)]
    try:
        yield found
    finally:
        for each in found:
            each.close()
