"""Write the report page of a finished search."""

from pathlib import Path

from itas.api.runs import find_run, write_text
from itas.api.searching import JOURNAL, KIND, REPORT, WINNER, Outcome, load_outcome
from itas.report.about import About, NextStep
from itas.search import read_journal


def _next_steps(run: Path, outcome: Outcome) -> tuple[NextStep, ...]:
    use = NextStep(purpose="Ask it a question", command=f'itas answer {run / WINNER} "your question"')
    if not outcome.result.verdict.is_complete:
        return (
            NextStep(purpose="Complete the verdict", command=f"itas resume {run} --max-samples MORE"),
            use,
        )
    show = NextStep(purpose="See these figures in the terminal", command=f"itas show {run}")
    return (use, show)


def write_report(run: Path) -> Path:
    """Write ``report.html`` into the run folder and give its path.

    Raises:
        SpecError: Not the folder of a finished search.
        DataError: A file in it is damaged.
    """
    from itas.report.search import render_search_report

    folder, manifest = find_run(run, kind=KIND)
    outcome = load_outcome(folder)
    truth = outcome.truth
    about = About(
        title=outcome.search.study.name,
        created=str(manifest.get("created", "")),
        command=" ".join(str(part) for part in manifest.get("command", ())),
        benchmark=outcome.benchmark,
        n_problems=outcome.benchmark_problems,
        versions={str(name): str(found) for name, found in dict(manifest.get("versions", {})).items()},
        fingerprints={"benchmark": outcome.benchmark_fingerprint},
        is_simulated=outcome.search.is_simulated,
        true_quality=None if truth is None else {name: found.mean for name, found in truth.quality.items()},
        true_problems=None if truth is None else truth.problems,
        caps=outcome.search.budget,
        next_steps=_next_steps(run, outcome),
    )
    path = folder / REPORT
    events = read_journal(folder / JOURNAL) if (folder / JOURNAL).is_file() else ()
    write_text(path, render_search_report(outcome.result, about=about, journal=events))
    return path
