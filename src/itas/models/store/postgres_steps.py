"""A batch of steps as the arguments of `itas_write`, and its rows as results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from itas.core.request import Completion
from itas.errors import StoreError
from itas.models.store.contract import (
    Capped,
    Found,
    LedgerTotals,
    Opened,
    Opening,
    Settlement,
    Shortened,
    Taken,
)
from itas.models.store.rows import Damaged, checksum, encode_completion, encode_request, read_draw
from itas.models.store.steps import Beat, Close, Open, Put
from itas.models.store.worker import Result

Step = Put | Open | Close | Beat

_MOST_STEPS = 500
_MOST_OPENS = 60
"""Each may need a lock; a server with default settings has room for as many of all connections together."""
_MOST_BYTES = 64 * 1024 * 1024
_OPEN_COLUMNS = 9


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps that go over together, encoded.

    Attributes:
        steps: In their order.
        arguments: Of `itas_write`, less the owner.
        opens: Where in `steps` the purchases stand, in the order of the arguments.
        puts: The same for the draws: place of the step, and number.
    """

    steps: tuple[Step, ...]
    arguments: tuple[Any, ...]
    opens: tuple[int, ...]
    puts: list[tuple[int, int]]


def take_batch(steps: Sequence[Step]) -> Batch:
    """As many of the first steps as may go over together.

    Draws are written first, then purchases are settled, then opened; so a batch ends before a step whose
    purchase is opened in it.
    """
    requests: dict[bytes, bytes] = {}
    draws: list[tuple[bytes, int, bytes, bytes]] = []
    settled: dict[int, Settlement] = {}
    opened: dict[int, int] = {}
    puts: list[tuple[int, int]] = []
    size = count = 0
    for place, step in enumerate(steps):
        settles = _settles(step)
        if place >= _MOST_STEPS or size > _MOST_BYTES or (settles is not None and settles.intent in opened):
            break
        match step:
            case Put(key_text, request, given):
                key = bytes.fromhex(key_text)
                if key not in requests:
                    requests[key] = encode_request(request)
                    size += len(requests[key])
                for number, draw in given.items():
                    body = encode_completion(draw)
                    draws.append((key, number, body, checksum(key, number, body)))
                    puts.append((place, number))
                    size += len(body)
            case Open(intent):
                if len(opened) >= _MOST_OPENS:
                    break
                opened[intent.id] = place
            case Close() | Beat():
                pass
        if settles is not None:
            settled[settles.intent] = settles
        count += 1
    taken = tuple(steps[:count])
    by_run = sorted(opened.values(), key=lambda place: _run_of(taken[place]))
    return Batch(
        taken,
        (
            any(isinstance(step, Beat) for step in taken),
            *_columns([(key, body, checksum(key, -1, body)) for key, body in requests.items()], 3),
            *_columns(draws, 4),
            *_columns(
                [(each.intent, each.booking, each.micro_usd, each.samples) for each in settled.values()], 4
            ),
            *_columns([_open_row(taken[place]) for place in by_run], _OPEN_COLUMNS),
        ),
        tuple(by_run),
        puts,
    )


def read_results(batch: Batch, rows: Sequence[Any]) -> list[Result]:
    """One result for each step of a batch; for a purchase whose first draw is stored, a `Found` without draws."""
    results: list[Any] = [(True, None)] * len(batch.steps)
    stored: dict[int, dict[int, Completion]] = {
        place: dict(step.draws) for place, step in enumerate(batch.steps) if isinstance(step, Put)
    }
    for kind, ordinal, body, found_checksum, numbers in rows:
        if kind == "other":
            place, number = batch.puts[int(ordinal) - 1]
            step = batch.steps[place]
            assert isinstance(step, Put)
            try:
                stored[place][number] = read_draw(bytes.fromhex(step.key), number, body, found_checksum)
            except Damaged as damage:
                results[place] = (False, StoreError(f"a draw is stored and cannot be read: {damage}"))
        else:
            results[batch.opens[int(ordinal) - 1]] = (True, _opening(kind, numbers))
    for place, draws in stored.items():
        if results[place][0]:
            results[place] = (True, draws)
    return results


def sum_row(row: Sequence[int]) -> LedgerTotals:
    """Six sums, in the order of `LedgerTotals`."""
    return LedgerTotals(*row)


def plain(text: str) -> str:
    """A name as the database can keep it: no NUL, no half characters."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _settles(step: Step) -> Settlement | None:
    match step:
        case Put():
            return step.settles
        case Close():
            return step.settlement
        case _:
            return None


def _opening(kind: str, numbers: Sequence[int]) -> Opening:
    match kind:
        case "opened":
            return Opened(sum_row(numbers))
        case "capped":
            return Capped(sum_row(numbers))
        case "taken":
            return Taken(numbers[0], numbers[1])
        case "shortened":
            return Shortened(numbers[0])
        case _:
            return Found({})


def _run_of(step: Step) -> str:
    assert isinstance(step, Open)
    return plain(step.intent.run)


def _open_row(step: Step) -> tuple[Any, ...]:
    assert isinstance(step, Open)
    intent, caps = step.intent, step.caps
    return (
        intent.id,
        plain(intent.run),
        plain(intent.model),
        bytes.fromhex(intent.key),
        intent.first,
        intent.n,
        intent.reserved_micro_usd,
        None if caps is None else caps.micro_usd,
        None if caps is None else caps.samples,
    )


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> tuple[list[Any], ...]:
    return tuple(map(list, zip(*rows, strict=True))) if rows else tuple([] for _ in range(count))
