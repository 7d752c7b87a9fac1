"""Read a run folder for people who look: what ran, how far it is, what may be opened, what resuming may spend."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from itas.api.runs import MANIFEST
from itas.core.money import to_micro_usd
from itas.errors import DataError
from itas.report import words
from itas.view.records import Detail, Report, Run

_FREE = ("simulated/", "replay/")
_MOST_BYTES = 2**24
_PYTHON = "python"
_RUN_CODE = ("inspect:", "lm-eval:")
CODE = (
    "Its benchmark runs Python code that the run names: not resumed from here. In a terminal: itas resume {}"
)
_UNCAPPED = "It has no cap, so it is not resumed from here. In a terminal: itas resume {} --max-cost DOLLARS"


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a manifest says; unlike `api.runs.find_run` of folders that nobody vouches for.

    Raises:
        DataError: It is none.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        found: object = json.loads(data) if len(data) <= _MOST_BYTES else None
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DataError(f"{MANIFEST}: not the manifest of a run")
    return cast("dict[str, Any]", found)


class Reading(ABC):
    """One run folder, read again and again.

    Args:
        folder: Of the run.
        manifest: Of the run.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest

    @abstractmethod
    def line(self, *, is_held: bool) -> Run:
        """The run as a line of the list.

        Args:
            is_held: Some process works on it.

        Raises:
            Error: The folder is damaged. So may be ValueError, TypeError, KeyError and OSError.
        """

    def describe(self, run: Run) -> Detail:
        """The run on a page of its own.

        Args:
            run: The line of it.
        """
        return Detail(run, {}, (), (), (), self.command)

    def render(self, name: str) -> str | None:
        """One of its pages; see `view.records.Runs.render_report`."""
        return None

    @property
    def command(self) -> str:
        """Goes on with it, or shows it, in a terminal."""
        return f"itas show {self.folder}"

    def _run(self, **given: Any) -> Run:
        known: dict[str, Any] = {
            "kind": str(self.manifest.get("kind", "")),
            "name": str(self.manifest.get("name") or self.folder.name),
            "created": str(self.manifest.get("created", "")),
            "is_simulated": self.manifest.get("is_simulated") is True,
        }
        return Run(id=self.folder.name, **{**known, **given})


class OtherRun(Reading):
    """A run of a kind that is not known here, or one that cannot be read."""

    def line(self, *, is_held: bool) -> Run:
        """See `Reading.line`."""
        return self._run(state="running" if is_held else "finished")


class TraceFile(Reading):
    """The trace of one answer or of several, as `itas answer --trace` and `itas serve --traces` write it."""

    def line(self, *, is_held: bool) -> Run:
        """See `Reading.line`."""
        written = datetime.fromtimestamp(self.folder.stat().st_mtime, UTC)
        return self._run(state="finished", created=written.isoformat(timespec="seconds"))

    def describe(self, run: Run) -> Detail:
        """See `Reading.describe`."""
        return Detail(run, {}, (), (), (Report("trace", "Open the trace"),), f"itas report {self.folder}")

    def render(self, name: str) -> str | None:
        """See `Reading.render`."""
        from itas.api.reporting import render_trace

        return render_trace(self.folder)


def check_cap(folder: Path, max_usd: object, max_samples: object) -> tuple[bool, str]:
    """Whether a run may be resumed without asking, and within what."""
    parts: list[str] = []
    if isinstance(max_usd, int | float):
        parts.append(words.usd(to_micro_usd(float(max_usd))))
    if isinstance(max_samples, int):
        parts.append(words.count(max_samples, "sample"))
    if not parts:
        return False, _UNCAPPED.format(folder)
    return True, f"Resuming spends real money, what was spent before included at most {' and '.join(parts)}."


def names_code(on: str, scorer: object, begun_in: Path) -> bool:
    """Whether opening a benchmark would run Python code that its description names, or may do so.

    A button must not have a file run that came with a folder of somebody else; in a terminal the user decides.

    Args:
        on: The benchmark.
        scorer: As given beside it, if any.
        begun_in: Folder from which the data was found.
    """
    if on.startswith(_RUN_CODE) or _is_python(scorer):
        return True
    path = on.partition(":")[2] or on
    for file in (Path(path), begun_in / path):
        if file.is_file() and any(_is_python(each) for each in _scorers_of(file)):
            return True
    return False


def _scorers_of(data: Path) -> Iterator[object]:
    """What data files say about their scorer: in the first line, or in a file beside them."""
    for file in (data, data.with_suffix(".scorer.json")):
        if file.is_file() and file.suffix not in (".csv", ".tsv"):
            with file.open("rb") as stream:
                text = stream.read(_MOST_BYTES) if file.suffix == ".json" else stream.readline(_MOST_BYTES)
            try:
                found: object = json.loads(text)
            except (ValueError, RecursionError):
                found = _PYTHON  # unreadable: in doubt it does
            fields = cast("dict[str, object]", found) if isinstance(found, dict) else {"scorer": found}
            yield fields.get("scorer", fields)


def _is_python(scorer: object) -> bool:
    kind = cast("dict[str, object]", scorer).get("type", "") if isinstance(scorer, dict) else scorer
    return isinstance(kind, str) and kind.strip().casefold().startswith(_PYTHON)


def are_all_free(models: Sequence[str]) -> bool:
    """Every model is simulated or recorded, and there is one."""
    return bool(models) and all(model.startswith(_FREE) for model in models)


def say_spent(samples: int, micro_usd: int) -> str:
    """``1,200 samples, $3.10``."""
    return f"{words.count(samples, 'sample')}, {words.usd(micro_usd)}"
