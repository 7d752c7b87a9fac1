"""Course: one run of one searcher on a landscape, with what it paid and how far from the best it stands.

The searcher sees what it sees in a study: scores on development problems, batch by batch. The truth is looked
up only to say how good a recommendation was.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from itas.core.seeds import derive_seed, random_for
from itas.lab.table import Table
from itas.search.bound import BoundSpace
from itas.search.front import find_front, hypervolume, scale_costs
from itas.search.history import History, Proposal, Trial
from itas.search.posterior import Posterior, posterior_of
from itas.search.searchers import Searcher

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a course stood after a batch.

    Attributes:
        trials: Proposals run so far.
        evaluations: Scores seen, in whole development sets.
        paid: Model samples bought, with a call store.
        unshared: Samples that it would have taken without one.
        point: What would be recommended.
        regret: True quality of the best point minus that of this one.
        observed_regret: The same for the point with the best observed mean among those with the most problems.
        believed: Posterior mean of the recommended point.
        sd: Its posterior standard deviation.
        observed: Its observed mean.
        truth: True quality of the recommended point.
        front_share: Area under the points of the believed front, at their true quality, as a share of the area
            under the true front; quality against planned samples, above the worst point of the space.
    """

    trials: int
    evaluations: float
    paid: int
    unshared: int
    point: int
    regret: float
    observed_regret: float
    believed: float
    sd: float
    observed: float
    truth: float
    front_share: float


@dataclass(frozen=True, slots=True)
class Course:
    """All checkpoints of one run.

    Attributes:
        searcher: Its name.
        landscape: Its name.
        seed: Of the run: problems, draws and choices.
        checkpoints: One after each batch.
        seconds: CPU seconds for each batch that the searcher was asked for.
    """

    searcher: str
    landscape: str
    seed: int
    checkpoints: tuple[Checkpoint, ...]
    seconds: tuple[float, ...] = field(repr=False)

    def at_evaluations(self, count: float) -> Checkpoint | None:
        """The first checkpoint with at least so many whole evaluations; None if it never came so far."""
        return next((each for each in self.checkpoints if each.evaluations >= count - 1e-9), None)

    def at_paid(self, count: int) -> Checkpoint | None:
        """The last checkpoint that had paid no more than `count`; None if the first one had paid more."""
        found = [each for each in self.checkpoints if each.paid <= count]
        return found[-1] if found else None


def run_course(
    table: Table,
    searcher: Searcher,
    *,
    name: str,
    seed: int,
    problems: int = 100,
    batch: int = 8,
    max_evaluations: float | None = None,
    max_paid: int | None = None,
) -> Course:
    """Run a searcher until a limit is reached or nothing is left to try.

    Args:
        table: The landscape and the space.
        searcher: Who proposes.
        name: What to call it in results.
        seed: Chooses development problems and their draws, the luck of scores, and the searcher's choices.
        problems: Development problems.
        batch: Proposals at a time.
        max_evaluations: Stop after so many whole evaluations (scores seen / `problems`).
        max_paid: Stop before the samples paid for pass this.
    """
    meter = _Meter(table.space, problems)
    checkpoints: list[Checkpoint] = []
    seconds: list[float] = []
    for step in _walk(table, searcher, name=name, seed=seed, problems=problems, batch=batch):
        seconds.append(step.seconds)
        for proposal in step.proposals:
            meter.pay(proposal)
        checkpoint = _look(table, step.history, meter)
        if max_paid is not None and checkpoint.paid > max_paid:
            break
        checkpoints.append(checkpoint)
        if max_evaluations is not None and checkpoint.evaluations >= max_evaluations:
            break
    return Course(name, table.landscape.name, seed, tuple(checkpoints), tuple(seconds))


def find_history(
    table: Table,
    searcher: Searcher,
    *,
    name: str,
    seed: int,
    evaluations: float,
    problems: int = 100,
    batch: int = 8,
) -> History:
    """What `run_course` would have seen after so many whole evaluations, or when nothing was left to try."""
    history = History(problems)
    for step in _walk(table, searcher, name=name, seed=seed, problems=problems, batch=batch):
        history = step.history
        if history.n_observations >= evaluations * problems:
            break
    return history


