"""Read the folder of an evaluation for people who look; see `run_reading`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from itas.api.evaluation_folder import ARCHITECTURE
from itas.api.run_facts import ResultFile
from itas.api.run_reading import CODE, Reading, are_all_free, check_cap, names_code, say_spent
from itas.api.runs import MANIFEST
from itas.errors import DataError
from itas.evaluation.files import RESULTS, SUMMARY, load_summary, repeat_folders
from itas.evaluation.records import Summary
from itas.report import words
from itas.view.records import Detail, Report, Run

_MOST_REPEATS = 10_000


class EvaluationRun(Reading):
    """An evaluation: the results of each architecture, and a summary of each that is done."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        super().__init__(folder, manifest)
        found: Mapping[str, Mapping[str, Any]] = manifest.get("architectures", {})
        self._names = {str(number): str(about["name"]) for number, about in found.items()}
        self._samples = _samples(manifest)
        self._files = {
            number: ResultFile(repeat_folders(self._place(number), self._samples)) for number in self._names
        }
        self._summaries: dict[str, tuple[int, Summary]] = {}

    @property
    def command(self) -> str:
        """See `Reading.command`."""
        return super().command if self._is_finished() else f"itas resume {self.folder}"

    def line(self, *, is_held: bool) -> Run:
        """See `Reading.line`."""
        facts = {number: file.read() for number, file in self._files.items()}
        is_finished = not is_held and self._is_finished()
        parts = [
            self._said(number)
            or f"{name}: {found.mean or words.NONE} after {len(found.scores)} of {self._total}"
            for (number, name), found in zip(self._names.items(), facts.values(), strict=True)
        ]
        more = f"; {len(parts) - 4} more" if len(parts) > 4 else ""
        may, why = (False, "") if is_held or is_finished else self._resuming()
        return self._run(
            state="running" if is_held else "finished" if is_finished else "stopped",
            outcome="; ".join(parts[:4]) + more,
            spent=say_spent(
                sum(each.samples for each in facts.values()), sum(each.micro_usd for each in facts.values())
            ),
            can_resume=may,
            resuming=why,
        )

    def describe(self, run: Run) -> Detail:
        """See `Reading.describe`."""
        if run.state == "broken":
            return super().describe(run)
        facts = {name: self._files[number].read() for number, name in self._names.items()}
        figures = {"Benchmark": str(self.manifest.get("benchmark", ""))}
        for name, found in facts.items():
            figures[name] = f"{found.mean or words.NONE} ({len(found.scores)} of {self._total})"
        rows = [row for found in reversed(facts.values()) for row in found.rows][:15]
        return Detail(run, figures, ResultFile.heads, tuple(rows), self._reports(), self.command)

    def render(self, name: str) -> str | None:
        """See `Reading.render`."""
        from itas.api.reporting import render_evaluation

        return render_evaluation(self.folder)

    def _reports(self) -> Sequence[Report]:
        has_results = any((self._place(number) / RESULTS).is_file() for number in self._names)
        return (Report("evaluation", "Problem by problem"),) if has_results else ()

    @property
    def _total(self) -> str:
        found = self.manifest.get("problems")
        return str(found * self._samples) if isinstance(found, int) else "?"

    def _place(self, number: str) -> Path:
        if not number.isascii() or not number.isdigit():
            raise DataError(f"{MANIFEST}: '{number[:40]}' is no number of an architecture")
        return self.folder / number

    def _summary(self, number: str) -> Summary | None:
        path = self._place(number) / SUMMARY
        if not path.is_file():
            return None
        stamp = path.stat().st_mtime_ns
        known = self._summaries.get(number)
        if known is None or known[0] != stamp:
            known = self._summaries[number] = (stamp, load_summary(path))
        return known[1]

    def _said(self, number: str) -> str:
        summary = self._summary(number)
        if summary is None or summary.score is None or not summary.is_complete:
            return ""
        score = summary.score
        return f"{summary.architecture}: {words.points(score.mean)} ({words.interval(score.low, score.high)})"

    def _is_finished(self) -> bool:
        found = [self._summary(number) for number in self._names]
        return bool(found) and all(each is not None and each.is_complete for each in found)

    def _resuming(self) -> tuple[bool, str]:
        if "ledger" not in self.manifest or not isinstance(self.manifest.get("arguments"), dict):
            return False, "It says too little to be resumed."
        arguments = cast("Mapping[str, Any]", self.manifest["arguments"])
        begun_in = Path(str(self.manifest.get("folder", ".")))
        if names_code(str(self.manifest.get("on", "")), arguments.get("scorer"), begun_in):
            return False, CODE.format(self.folder)
        models: list[str] = []
        for number in self._names:
            path = self._place(number) / ARCHITECTURE
            if not path.is_file():
                return False, f"{number}/{ARCHITECTURE} is missing."
            models += _models_in(json.loads(path.read_bytes()))
        if are_all_free(models) and not self.manifest.get("judging"):
            return True, "Resuming costs nothing: every model is simulated or recorded."
        caps = cast("Mapping[str, Any]", self.manifest.get("caps") or {})
        return check_cap(self.folder, caps.get("max_usd"), caps.get("max_samples"))


def _samples(manifest: Mapping[str, Any]) -> int:
    """Answers to every problem."""
    found = cast("Mapping[str, object]", manifest.get("arguments", {})).get("samples", 1)
    return found if isinstance(found, int) and 1 <= found <= _MOST_REPEATS else 1


def _models_in(data: object) -> list[str]:
    """Every model that an architecture names."""
    if isinstance(data, list):
        return [model for each in cast("list[object]", data) for model in _models_in(each)]
    if not isinstance(data, dict):
        return []
    found: list[str] = []
    for name, value in cast("dict[str, object]", data).items():
        if name == "model" and isinstance(value, str):
            found.append(value)
        elif name == "models" and isinstance(value, list):
            found += [str(each) for each in cast("list[object]", value)]
        else:
            found += _models_in(value)
    return found
