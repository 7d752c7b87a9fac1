"""Judges in an evaluation: the door through which a scorer asks them, what that took, and who is related to whom."""

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge.scorer import Judged, JudgedScorer
from itas.core.judging import Judgment
from itas.core.model import ModelSource
from itas.core.problem import Problem
from itas.core.request import Completion, Request, UsageSum
from itas.engine.answer import CallRecord, ComponentRecord
from itas.engine.trace import Tell
from itas.errors import ContractError
from itas.evaluation.records import ProblemResult

JUDGE = "judge"

_FAMILIES = (
    "gpt", "claude", "gemini", "gemma", "llama", "mixtral", "mistral", "qwen", "deepseek", "phi", "command", "grok",
    "yi", "dbrx", "wizardlm", "nova", "glm", "kimi", "olmo", "granite",
)  # fmt: skip
_OF_OPENAI = re.compile(r"(?:^|[/-])(?:o[1-9]|chatgpt)(?:$|[-.])")
_OF_MISTRAL = frozenset({"mixtral", "mistral"})
_OF_GOOGLE = frozenset({"gemini", "gemma"})


class JudgeDoor:
    """`core.judging.Ask` for one problem: numbers the draws from 0, so that the same question is the same draw in
    every evaluation, and counts everything.

    Args:
        models: Gives the model behind each id.
        layer: Where its record stands: behind the layers of the architecture.
        tell: Is told every call.
    """

    def __init__(self, models: ModelSource, *, layer: int, tell: Tell | None = None) -> None:
        self._tell = tell
        self._begun_s = time.monotonic()
        self._models = models
        self._layer = layer
        self._taken: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._usage = UsageSum()
        self._used = self._paid = self._paid_micro_usd = 0
        self._cost: int | None = 0
        self._latency_s = 0.0

    async def __call__(self, request: Request) -> Completion:
        """See `core.judging.Ask`."""
        first = self._taken[request.key]
        self._taken[request.key] += 1
        started_s = time.monotonic() - self._begun_s
        completions = await self._models(request.model).sample(request, n=1, first=first)
        if len(completions) != 1:
            raise ContractError(f"model '{request.model}' gave {len(completions)} samples instead of one")
        (completion,) = completions
        self._count(request, completion)
        if self._tell is not None:
            ended_s = time.monotonic() - self._begun_s
            self._tell(CallRecord(self._layer, 0, request, first, (completion,), started_s, ended_s))
        return completion

    def record(self, *, planned: int, judgments: Iterable[Judgment] = ()) -> ComponentRecord | None:
        """What it took so far; None if nobody was asked."""
        if not self._used:
            return None
        unreadable = sum(each.attempts - (each.value is not None) for each in judgments)
        return ComponentRecord(
            layer=self._layer,
            component=0,
            type=JUDGE,
            models=tuple(sorted(self._asked)),
            samples_planned=planned,
            samples_used=self._used,
            samples_paid=self._paid,
            usage=self._usage.total(),
            cost_micro_usd=self._cost,
            paid_micro_usd=self._paid_micro_usd,
            latency_s=self._latency_s,
            events={"unreadable": unreadable} if unreadable else {},
        )

    def _count(self, request: Request, completion: Completion) -> None:
        self._asked.add(request.model)
        self._used += 1
        self._usage.add(completion.usage)
        self._latency_s = max(self._latency_s, completion.latency_s)
        cost = completion.cost_micro_usd
        self._cost = None if cost is None or self._cost is None else self._cost + cost
        if not completion.is_stored:
            self._paid += 1
            self._paid_micro_usd += cost or 0


def to_judged(problems: Sequence[Problem], results: Sequence[ProblemResult]) -> tuple[Judged, ...]:
    """What a scorer sees of the results, in the order of the problems."""
    by_id = {result.problem_id: result for result in results}
    return tuple(
        Judged(problem, by_id[problem.id].answers, by_id[problem.id].outcome, by_id[problem.id].judgments)
        for problem in problems
        if problem.id in by_id
    )


def judge_figures(
    benchmark: Benchmark, results: Sequence[ProblemResult], contestants: Sequence[str]
) -> dict[str, JsonValue]:
    """The official figures of a judged benchmark; nothing for any other.

    Args:
        benchmark: Whose scorer knows them.
        results: Over which.
        contestants: Models that took part; those of the judge's family are pointed out as `family_overlap`.
    """
    scorer = benchmark.scorer
    if not isinstance(scorer, JudgedScorer):
        return {}
    figures = scorer.figures(to_judged(benchmark.problems, results))
    if scorer.judges:
        figures["family_overlap"] = list(find_family_overlap(scorer.judges, contestants))
    return figures


def find_family_overlap(judges: Sequence[str], contestants: Sequence[str]) -> tuple[str, ...]:
    """The contestants that are of a judge's family, or the judge itself: judges like their relatives' answers.

    Families are told by name; who is not known is related only to models of the same name.
    """
    families = {family_of(judge) for judge in judges}
    return tuple(sorted({each for each in contestants if family_of(each) in families}))


def family_of(model: str) -> str:
    """The family of a model by its id, for instance ``gpt`` for ``openai/gpt-4o`` and ``together/...gpt-oss``."""
    name = model.lower()
    if model.removeprefix("replay/").startswith("simulated/"):
        return name.rpartition("/")[2].partition("-")[0]
    if _OF_OPENAI.search(name):
        return "gpt"
    found = next((family for family in _FAMILIES if re.search(rf"(?:^|[^a-z]){family}", name)), None)
    if found in _OF_MISTRAL:
        return "mistral"
    if found in _OF_GOOGLE:
        return "gemini"
    return found or name.rpartition("/")[2]
