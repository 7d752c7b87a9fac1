"""Run an architecture on the problems of a benchmark.

A problem that fails is a state with a reason, and the others go on; an answer that comes back empty is a wrong
one, so that a model which says nothing to hard problems gains nothing by it. A cap that is reached stops new problems
and gives back what there is, marked as incomplete. Cancelling cancels the calls in flight and is passed on;
whatever was finished has been handed to `on_result` by then.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.scorer import JudgedScorer, Ruling
from itas.core.architecture import Architecture
from itas.core.concurrency import side_by_side
from itas.core.execution import CodeRunner
from itas.core.messages import Conversation, Message
from itas.core.model import ModelSource
from itas.core.problem import Outcome, Problem, Score, Unscored
from itas.core.rating import RaterSource
from itas.engine.answer import Answer, ComponentRecord
from itas.engine.run import answer
from itas.engine.trace import ProblemTraces, Tell, Trace
from itas.errors import (
    BudgetExceeded,
    EmptyAnswer,
    MissingKey,
    ModelError,
    ParseError,
    SandboxError,
    SpecError,
)
from itas.evaluation.judging import JudgeDoor, judge_figures
from itas.evaluation.records import Evaluation, ProblemResult, StoppedBy

MOST_FAILURES = 20
"""So many failures of models, and nothing else, end an evaluation."""

OnResult = Callable[[ProblemResult], None]
Solve = Callable[[Architecture, Problem, int], Awaitable[ProblemResult]]


async def evaluate(
    architecture: Architecture,
    benchmark: Benchmark,
    *,
    models: ModelSource,
    raters: RaterSource | None = None,
    runner: CodeRunner | None = None,
    problems: Sequence[Problem] | None = None,
    seed: int = 0,
    first_draw: int = 0,
    concurrency: int = 16,
    known: Iterable[ProblemResult] = (),
    on_result: OnResult | None = None,
    is_tight: Callable[[int], bool] | None = None,
    solve: Solve | None = None,
    traces: ProblemTraces | None = None,
) -> Evaluation:
    """Evaluate an architecture.

    Args:
        architecture: What to run.
        benchmark: Problems and scorer.
        models: Gives the model behind each id; asked for every model before anything is paid for.
        raters: Gives local reward models, where a component has one.
        runner: The sandbox, where a component or the scorer runs code.
        problems: Which problems of the benchmark, in which order; all if None.
        seed: Decides ids and orders inside prompts.
        first_draw: Number of the first draw of every request; another number means fresh samples.
        concurrency: Most problems at the same time, >= 1. Changes no result.
        known: Results that are there already, for resuming; those that are not final are asked again.
        on_result: Called with each new result as it comes.
        is_tight: Whether a cap may be reached if one more problem is begun beside so many others. Then it is
            begun alone: what is left goes into finishing problems, not into beginning many.
        solve: Answers and scores a problem somewhere else, with draws from that number on; here, if None.
        traces: Are told every call and event while it happens; not of what happens somewhere else.

    Raises:
        SpecError: A model is unknown, a sandbox is needed and none was given, or `concurrency` is below 1.
        MissingKey: A model needs a key.
    """
    if concurrency < 1:
        raise SpecError(f"must be at least 1, found {concurrency}", path="concurrency")
    if runner is None and (architecture.runs_code or benchmark.runs_code):
        raise SpecError("code of candidates is to be run and no sandbox was given. Give a 'runner'")
    if runner is not None:
        benchmark = benchmark.with_runner(runner)
    judges = benchmark.scorer.judges if isinstance(benchmark.scorer, JudgedScorer) else ()
    for model in (*architecture.models, *judges):
        models(model)
    asked = benchmark.problems if problems is None else tuple(problems)
    ids = tuple(problem.id for problem in asked)
    wanted = set(ids)
    if len(wanted) != len(ids):
        raise SpecError("each problem may be asked once; ids repeat", path="problems")
    results = {
        result.problem_id: result for result in known if result.is_final and result.problem_id in wanted
    }
    todo = [problem for problem in asked if problem.id not in results]
    job = _Job(
        architecture,
        benchmark,
        models,
        raters,
        runner,
        seed,
        first_draw,
        iter(todo),
        results,
        on_result,
        is_tight,
        solve,
        traces,
    )
    await side_by_side([job.work() for _ in range(min(concurrency, len(todo)))])
    found = tuple(results[id_] for id_ in ids if id_ in results)
    return Evaluation(
        architecture=architecture,
        fingerprint=architecture.fingerprint,
        benchmark=benchmark.name,
        benchmark_fingerprint=benchmark.fingerprint,
        metric=benchmark.metric,
        seed=seed,
        first_draw=first_draw,
        problem_ids=ids,
        results=found,
        stopped_by=job.stopped_by,
        judges=judges,
        figures=judge_figures(benchmark, found, architecture.models),
    )


class _Job:
    """The state that the workers of one evaluation share."""

    def __init__(
        self,
        architecture: Architecture,
        benchmark: Benchmark,
        models: ModelSource,
        raters: RaterSource | None,
        runner: CodeRunner | None,
        seed: int,
        first_draw: int,
        todo: Iterator[Problem],
        results: dict[str, ProblemResult],
        on_result: OnResult | None,
        is_tight: Callable[[int], bool] | None,
        solve: Solve | None,
        traces: ProblemTraces | None,
    ) -> None:
        self.stopped_by: StoppedBy | None = None
        self._failures = 0
        self._is_tight = is_tight
        self._alone = asyncio.Lock()
        self._under_way = 0
        self._architecture = architecture
        self._benchmark = benchmark
        self._scorer = benchmark.scorer if isinstance(benchmark.scorer, JudgedScorer) else None
        self._models = models
        self._raters = raters
        self._runner = runner
        self._seed = seed
        self._first_draw = first_draw
        self._todo = todo
        self._results = results
        self._on_result = on_result
        self._solve_elsewhere = solve
        self._traces = traces

    async def work(self) -> None:
        """Take problems until there are none, or a cap is reached."""
        for problem in self._todo:
            if self.stopped_by is not None:
                return
            if self._is_tight is not None and self._is_tight(self._under_way):
                async with self._alone:
                    result = None if self.stopped_by is not None else await self._try(problem)
            else:
                result = await self._try(problem)
            if result is None:
                return
            self._results[problem.id] = result
            self._count_failure(result)
            if self._on_result is not None:
                self._on_result(result)

    def _count_failure(self, result: ProblemResult) -> None:
        """Give up where nothing but failures comes: the next problems would only fail too."""
        fatal = ("model_error", "sandbox_error", *(("scorer_error",) if self._scorer else ()))
        has_failed = isinstance(result.outcome, Unscored) and result.outcome.reason in fatal
        self._failures = self._failures + 1 if has_failed else 0
        if self._failures == len(self._results) >= MOST_FAILURES:
            self.stopped_by = "failures"

    async def _try(self, problem: Problem) -> ProblemResult | None:
        """The result; None once a cap is reached."""
        self._under_way += 1
        try:
            if self._solve_elsewhere is not None:
                return await self._solve_elsewhere(self._architecture, problem, self._first_draw)
            return await self._solve(problem)
        except BudgetExceeded:
            self.stopped_by = "budget"
            return None
        finally:
            self._under_way -= 1

    async def _solve(self, problem: Problem) -> ProblemResult:
        started = time.monotonic()
        finished: list[ComponentRecord] = []
        try:
            found = await self._answer_turns(problem, finished)
        except MissingKey:
            raise
        except ModelError as error:
            return _failed(problem, Unscored(reason="model_error", detail=str(error)), finished, started)
        except EmptyAnswer:
            return _failed(problem, Score(value=0.0), finished, started)
        except ParseError as error:
            return _failed(problem, Unscored(reason="parse_error", detail=str(error)), finished, started)
        except SandboxError as error:
            return _failed(problem, Unscored(reason="sandbox_error", detail=str(error)), finished, started)
        texts = tuple(each.text for each in found)
        door = JudgeDoor(self._models, layer=len(self._architecture.layers), tell=self._judging(problem))
        ruling = await self._score(problem, texts, door)
        planned = self._scorer.planned_judgments(problem) if self._scorer else 0
        return ProblemResult(
            problem_id=problem.id,
            tags=problem.tags,
            outcome=ruling.outcome,
            text=texts[-1],
            turns=texts if len(texts) > 1 else (),
            components=tuple(record for each in found for record in each.components),
            judgments=ruling.judgments,
            judging=door.record(planned=planned, judgments=ruling.judgments),
            latency_s=sum(each.latency_s for each in found),
            wall_s=time.monotonic() - started,
        )

    async def _answer_turns(self, problem: Problem, finished: list[ComponentRecord]) -> list[Answer]:
        """One answer per turn, each with the earlier ones in the conversation."""
        conversation = problem.conversation
        trace = None if self._traces is None else self._traces.of(problem.id)
        found = [await self._answer(conversation, finished, trace)]
        for turn in problem.turns:
            said = Message(role="assistant", content=found[-1].text)
            conversation = (*conversation, said, Message(role="user", content=turn))
            found.append(await self._answer(conversation, finished, trace))
        return found

    def _judging(self, problem: Problem) -> Tell | None:
        trace = None
        if self._traces is not None and self._scorer is not None:
            trace = self._traces.of(problem.id, is_judging=True)
        return None if trace is None else trace.begin(self._architecture)

    async def _answer(
        self, conversation: Conversation, finished: list[ComponentRecord], trace: Trace | None
    ) -> Answer:
        return await answer(
            self._architecture,
            conversation,
            models=self._models,
            raters=self._raters,
            runner=self._runner,
            seed=self._seed,
            first_draw=self._first_draw,
            watch=finished.append,
            trace=trace,
        )

    async def _score(self, problem: Problem, texts: Sequence[str], door: JudgeDoor) -> Ruling:
        try:
            if self._scorer is not None:
                return await self._scorer.judge(problem, texts, door)
            return Ruling(await self._benchmark.score(problem, texts[-1]))
        except MissingKey:
            raise
        except (ModelError, ParseError, SandboxError) as error:
            return Ruling(Unscored(reason="scorer_error", detail=f"{type(error).__name__}: {error}"))


def _failed(
    problem: Problem, outcome: Outcome, finished: Sequence[ComponentRecord], started: float
) -> ProblemResult:
    return ProblemResult(
        problem_id=problem.id,
        tags=problem.tags,
        outcome=outcome,
        components=tuple(finished),
        wall_s=time.monotonic() - started,
    )
