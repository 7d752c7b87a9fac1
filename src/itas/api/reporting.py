"""Write the page, or the figures, of what a run left: a search, an evaluation, or the trace of an answer."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from itas.api import evaluation_folder
from itas.api.ablating import ABLATION, AblationReport
from itas.api.evaluated import EvaluatedRun, load_evaluated, load_side_by_side
from itas.api.gaps import Gap, find_gaps
from itas.api.runs import find_run, write_text
from itas.api.search_outcome import JOURNAL, KIND, OUTCOME, REPORT, WINNER, Outcome, load_outcome
from itas.api.taking import COMPONENTS, load_taken
from itas.api.tracing import TRACE, Traced, find_traced, load_traced
from itas.errors import DataError, SpecError
from itas.report import words
from itas.report.about import AblationLine, About, GapLine, NextStep
from itas.search import read_journal

if TYPE_CHECKING:
    from itas.report.charts import Chart
    from itas.report.evaluation_page import EvaluationAbout

_TRACE_KINDS = frozenset({"trace", "begin", "call", "failed_call", "event", "layer", "answer", "failed"})


def write_report(
    what: Path,
    *,
    output: Path | None = None,
    answer: int | None = None,
    problem: str | None = None,
    against: Sequence[Path] = (),
) -> Path:
    """Write the page of a run, of one problem of it, or of a trace, and give its path.

    Args:
        what: Run folder of a search or an evaluation, or the trace of an answer.
        output: The page; by default ``report.html`` in the run folder, or beside the trace.
        answer: Which one, of a trace of several, or of several answers to the problem.
        problem: Id of a problem of the run, whose answer was traced.
        against: Of a search on several benchmarks: searches on one of them each.

    Raises:
        SpecError: Neither, or there is nothing to report yet.
        DataError: A file in it is damaged.
        Error: A package of the extra ``report`` is missing; says how to install it.
    """
    if problem is not None:
        folder, _ = find_run(what)
        is_searched = (folder / OUTCOME).is_file()
        best = load_outcome(folder).result.recommended.fingerprint if is_searched else None
        found = find_traced(folder, problem, answer=answer, preferred=best)
        path = output or folder / f"answer-{found.number}.html"
        write_text(path, render_problem(folder, found))
        return path
    if is_trace(what):
        path = output or what.with_suffix(".html")
        write_text(path, render_trace(what, answer=answer))
        return path
    folder, manifest = find_run(what)
    if answer is not None:
        raise SpecError("a number of an answer goes with a trace or a problem, not with a run", path="answer")
    path = output or folder / REPORT
    if against and manifest.get("kind") == evaluation_folder.KIND:
        raise SpecError("is for a search; compare evaluations with: itas compare", path="--against")
    if manifest.get("kind") == evaluation_folder.KIND:
        write_text(path, render_evaluation(what))
    else:
        write_text(path, render_search(what, against=against))
    return path


def write_run_figures(
    what: Path, folder: Path, *, answer: int | None = None, against: Sequence[Path] = ()
) -> tuple[Path, ...]:
    """Write every chart of the page as PNG and SVG, and give their paths.

    Raises:
        SpecError, DataError, Error: See `write_report`.
    """
    from itas.report.figures import write_figures

    return write_figures(_charts(what, answer=answer, against=against), folder)


def write_comparison(runs: Sequence[Path], output: Path) -> Path:
    """Write the page of several evaluation runs side by side.

    Raises:
        SpecError, DataError: See `itas.api.comparing.compare_runs`.
    """
    write_text(output, render_comparison(runs))
    return output


def render_comparison(runs: Sequence[Path]) -> str:
    """The page of several evaluation runs side by side, as HTML text.

    Raises:
        SpecError, DataError: See `itas.api.comparing.compare_runs`.
    """
    from itas.report.evaluation_page import render_evaluation_report

    contestants, comparisons = load_side_by_side(runs)
    about = _evaluation_about(load_evaluated(runs[0])).model_copy(
        update={
            "title": " and ".join(each.name for each in contestants[:4]),
            "command": " ".join(["itas compare", *(str(run) for run in runs)]),
        }
    )
    return render_evaluation_report(contestants, comparisons=comparisons, about=about)


def render_search(run: Path, *, against: Sequence[Path] = ()) -> str:
    """The page of a finished search, as HTML text; see `write_report`.

    Raises:
        SpecError: Not the folder of a finished search.
        DataError: A file in it is damaged.
    """
    from itas.report.search import render_search_report

    outcome, about, events = _search(run, against)
    return render_search_report(outcome.result, about=about, journal=events)


def render_evaluation(run: Path) -> str:
    """The page of an evaluation, also of one that has not finished, as HTML text.

    Raises:
        SpecError: Not the folder of an evaluation, or nothing was answered yet.
        DataError: A file in it is damaged.
    """
    from itas.report.evaluation_page import render_evaluation_report

    loaded = load_evaluated(run)
    return render_evaluation_report(
        loaded.contestants, comparisons=loaded.comparisons, about=_evaluation_about(loaded)
    )


def render_trace(file: Path, *, answer: int | None = None) -> str:
    """The page of one answer, as HTML text.

    Raises:
        SpecError: The trace has no answer of that number.
        DataError: The file is no trace, or damaged.
    """
    from itas.report.trace_page import TraceAbout, render_trace_page

    about = TraceAbout(title=f"Trace {file.name}", source=file.name, number=answer)
    return render_trace_page(load_trace(file), about=about)


def render_problem(folder: Path, traced: Traced) -> str:
    """The page of one answer that a run gave to a problem, as HTML text.

    Raises:
        DataError: The trace is damaged.
    """
    from itas.report.trace_page import TraceAbout, render_trace_page

    title = f"{traced.problem}: {traced.architecture}"
    about = TraceAbout(title=title, source=f"{folder.name}/{TRACE}", number=traced.number)
    return render_trace_page(load_traced(folder, traced.number), about=about)


def is_trace(path: Path) -> bool:
    """Whether a file begins as a trace does."""
    if not path.is_file() or path.suffix not in (".jsonl", ".json", ".trace"):
        return False
    try:
        with path.open("rb") as file:
            line = json.loads(file.readline())
    except (OSError, ValueError):
        return False
    return isinstance(line, dict) and cast("dict[str, Any]", line).get("kind") in _TRACE_KINDS


def load_trace(path: Path) -> list[Mapping[str, Any]]:
    """The lines of a trace; a torn last line is left out.

    Raises:
        DataError: Another line is not JSON.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    found: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except ValueError as error:
            if number == len(lines):
                break
            raise DataError(f"{path}:{number}: not JSON: {error}") from None
    return found


