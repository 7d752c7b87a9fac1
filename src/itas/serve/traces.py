"""Traces of what was served: the newest stay in memory, and all go into a folder if the operator names one."""

import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itas.core.architecture import Architecture
from itas.engine import Answer
from itas.engine.trace import Tell, TraceItem, item_line
from itas.models.keys import mask_known

_ID = re.compile(r"tr_[0-9a-f]{32}")
_KEPT = 200


class Story:
    """What happens in one answer, as it happens. An `engine.trace.Trace`."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[TraceItem] = []

    def begin(self, architecture: Architecture) -> Tell:
        """See `engine.trace.Trace.begin`."""
        return self.items.append

    def end(self, reason: str) -> None:
        """There is no answer; `reason` stands if none was told."""
        if not self.items or not isinstance(self.items[-1], Answer | str):
            self.items.append(reason)


@dataclass(frozen=True, slots=True)
class _Kept:
    caller: str
    model: str
    stories: tuple[Story, ...]


class Traces:
    """By id; an id cannot be guessed, and only the key that asked opens it.

    Args:
        folder: Where every trace is written as ``ID.jsonl``; nowhere if None.
        kept: How many stay in memory.
    """

    def __init__(self, folder: Path | None = None, *, kept: int = _KEPT) -> None:
        self._folder = folder
        self._most = kept
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def new_id(self) -> str:
        """An id for the next trace."""
        return f"tr_{secrets.token_hex(16)}"

    def keep(self, id: str, *, caller: str, model: str, stories: Sequence[Story]) -> None:
        """Remember what came of a request, of one that failed too: one story for each answer."""
        kept = _Kept(caller, model, tuple(stories))
        self._kept[id] = kept
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        if self._folder is not None:
            text = "".join(json.dumps(line) + "\n" for line in _lines(id, kept))
            (self._folder / f"{id}.jsonl").write_text(text, "ascii")

    def find(self, id: str, caller: str) -> list[dict[str, Any]] | None:
        """The lines of a trace; None if there is none that this caller may see."""
        if not _ID.fullmatch(id):
            return None
        kept = self._kept.get(id)
        if kept is not None:
            return list(_lines(id, kept)) if kept.caller == caller else None
        return self._read(id, caller)

    def _read(self, id: str, caller: str) -> list[dict[str, Any]] | None:
        """From the folder, which several processes may share."""
        path = None if self._folder is None else self._folder / f"{id}.jsonl"
        if path is None or not path.is_file():
            return None
        lines = [json.loads(line) for line in path.read_text("ascii").splitlines()]
        return lines if lines and lines[0].get("caller") == caller else None


def _lines(id: str, kept: _Kept) -> Iterator[dict[str, Any]]:
    yield {"kind": "trace", "id": id, "model": kept.model, "caller": kept.caller, "n": len(kept.stories)}
    for number, story in enumerate(kept.stories):
        for item in story.items:
            yield {"answer_number": number, **mask_known(item_line(item))}
