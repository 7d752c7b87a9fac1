"""What any scorer that asks models must do, whatever it asks: see `benchmark_battery`.

The judges here are functions: one whose replies cannot be read, and one who repeats what it was shown, so that
whatever stands in an answer stands in its reply too.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import cast

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.scorer import Judged, JudgedScorer
from itas.core.problem import Problem, Score, Unscored
from itas.core.request import Completion, Request
from itas.core.spec import canonical_json
from itas.testing.hostile import CANARY, HOSTILE_TEXTS
from itas.testing.requiring import require

_MOST_PROBLEMS = 20
UNREADABLE = "I would rather not say."


async def check_judging(benchmark: Benchmark, scorer: JudgedScorer) -> None:
    """Every check of this file."""
    judged = await check_unreadable_judges(benchmark, scorer)
    await check_echoing_judges(benchmark, scorer)
    check_figures(benchmark, scorer, judged)


async def check_unreadable_judges(benchmark: Benchmark, scorer: JudgedScorer) -> list[Judged]:
    """A judge that cannot be read gives no score, is asked no more often than planned, and asked the same each time."""
    judged: list[Judged] = []
    for problem in benchmark.problems[:_MOST_PROBLEMS]:
        judge = _Judge(scorer, lambda request: UNREADABLE)
        answers = _answers(problem, "I do not know.")
        ruling = await scorer.judge(problem, answers, judge)
        most = scorer.planned_judgments(problem) * scorer.attempts
        asked = judge.asked.total()
        require(asked <= most, f"{problem.id}: {asked} requests, at most {most} are planned")
        repeats = max(judge.asked.values(), default=0)
        require(repeats <= scorer.attempts, f"{problem.id}: one question was asked {repeats} times")
        if asked:
            require(
                isinstance(ruling.outcome, Unscored), f"{problem.id}: no verdict, and yet {ruling.outcome}"
            )
            readable = [each for each in ruling.judgments if each.value is not None]
            require(not readable, f"{problem.id}: a verdict was read from {UNREADABLE!r}")
        judged.append(Judged(problem, answers, ruling.outcome, ruling.judgments))
    return judged


async def check_echoing_judges(benchmark: Benchmark, scorer: JudgedScorer) -> None:
    """Whatever an answer holds and a judge repeats, there is an outcome."""
    problem = benchmark.problems[0]
    for text in HOSTILE_TEXTS:
        judge = _Judge(scorer, lambda request: request.messages[-1].content)
        ruling = await scorer.judge(problem, _answers(problem, text), judge)
        outcome = cast("object", ruling.outcome)  # theirs: it may be anything
        require(isinstance(outcome, Score | Unscored), f"{text[:60]!r} was ruled {outcome!r}")
        for request in judge.asked:
            system = [message.content for message in request.messages if message.role == "system"]
            require(CANARY not in "".join(system), "an answer stands in the system message of the judge")


def check_figures(benchmark: Benchmark, scorer: JudgedScorer, judged: list[Judged]) -> None:
    """Figures and files can be written for no answer, for failed ones and for all; nothing leaves the folder."""
    failed = [Judged(each.problem, (), Unscored(reason="model_error"), ()) for each in judged]
    for these in ([], failed, judged):
        canonical_json(scorer.figures(these))
        for name in scorer.official_files("../../nobody/x y", these):
            path = PurePosixPath(name)
            require(not path.is_absolute() and ".." not in path.parts, f"an official file named {name!r}")


def _answers(problem: Problem, text: str) -> tuple[str, ...]:
    return (text,) * (1 + len(problem.turns))


class _Judge:
    """`core.judging.Ask` that counts, and looks at what it is asked."""

    def __init__(self, scorer: JudgedScorer, reply: Callable[[Request], str]) -> None:
        self.asked: Counter[Request] = Counter()
        self._scorer = scorer
        self._reply = reply

    async def __call__(self, request: Request) -> Completion:
        self.asked[request] += 1
        require(request.model in self._scorer.judges, f"'{request.model}' is asked and not announced")
        require(request.temperature == 0.0, f"a judge is asked at temperature {request.temperature}")
        limit = request.max_tokens
        require(limit is not None and limit <= self._scorer.max_tokens, f"a judge may write {limit} tokens")
        return Completion(text=self._reply(request))
