"""`itas lab`: compare searchers on simulated landscapes with known truth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from itas.lab import LANDSCAPES, Contest, Course, Landscape, Summary, run_contest
from itas.lab.contest import summarise, write_courses
from itas.search.shipped import load_space

SMOOTH = tuple(name for name in LANDSCAPES if not name.startswith("rough-"))
CHECKPOINTS = (10, 20, 40, 80, 160)
PAID = (10_000, 20_000, 30_000, 40_000)


@dataclass(frozen=True)
class LabResult:
    """What a contest came to; everything in it is simulated.

    Attributes:
        summaries: One for each searcher, in the order given.
        courses: Every run.
    """

    summaries: tuple[Summary, ...]
    courses: tuple[Course, ...]


def list_landscapes() -> tuple[Landscape, ...]:
    """The landscapes that are shipped."""
    return tuple(LANDSCAPES.values())


def run_lab(
    searchers: Mapping[str, object] | Sequence[str],
    *,
    landscapes: Sequence[str] = (),
    space: str = "paper-3192",
    runs: int = 16,
    seed: int = 0,
    problems: int = 100,
    max_evaluations: float = 80,
    workers: int = 1,
    tables: Path = Path(".itas/lab"),
    output: Path | None = None,
    done: Callable[[Course], None] | None = None,
) -> LabResult:
    """Run searchers on landscapes.

    Args:
        searchers: Names, or name -> searcher.
        landscapes: Names; all but the rough ones by default.
        space: Name of a shipped space.
        runs: Runs of each searcher, spread over the landscapes.
        seed: Of the first run.
        problems: Development problems of a run.
        max_evaluations: Whole evaluations (of all development problems) in a run.
        workers: Processes.
        tables: Where simulated landscapes are kept.
        output: Where to write every course, as JSON lines.
        done: Called with every course as it ends.

    Raises:
        SpecError: An unknown name, or a space that the lab cannot simulate.
    """
    chosen = searchers if isinstance(searchers, Mapping) else {name: name for name in searchers}
    contest = Contest(
        landscapes=tuple(landscapes) or SMOOTH,
        searchers=chosen,
        space=load_space(space),
        tables=tables,
        runs=runs,
        first_seed=seed,
        problems=problems,
        max_evaluations=max_evaluations,
    )
    courses = run_contest(contest, workers=workers, done=done)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_courses(courses, output)
    counts = [count for count in CHECKPOINTS if count <= max_evaluations] or [max_evaluations]
    summaries = tuple(
        summarise(
            [course for course in courses if course.searcher == name],
            evaluations=[int(count) for count in counts],
            paid=PAID,
        )
        for name in chosen
    )
    return LabResult(summaries, courses)
