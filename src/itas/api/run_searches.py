"""Read the folder of a search for people who look; see `run_reading`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from itas.api.run_facts import StudyFile
from itas.api.run_reading import CODE, Reading, are_all_free, check_cap, names_code, say_spent
from itas.api.search_outcome import JOURNAL, OUTCOME, STUDY, Outcome, load_outcome, load_search
from itas.api.search_spec import SearchSpec
from itas.report import words
from itas.report.verdict import describe_choice, describe_verdict
from itas.report.words import describe_architecture
from itas.view.records import Detail, Report, Run


class SearchRun(Reading):
    """A search: its journal while it runs, its outcome when it has ended."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        super().__init__(folder, manifest)
        self._journal = StudyFile(folder / JOURNAL)
        self._search: SearchSpec | None = None
        self._outcome: tuple[tuple[int, int], Outcome] | None = None

    @property
    def command(self) -> str:
        """See `Reading.command`."""
        return f"itas resume {self.folder}" if self._find_outcome() is None else super().command

    def line(self, *, is_held: bool) -> Run:
        """See `Reading.line`."""
        outcome = None if is_held else self._find_outcome()
        if outcome is not None:
            result = outcome.result
            is_complete = result.verdict.is_complete
            return self._run(
                state="finished" if is_complete else "stopped",
                outcome=describe_verdict(result),
                spent=say_spent(result.paid_samples, result.paid_micro_usd),
                resuming=""
                if is_complete
                else f"A cap ended it. With a higher one, in a terminal: itas resume {self.folder} --max-samples MORE",
            )
        facts = self._journal.read()
        trials = facts.counts.get("trial", 0)
        done = f"{facts.stage[:1].upper()}{facts.stage[1:]}: {words.count(trials, 'trial')}"
        may, why = self._resuming() if not is_held else (False, "")
        return self._run(
            state="running" if is_held else "stopped",
            outcome=f"{done}; best so far {facts.best}" if facts.best else done,
            spent=say_spent(facts.samples, facts.micro_usd),
            can_resume=may,
            resuming=why,
        )

    def describe(self, run: Run) -> Detail:
        """See `Reading.describe`."""
        if run.state == "broken":
            return super().describe(run)
        facts = self._journal.read()
        most = facts.budget.get("max_trials")
        outcome = None if run.state in ("running", "stopping") else self._find_outcome()
        figures = {
            "Stage": facts.stage,
            "Models ranked": str(facts.counts.get("ranked", 0)),
            "Architectures in the space": f"{facts.points:,}" if facts.points else "",
            "Trials": f"{facts.counts.get('trial', 0):,}" + (f" of {most:,}" if most else ""),
            "Finalists measured": str(facts.counts.get("finalist", 0)),
            "Contestants on held-out problems": str(facts.counts.get("contestant", 0)),
            "Samples paid": _of(f"{facts.samples:,}", facts.budget.get("max_samples")),
            "Dollars paid": _of(words.usd(facts.micro_usd), facts.budget.get("max_cost_usd"), "$"),
        }
        if outcome is not None:
            result = outcome.result
            figures |= {
                "Recommended": describe_architecture(result.recommended),
                "Because": describe_choice(result),
            }
        else:
            figures["Best so far"] = facts.best
        figures = {name: value for name, value in figures.items() if value}
        reports = (Report("search", "Open the report"),) if outcome is not None else ()
        return Detail(run, figures, StudyFile.heads, tuple(facts.rows), reports, self.command)

    def render(self, name: str) -> str | None:
        """See `Reading.render`."""
        from itas.api.reporting import render_search

        return render_search(self.folder)

    def _find_outcome(self) -> Outcome | None:
        """The outcome, read again when the file is another one."""
        if not (self.folder / OUTCOME).is_file():
            return None
        about = (self.folder / OUTCOME).stat()
        stamp = (about.st_mtime_ns, about.st_size)
        if self._outcome is None or self._outcome[0] != stamp:
            self._outcome = (stamp, load_outcome(self.folder))
        return self._outcome[1]

    def _resuming(self) -> tuple[bool, str]:
        if not (self.folder / STUDY).is_file():
            return False, f"{STUDY} is missing."
        self._search = self._search or load_search(self.folder)
        search = self._search
        begun_in = Path(str(self.manifest.get("folder", ".")))
        if any(names_code(on, search.scorer, begun_in) for on in search.benchmarks):
            return False, CODE.format(self.folder)
        if search.is_all_simulated or are_all_free((*search.study.models, *search.study.all_fusers)):
            return True, "Resuming costs nothing: every model is simulated or recorded."
        return check_cap(self.folder, search.budget.max_cost_usd, search.budget.max_samples)


def _of(found: str, most: object, sign: str = "") -> str:
    return f"{found} of {sign}{most:,}" if isinstance(most, int | float) else found
