"""Tasks of the lm-evaluation-harness as benchmarks: ``lm-eval:gsm8k_cot`` (extra ``lm-eval``).

https://github.com/EleutherAI/lm-evaluation-harness; MIT; sizes and licences are the tasks' own. Of the form
of a YAML task with ``output_type: generate_until``, ``doc_to_text`` and ``doc_to_target``.

The task's own prompt, examples, stop words, filters and metric are used. Tasks that compare probabilities
(``loglikelihood``, ``multiple_choice``) need a model's logits and are refused; most have a twin that
generates. The first metric of the task, after its last filter, is the score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.elsewhere import FAULTS, import_extra
from itas.core.messages import user
from itas.core.problem import Outcome, Problem, Score, Unscored
from itas.core.spec import digest, suggest
from itas.errors import SpecError

LINK = "https://github.com/EleutherAI/lm-evaluation-harness"
_GENERATES = "generate_until"


def load_lm_eval_task(task: str, *, name: str) -> Benchmark:
    """Open a task by its name.

    Raises:
        SpecError: lm-eval is not installed, no such task, a group of tasks, or one that needs probabilities.
    """
    tasks = import_extra("lm_eval.tasks", extra="lm-eval", job="a task of the lm-evaluation-harness")
    manager = tasks.TaskManager()
    known = [str(each) for each in manager.all_tasks]
    if task not in known:
        raise SpecError(
            f"lm-eval has no task '{task}'. {suggest(task, known) if len(known) < 20_000 else ''}".strip()
        )
    found = cast("Mapping[Any, Any]", tasks.get_task_dict([task], manager))
    made = found.get(task)
    if made is None or isinstance(made, dict):
        raise SpecError(f"'{task}' is a group of tasks; name one of them")
    if made.OUTPUT_TYPE != _GENERATES:
        raise SpecError(
            f"'{task}' compares probabilities ({made.OUTPUT_TYPE}); only tasks that generate can be asked"
        )
    return benchmark_of(made, task, name=name)


def benchmark_of(made: Any, task: str, *, name: str) -> Benchmark:
    """The benchmark of a task object."""
    docs: list[Any] = list(made.test_docs() if made.has_test_docs() else made.validation_docs())
    shots = int(made.config.num_fewshot or 0)
    requests: dict[str, Any] = {}
    problems: list[Problem] = []
    for number, doc in enumerate(docs):
        context = made.fewshot_context(doc, shots)
        request: Any = made.construct_requests(doc=doc, ctx=context)
        if isinstance(request, list):
            request = cast("list[Any]", request)[0]
        id_ = f"{task}-{number:05}"
        requests[id_] = request
        target = made.doc_to_target(doc)
        problems.append(
            Problem(
                id=id_,
                conversation=user(str(request.args[0])),
                target=str(target) if target is not None else None,
            )
        )
    return Benchmark(
        name,
        tuple(problems),
        LmEvalScorer(task=task, made=made, requests=requests),
        metric=_first_metric(made),
        licence="of the task",
        link=LINK,
        total=len(problems),
    )


@dataclass(frozen=True)
class LmEvalScorer:
    """Lets a task's own filters and metric decide."""

    task: str
    made: Any
    requests: Mapping[str, Any]

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """The value that the task gives the answer."""
        request: Any = self.requests[problem.id]
        text = _cut(answer, request.args[1].get("until") or ())
        try:
            request.resps = [text]
            request.filtered_resps = dict[str, Any]()
            filters: list[Any] = list(getattr(self.made, "_filters", None) or ())
            for each in filters:
                each.apply([request])
            filtered: Mapping[str, Any] = request.filtered_resps
            found = filtered[filters[-1].name] if filters else text
            results: Mapping[str, Any] = self.made.process_results(request.doc, [found])
            value = float(results[_first_metric(self.made)])
        except FAULTS as error:
            return Unscored(reason="scorer_error", detail=f"{self.task}: {type(error).__name__}: {error}")
        if not 0 <= value <= 1:
            return Unscored(reason="scorer_error", detail=f"{self.task} gave {value}, which is not in [0, 1]")
        return Score(value=value, answer=str(found))

    def describe(self) -> dict[str, JsonValue]:
        """The task by name, version and questions."""
        version = str(getattr(self.made, "VERSION", ""))
        questions = digest([str(request.args[0]) for request in self.requests.values()])
        return {"type": "lm-eval", "task": self.task, "version": version, "questions": questions}


def _first_metric(made: Any) -> str:
    metrics: Sequence[Any] = made.config.metric_list or ()
    return str(metrics[0]["metric"]) if metrics else next(iter(made.aggregation()))


def _cut(text: str, until: Sequence[str]) -> str:
    """The text up to the first stop word, as the harness makes models stop."""
    for word in [until] if isinstance(until, str) else until:
        if word:
            text = text.partition(word)[0]
    return text