@dataclass(frozen=True, slots=True)
class _Step:
    proposals: tuple[Proposal, ...]
    history: History
    seconds: float


def _walk(
    table: Table, searcher: Searcher, *, name: str, seed: int, problems: int, batch: int
) -> Iterator[_Step]:
    """Batch after batch, until nothing is left to try."""
    rows = draw_rows(table, problems, seed=seed)
    history = History(problems)
    while True:
        rng = random_for(seed, "lab", name, len(history.trials))
        started = time.process_time()
        proposals = searcher.ask(history, rng, space=table.space, batch=batch)
        seconds = time.process_time() - started
        if not proposals:
            return
        history = history.plus(_run(table, proposals, rows, seed, first=len(history.trials)))
        yield _Step(proposals, history, seconds)


def draw_rows(table: Table, problems: int, *, seed: int) -> Ints:
    """One row of each of so many different problems; shape (problems,)."""
    rng = np.random.default_rng(derive_seed(seed, "problems", table.landscape.name))
    chosen = rng.permutation(table.world.problems)[:problems]
    return chosen * table.world.draws + rng.integers(table.world.draws, size=len(chosen))


def _run(
    table: Table, proposals: tuple[Proposal, ...], rows: Ints, seed: int, *, first: int
) -> Iterator[Trial]:
    for number, proposal in enumerate(proposals, first):
        problems = np.asarray(proposal.problems, dtype=np.int64)
        scores = table.scores(proposal.point, rows[problems], seed=seed)
        pairs = tuple(zip(proposal.problems, scores.tolist(), strict=True))
        yield Trial(number, proposal.point, proposal.problems, pairs)


def _look(table: Table, history: History, meter: "_Meter") -> Checkpoint:
    posterior = posterior_of(history, table.space)
    if posterior is None:
        raise ValueError("nothing was scored")
    best = posterior.best
    means = {point: float(np.mean(list(scores.values()))) for point, scores in history.scores.items()}
    most = max(len(scores) for scores in history.scores.values())
    full = [point for point, scores in history.scores.items() if len(scores) == most]
    observed_best = max(full, key=lambda point: means[point])
    truth = float(table.truth[best.point])
    return Checkpoint(
        trials=len(history.trials),
        evaluations=history.n_observations / history.n_problems,
        paid=meter.paid,
        unshared=meter.unshared,
        point=best.point,
        regret=table.best - truth,
        observed_regret=table.best - float(table.truth[observed_best]),
        believed=best.mean,
        sd=best.sd,
        observed=means[best.point],
        truth=truth,
        front_share=_front_share(table, posterior),
    )


def _front_share(table: Table, posterior: Posterior) -> float:
    scaled = scale_costs(table.space.costs("samples"))
    believed = posterior.points[find_front(scaled[posterior.points], posterior.mean)]
    floor = float(table.truth.min())
    return hypervolume(scaled[believed], table.truth[believed], floor) / table.front_area


class _Meter:
    """Counts samples: with a store, which never buys the same draw twice, and without one."""

    def __init__(self, space: BoundSpace, problems: int) -> None:
        self.paid = 0
        self.unshared = 0
        self._space = space
        self._stocks: dict[int, Ints] = {}
        self._problems = problems

    def pay(self, proposal: Proposal) -> None:
        sharing = self._space.sharing
        planned = int(self._space.planned_samples[proposal.point])
        nothing = sharing.stock(())
        bought = sharing.stock((proposal.point,))
        for problem in proposal.problems:
            stock = self._stocks.get(problem)
            if stock is None:
                stock = self._stocks[problem] = nothing.copy()
            self.paid += sharing.missing(proposal.point, stock)
            self.unshared += planned
            np.maximum(stock, bought, out=stock)
