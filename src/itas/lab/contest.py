"""Contest: several searchers on several landscapes, many runs each, side by side in processes.

Searchers are compared on the same problems, draws and luck: run r of one landscape is the same world for all.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from itas.core.spec import digest
from itas.errors import SpecError
from itas.lab.course import Checkpoint, Course, run_course
from itas.lab.landscape import Landscape
from itas.lab.shipped import find_landscape
from itas.lab.table import DRAWS, PROBLEMS, Table, make_table
from itas.lab.world import World
from itas.search.searchers import parse_searcher
from itas.search.space import Space

VERSION = 2
"""Of the simulation: another number, and tables made before are made anew."""


@dataclass(frozen=True)
class Contest:
    """What is to be run.

    Attributes:
        landscapes: Names of shipped landscapes.
        searchers: Name in the results -> searcher, as a name or a mapping with options.
        space: What is searched.
        runs: Runs of every searcher, spread over the landscapes in turn; run r has landscape ``r % n`` and seed
            ``first_seed + r // n``.
        first_seed: Of the first run on every landscape.
        problems: Development problems of each run.
        batch: Proposals at a time.
        max_evaluations: Whole evaluations after which a run ends.
        max_paid: Samples paid for after which a run ends.
        population: Problems of a landscape, over which the truth is taken.
        draws: Draws of every problem.
        tables: Folder where tables are kept between contests.
    """

    landscapes: tuple[str, ...]
    searchers: Mapping[str, object]
    space: Space
    tables: Path
    runs: int = 48
    first_seed: int = 0
    problems: int = 100
    batch: int = 8
    max_evaluations: float | None = 160
    max_paid: int | None = None
    population: int = PROBLEMS
    draws: int = DRAWS


def run_contest(
    contest: Contest, *, workers: int, done: Callable[[Course], None] | None = None
) -> tuple[Course, ...]:
    """Run everything.

    Args:
        contest: What.
        workers: Processes; 1 stays in this one.
        done: Called with every course as it ends, in any order.

    Returns:
        All courses, ordered by searcher, landscape and seed.

    Raises:
        SpecError: An unknown landscape or searcher, or a component that the lab cannot simulate.
    """
    contest.tables.mkdir(parents=True, exist_ok=True)
    for searcher in contest.searchers.values():
        try:
            parse_searcher(searcher)
        except ValueError as error:
            raise SpecError(str(error)) from None
    for name in contest.landscapes:
        find_landscape(name)
    tasks = [
        (contest, searcher, contest.landscapes[run % len(contest.landscapes)], run // len(contest.landscapes))
        for run in range(contest.runs)
        for searcher in contest.searchers
    ]
    courses: list[Course] = []
    for course in _spread(tasks, workers):
        courses.append(course)
        if done is not None:
            done(course)
    order = {name: place for place, name in enumerate(contest.searchers)}
    return tuple(sorted(courses, key=lambda each: (order[each.searcher], each.landscape, each.seed)))


Task = tuple[Contest, str, str, int]


def _spread(tasks: Sequence[Task], workers: int) -> Iterator[Course]:
    if workers == 1:
        yield from map(_run, tasks)
        return
    # Read by every process when it imports numpy: threads only wait for each other on such small matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        left = {pool.submit(_run, task) for task in tasks}
        while left:
            ended, left = wait(left, return_when=FIRST_COMPLETED)
            for future in ended:
                yield future.result()


def _run(task: Task) -> Course:
    contest, searcher, landscape, run = task
    table = load_table(
        find_landscape(landscape),
        contest.space,
        contest.tables,
        problems=contest.population,
        draws=contest.draws,
    )
    return run_course(
        table,
        parse_searcher(contest.searchers[searcher]),
        name=searcher,
        seed=contest.first_seed + run,
        problems=contest.problems,
        batch=contest.batch,
        max_evaluations=contest.max_evaluations,
        max_paid=contest.max_paid,
    )


def load_table(
    landscape: Landscape, space: Space, folder: Path, *, problems: int = PROBLEMS, draws: int = DRAWS
) -> Table:
    """The table of a landscape, made once and kept in `folder`."""
    return _load_table(landscape.model_dump_json(), space.model_dump_json(), folder, problems, draws)


@lru_cache(maxsize=2)
def _load_table(landscape_json: str, space_json: str, folder: Path, problems: int, draws: int) -> Table:
    landscape = Landscape.model_validate_json(landscape_json)
    bound = Space.parse(json.loads(space_json)).bind(landscape.rankings())
    key = digest([VERSION, landscape_json, bound.fingerprint, problems, draws])[:16]
    file = folder / f"{landscape.name}-{key}.npy"
    if file.is_file():
        chances = np.load(file, mmap_mode="r", allow_pickle=False)
        world = World(landscape, seed=0, problems=problems, draws=draws)
        return Table(landscape, bound, world, chances)
    table = make_table(landscape, bound, problems=problems, draws=draws)
    unfinished = file.with_suffix(f".{id(table)}.tmp")
    with unfinished.open("wb") as stream:
        np.save(stream, table.chances, allow_pickle=False)
    unfinished.replace(file)
    return table


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over runs, its standard error, and how many runs it is over."""

    mean: float
    se: float
    n: int


