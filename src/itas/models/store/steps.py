"""The single steps that are written into a durable store, as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from itas.core.request import Completion, Request
from itas.models.store.contract import Intent, Opening, Settlement, SharedCaps


@dataclass(frozen=True, slots=True)
class Put:
    """Store draws, and settle the purchase they came from."""

    key: str
    request: Request
    draws: Mapping[int, Completion]
    settles: Settlement | None


@dataclass(frozen=True, slots=True)
class Open:
    """Write down a purchase about to be made; or one that is on its way already, whatever stands against it."""

    intent: Intent
    owner: int
    caps: SharedCaps | None = None
    is_on_its_way: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """Settle a purchase."""

    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Set a damaged row aside, unless it has been replaced meanwhile."""

    key: bytes
    number: int
    checksum: bytes


@dataclass(frozen=True, slots=True)
class Beat:
    """Show the others that this process still works on its purchases."""

    owner: int


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Book the open purchases of a process that died or stands still."""

    owner: int


Step = Put | Open | Close | Quarantine | Beat | TakeOver
Written = dict[int, Completion] | Opening | None
"""What is given to whoever asked for a step: for a `Put`, what is stored now, for an `Open`, how it ended."""