def _charts(what: Path, *, answer: int | None, against: Sequence[Path]) -> "Mapping[str, Chart]":
    if is_trace(what):
        from itas.report.trace_page import TraceAbout, draw_trace_charts

        about = TraceAbout(title=what.name, source=what.name, number=answer)
        return draw_trace_charts(load_trace(what), about=about)
    _, manifest = find_run(what)
    if manifest.get("kind") == evaluation_folder.KIND:
        from itas.report.evaluation_page import draw_evaluation_charts

        loaded = load_evaluated(what)
        return draw_evaluation_charts(loaded.contestants, comparisons=loaded.comparisons)
    from itas.report.search import draw_search_charts

    outcome, search_about, events = _search(what, against)
    return draw_search_charts(outcome.result, about=search_about, journal=events)


def _search(run: Path, against: Sequence[Path]) -> tuple[Outcome, About, Sequence[Any]]:
    folder, manifest = find_run(run, kind=KIND)
    outcome = load_outcome(folder)
    truth = outcome.truth
    about = About(
        title=outcome.search.study.name,
        created=str(manifest.get("created", "")),
        command=" ".join(str(part) for part in manifest.get("command", ())),
        benchmark=outcome.benchmark,
        n_problems=outcome.benchmark_problems,
        versions=_versions(manifest),
        fingerprints={"benchmark": outcome.benchmark_fingerprint},
        is_simulated=outcome.search.is_simulated,
        true_quality=None if truth is None else {name: found.mean for name, found in truth.quality.items()},
        true_problems=None if truth is None else truth.problems,
        caps=outcome.search.budget,
        next_steps=_next_steps(run, outcome),
        ablation=_ablation(folder / ABLATION),
        took=_took(folder / COMPONENTS),
        parts=outcome.parts,
        gaps=tuple(_gap(gap) for gap in find_gaps(run, against)) if against else (),
    )
    events = read_journal(folder / JOURNAL) if (folder / JOURNAL).is_file() else ()
    return outcome, about, events


def _gap(gap: Gap) -> GapLine:
    found = gap.comparison
    apart = 1.96 * math.hypot(gap.general.se or 0.0, gap.specific.se or 0.0)
    return GapLine(
        benchmark=gap.benchmark,
        general=gap.general,
        own=gap.specific,
        difference=gap.difference,
        low=gap.difference - apart if found is None else found.low,
        high=gap.difference + apart if found is None else found.high,
        verdict="unknown" if found is None else found.verdict,
        n=0 if found is None else found.n,
    )


def _next_steps(run: Path, outcome: Outcome) -> tuple[NextStep, ...]:
    use = NextStep(purpose="Ask it a question", command=f'itas answer {run / WINNER} "your question"')
    if not outcome.result.verdict.is_complete:
        return (
            NextStep(purpose="Complete the verdict", command=f"itas resume {run} --max-samples MORE"),
            use,
        )
    show = NextStep(purpose="See these figures in the terminal", command=f"itas show {run}")
    return (use, show)


def _took(path: Path) -> dict[str, dict[str, str]]:
    """Money and seconds of every component of every contestant, in words."""
    found = load_taken(path) if path.is_file() else {}
    return {
        fingerprint: {
            f"{each.layer}.{each.component}": f"{words.usd(each.micro_usd)} · {words.seconds(each.seconds)}"
            for each in taken
        }
        for fingerprint, taken in found.items()
    }


def _ablation(path: Path) -> tuple[AblationLine, ...]:
    """What each part of the winner adds, where somebody found out (`itas ablate`)."""
    if not path.is_file():
        return ()
    try:
        found = AblationReport.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: not an ablation: {place}: {first['msg']}") from None
    return tuple(
        AblationLine(
            without=part.without,
            difference=part.comparison.difference,
            low=part.comparison.low,
            high=part.comparison.high,
            verdict=part.comparison.verdict,
            share_of_price=part.price_share,
            share_of_samples=part.samples_share,
        )
        for part in found.parts
        if part.comparison is not None
    )


def _evaluation_about(loaded: EvaluatedRun) -> "EvaluationAbout":
    from itas.report.evaluation_page import EvaluationAbout

    manifest = loaded.manifest
    return EvaluationAbout(
        title=str(manifest.get("name", loaded.folder.name)),
        created=str(manifest.get("created", "")),
        command=" ".join(str(part) for part in manifest.get("command", ())),
        sandbox=str(manifest.get("sandbox", "")),
        versions=_versions(manifest),
        fingerprints={"benchmark": str(manifest.get("benchmark_fingerprint", ""))},
    )


def _versions(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(found) for name, found in dict(manifest.get("versions", {})).items()}