@dataclass(frozen=True)
class Summary:
    """What the runs of one searcher say together. Regrets and beliefs in points (hundredths of a score).

    Attributes:
        searcher: Its name.
        regret_at: Mean true regret after so many whole evaluations; only runs that came so far.
        regret_for: The same for so many samples paid; every run counts, with its last recommendation.
        front_at: Mean share of the true front's area that the believed front covers, after so many evaluations.
        front_needs: Median evaluations to 90 and to 95 % of that area; infinite where half of the runs never came
            so far.
        within_one, within_half: Share of runs within 1 and 0.5 points of the best, at the most evaluations
            of `regret_at` that any run reached.
        paid: Mean samples paid at the end.
        saved: Samples without a call store over samples with one.
        optimism: Posterior mean of the winner minus its truth, at the end.
        naive_optimism: Observed mean of the winner minus its truth, at the end.
        covered: Share of runs whose truth lies in posterior mean +- 1.96 sd, at the end.
        ask_ms: Median CPU milliseconds for one batch.
    """

    searcher: str
    regret_at: Mapping[int, Mean]
    regret_for: Mapping[int, Mean]
    front_at: Mapping[int, Mean]
    front_needs: tuple[float, float]
    within_one: float
    within_half: float
    paid: float
    saved: float
    optimism: Mean
    naive_optimism: Mean
    covered: float
    ask_ms: float


def summarise(
    courses: Sequence[Course], *, evaluations: Sequence[int] = (20, 40, 80, 160), paid: Sequence[int] = ()
) -> Summary:
    """Put the runs of one searcher together."""
    ends = [course.checkpoints[-1] for course in courses]
    at = {count: [c for each in courses if (c := each.at_evaluations(count))] for count in evaluations}
    reached = [checkpoints for checkpoints in at.values() if checkpoints]
    last = reached[-1] if reached else ends
    budgets = {count: [each.at_paid(count) or each.checkpoints[0] for each in courses] for count in paid}
    return Summary(
        searcher=courses[0].searcher,
        regret_at={count: _regret(found) for count, found in at.items() if found},
        regret_for={count: _regret(found) for count, found in budgets.items()},
        front_at={count: _mean([each.front_share for each in found]) for count, found in at.items() if found},
        front_needs=(_needs(courses, 0.90), _needs(courses, 0.95)),
        within_one=float(np.mean([each.regret <= 0.01 for each in last])),
        within_half=float(np.mean([each.regret <= 0.005 for each in last])),
        paid=float(np.mean([each.paid for each in ends])),
        saved=float(np.sum([each.unshared for each in ends]) / np.sum([each.paid for each in ends])),
        optimism=_mean([100 * (each.believed - each.truth) for each in ends]),
        naive_optimism=_mean([100 * (each.observed - each.truth) for each in ends]),
        covered=float(np.mean([abs(each.believed - each.truth) <= 1.96 * each.sd for each in ends])),
        ask_ms=float(np.median([1000 * second for each in courses for second in each.seconds])),
    )


def first_below(courses: Sequence[Course], points: float, *, step: int = 500) -> int | None:
    """Fewest samples paid from which on the mean regret of the runs stays at or below `points`; None if never."""
    most = min(course.checkpoints[-1].paid for course in courses)
    found: int | None = None
    for paid in range(step, most + step, step):
        regrets = [(each.at_paid(paid) or each.checkpoints[0]).regret for each in courses]
        is_below = 100 * float(np.mean(regrets)) <= points
        found = (paid if found is None else found) if is_below else None
    return found


def write_courses(courses: Sequence[Course], path: Path) -> None:
    """One course a line, as JSON."""
    with path.open("w", encoding="utf-8") as stream:
        for course in courses:
            stream.write(json.dumps(asdict(course)) + "\n")


def read_courses(path: Path) -> tuple[Course, ...]:
    """What `write_courses` wrote."""
    found: list[Course] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        data = json.loads(line)
        data["checkpoints"] = tuple(Checkpoint(**each) for each in data["checkpoints"])
        data["seconds"] = tuple(data["seconds"])
        found.append(Course(**data))
    return tuple(found)


def _needs(courses: Sequence[Course], share: float) -> float:
    """Median evaluations until the believed front covers that share of the true one's area."""
    found = [
        next((each.evaluations for each in course.checkpoints if each.front_share >= share), np.inf)
        for course in courses
    ]
    return float(np.median(found))


def _regret(checkpoints: Sequence[Checkpoint]) -> Mean:
    return _mean([100 * each.regret for each in checkpoints])


def _mean(values: Sequence[float]) -> Mean:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return Mean(float(np.mean(values)), spread / len(values) ** 0.5, len(values))
