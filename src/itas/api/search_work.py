"""What a study is handed: models, evaluation, prices and the simulated truth."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from itas.api.evaluation_estimate import generators_of
from itas.api.judging import judges_of, plan_judging
from itas.api.lengths import find_lengths
from itas.api.opening import Caps, open_models, open_raters, tightness
from itas.api.search_outcome import Truth
from itas.api.search_spec import SearchSpec
from itas.api.search_verdict import compare_margins
from itas.api.settings import IN_MEMORY, Settings
from itas.api.taking import Taking
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.mixture import part_of
from itas.benchmarks.registry import WORD_PROBLEMS, open_benchmark, open_benchmarks
from itas.core.architecture import Architecture
from itas.core.observation import Observation
from itas.core.problem import Problem, Unscored
from itas.core.rating import RaterSource
from itas.core.spec import digest
from itas.engine.trace import ProblemTraces
from itas.errors import ModelError
from itas.evaluation.estimate import Estimator, Lengths, estimate_judging
from itas.evaluation.evaluate import Solve, evaluate
from itas.evaluation.latency import estimate_seconds
from itas.evaluation.records import Evaluation, to_observations
from itas.evaluation.statistics import MeanEstimate
from itas.models.pool import ModelPool
from itas.sandbox import Sandbox
from itas.search import (
    Amount,
    PartialEvaluation,
    Progress,
    Rankings,
    Study,
    StudyEstimate,
    StudyResult,
)

_TRUTH_SEED = 7_919
_PRICED_PROBLEMS = 50


class SearchWatch(Protocol):
    """Who is told how a search goes."""

    def confirm(self, estimate: StudyEstimate, search: SearchSpec, *, unpriced: Sequence[str]) -> bool:
        """Whether to go on, asked before anything is paid for."""
        ...

    def begin(self, folder: Path) -> None:
        """The run folder is there; from now on the search can be resumed."""
        ...

    def progress(self, progress: Progress) -> None:
        """A step was made."""
        ...

    def say(self, text: str) -> None:
        """Something else worth knowing."""
        ...


def open_search_benchmark(search: SearchSpec) -> Benchmark:
    return open_benchmarks(
        search.benchmarks, scorer=search.scorer, seed=search.study.seed, limit=search.limit
    )


def open_search_models(
    search: SearchSpec, benchmark: Benchmark, settings: Settings, *, store: Path | str, run: str = ""
) -> AbstractAsyncContextManager[ModelPool]:
    """Models of a search. Simulated ones keep their draws beside the study: they belong to its problems."""
    place = place_of_store(search, settings, store)
    caps = Caps(max_usd=search.budget.max_cost_usd, max_samples=search.budget.max_samples)
    return open_models(
        settings.model_copy(update={"store": place}),
        problems=benchmark.problems,
        recording=search.recording,
        seed=search.study.seed,
        caps=caps,
        run=run,
    )


async def with_lengths(search: SearchSpec, benchmark: Benchmark, settings: Settings) -> SearchSpec:
    """The search with how long answers are taken to be; simulated ones are not in the store of the settings."""
    if search.lengths is not None:
        return search
    place = IN_MEMORY if search.is_all_simulated else settings.store
    singles = [search.study.space.single(model) for model in search.study.models]
    lengths = await find_lengths(
        benchmark, generators_of(singles), settings=settings.model_copy(update={"store": place})
    )
    return search.model_copy(update={"lengths": lengths})


def place_of_store(search: SearchSpec, settings: Settings, beside: Path | str) -> str:
    return str(beside) if search.is_all_simulated or beside == IN_MEMORY else settings.store


class SearchWork:
    """What a study is handed: evaluation, prices, comparison."""

    def __init__(
        self,
        search: SearchSpec,
        benchmark: Benchmark,
        models: ModelPool,
        settings: Settings,
        sandbox: Sandbox,
    ) -> None:
        self.runs_code = benchmark.runs_code
        self.note_tier: Callable[[str], None] = lambda tier: None
        """Told behind which walls code is run, before it is."""
        self._sandbox = sandbox
        self.solve: Solve | None = None
        """Answers and scores a problem elsewhere; here, if None."""
        self.room: Callable[[int], int] = lambda concurrency: concurrency
        """Problems to have under way so that so many are worked on."""
        self.paid_elsewhere: Callable[[], tuple[int, int]] | None = None
        """Samples and micro-dollars that workers have paid."""
        self.traces: ProblemTraces | None = None
        """Are told every call and event."""
        self._raters: RaterSource | None = None
        self._rated: dict[str, Architecture] = {}
        self._search = search
        self._benchmark = benchmark
        self._models = models
        self._settings = settings
        self._by_id = {problem.id: problem for problem in benchmark.problems}
        self._lengths = search.lengths or Lengths()
        self._priced = benchmark.problems[:_PRICED_PROBLEMS]
        self._judging = plan_judging(benchmark, self._priced)
        price, lengths = models.find_price, self._lengths
        self._answers = Estimator(self._priced, price=price, lengths=lengths)
        self._judged_answers = Estimator(self._priced, price=price, lengths=lengths, judge=self._judging)
        self.taking = Taking()

    @property
    def all_models(self) -> tuple[str, ...]:
        """Generators and fusers, each once."""
        return tuple(dict.fromkeys((*self._search.study.models, *self._search.study.all_fusers)))

    def check_models(self) -> None:
        """Find an unknown provider or a missing key before anything is paid for."""
        for model in (*self.all_models, *judges_of(self._benchmark)):
            self._models(model)

    def load_raters(self) -> None:
        """Load the local reward models of every architecture that was priced, before anything is paid for."""
        if self.solve is None:
            self._raters = open_raters(self._rated.values(), self._raters)

    def study(
        self, journal: Path | None, watch: SearchWatch | None, *, paid_before: Amount | None = None
    ) -> Study:
        """The study over all problems of the benchmark."""
        return Study(
            spec=self._search.study,
            problems=tuple(self._by_id),
            evaluate=self.evaluate,
            budget=self._search.budget,
            journal=journal,
            price=self.price,
            judging=self.judging(),
            measures={"tokens": self.tokens, "seconds": self.seconds},
            compare=compare_margins,
            paid_before=paid_before,
            groups={problem.id: _question_of(problem) for problem in self._benchmark.problems},
            parts=_parts_of(self._benchmark.problems),
            progress=None if watch is None else watch.progress,
            versions=_versions(),
        )

    async def evaluate(self, architecture: Architecture, problems: Sequence[str]) -> tuple[Observation, ...]:
        """Run an architecture on problems; see `search.Evaluate`."""
        if architecture.runs_code or self._benchmark.runs_code:
            self.note_tier(await self._sandbox.choose_tier())  # or raise, before anything is paid for
        if self.solve is None:
            self._raters = open_raters([architecture], self._raters)
        found = await evaluate(
            architecture,
            self._benchmark,
            models=self._models,
            raters=self._raters,
            runner=self._sandbox,
            problems=[self._by_id[id] for id in problems],
            seed=self._search.study.seed,
            concurrency=self.room(self._settings.concurrency),
            is_tight=self._tightness(architecture),
            solve=self.solve,
            traces=self.traces,
        )
        self.taking.note(found)
        observations = to_observations(found)
        if found.stopped_by == "failures":
            raise ModelError(_last_failure(found), provider=", ".join(architecture.models))
        if not found.is_complete:
            raise PartialEvaluation("a cap was reached in the middle of an evaluation", observations)
        return observations

    def _tightness(self, architecture: Architecture) -> Callable[[int], bool]:
        found = self._judged_answers.estimate(architecture)
        return tightness(
            self._models,
            samples=-(-found.planned_samples // len(self._priced)),
            micro_usd=-(-(found.planned_micro_usd or 0) // len(self._priced)),
            elsewhere=self.paid_elsewhere,
        )

    def price(self, architecture: Architecture) -> int | None:
        """Estimated price of one query in millionths of a dollar, from the first problems; None if unpriced."""
        self.runs_code |= architecture.runs_code
        if architecture.raters:
            self._rated[architecture.fingerprint] = architecture
        return self._estimate(architecture)[0]

    def judging(self) -> Amount | None:
        """What the judge takes for one answered question, from the first problems; None without a judge."""
        plan, some = self._judging, self._priced
        if plan is None or not plan.judges:
            return None
        found = estimate_judging(some, plan, price=self._models.find_price, lengths=self._lengths)
        cost = math.inf if found.planned_micro_usd is None else found.planned_micro_usd / len(some)
        return Amount(found.planned_samples / len(some), cost)

    def tokens(self, architecture: Architecture, rankings: Rankings) -> float:
        """Estimated tokens of one query, read and written, from the first problems; see `search.Measure`."""
        return self._estimate(architecture)[1]

    def seconds(self, architecture: Architecture, rankings: Rankings) -> float:
        """Estimated critical path of one query, from how fast the models were in the ranking; see `search.Measure`."""
        return estimate_seconds(architecture, measured=rankings.seconds(), lengths=self._lengths)

    def _estimate(self, architecture: Architecture) -> tuple[int | None, float]:
        """Micro-dollars and tokens of one query."""
        total, tokens = self._answers.planned(architecture)
        return None if total is None else -(-total // len(self._priced)), tokens / len(self._priced)

    async def measure_truth(self, result: StudyResult, watch: SearchWatch) -> Truth | None:
        """For simulated models on generated problems: every contestant on many problems of another seed."""
        count = self._search.truth_problems
        if not count or not self._search.is_all_simulated or self._search.on != WORD_PROBLEMS:
            return None
        watch.say(f"simulated truth: every contestant on {count:,} other problems")
        seen = {problem.conversation for problem in self._benchmark.problems}
        others = open_benchmark(WORD_PROBLEMS, seed=self._search.study.seed + _TRUTH_SEED, limit=count)
        fresh = tuple(problem for problem in others.problems if problem.conversation not in seen)
        quality: dict[str, MeanEstimate] = {}
        async with open_models(
            self._settings.model_copy(update={"store": IN_MEMORY}),
            problems=fresh,
            seed=self._search.study.seed,
        ) as models:
            for entry in result.contestants:
                found = await evaluate(
                    entry.architecture,
                    others,
                    models=models,
                    raters=self._raters,
                    runner=self._sandbox,
                    problems=fresh,
                )
                if found.score is not None:
                    quality[entry.architecture.fingerprint] = found.score
        return Truth(problems=len(fresh), quality=quality)


def _parts_of(problems: Sequence[Problem]) -> dict[str, str] | None:
    """Problem id -> its benchmark; None where there is only one."""
    return {problem.id: part for problem in problems if (part := part_of(problem.id)) is not None} or None


def _question_of(problem: Problem) -> str:
    """The same for problems that ask the same, so that they are not split between search and verdict."""
    return digest([" ".join(message.content.split()) for message in problem.conversation])


def _last_failure(found: Evaluation) -> str:
    outcome = found.results[-1].outcome
    return outcome.detail if isinstance(outcome, Unscored) else "nothing but failures came"


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {package: version(package) for package in ("itas", "numpy", "pydantic")}
