"""Tasks of Inspect as benchmarks: ``inspect:inspect_evals/gsm8k``, ``inspect:FILE.py@task`` (extra
``inspect``).

https://inspect.aisi.org.uk; MIT; sizes and licences are the tasks' own. Of the form:
``Task(dataset=[Sample(input="2 + 2?", target="4")], solver=generate(), scorer=match())``.

The task's own solver writes the prompt: it runs up to its first call of a model, and the messages there are
the problem's conversation. To score, it runs once more with the answer as that call's reply, and then the
task's first scorer decides. A task that asks a model twice, uses tools, or has a scorer that asks a model
cannot be a benchmark and is refused; its calls would be in no budget. Task code runs in this process: it is a
package that you installed, or a file that you named.
"""

import importlib.util
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

from pydantic import JsonValue

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.elsewhere import FAULTS, import_extra, run_apart
from itas.core.messages import Message
from itas.core.problem import Outcome, Problem, Score, Unscored
from itas.core.spec import digest
from itas.errors import DataError, SpecError

LINK = "https://inspect.aisi.org.uk"
_JUDGES = ("model_graded_qa", "model_graded_fact")
_ROLES = ("system", "user", "assistant")

Generate = Callable[..., Awaitable[Any]]


class _Asked(Exception):  # carries the messages of the first call out of the solver
    def __init__(self, messages: list[Any]) -> None:
        self.messages = messages


class _AskedAgain(Exception):  # a second call, which nobody can answer
    pass


def load_inspect_task(task: str, *, name: str) -> Benchmark:
    """Open a task by the name of its package and itself, or by file and function.

    Args:
        task: ``package/task`` or ``FILE.py@task``.
        name: Of the benchmark.

    Raises:
        SpecError: Inspect or the package is not installed, no such task, or one that cannot be a benchmark.
        DataError: A sample is not of a form that can be asked.
    """
    inspect = _Inspect.load()
    made = _find_task(task)()
    samples = {str(sample.id or number): sample for number, sample in enumerate(made.dataset, start=1)}
    scorer = _scorer_of(made, task)
    problems = run_apart(_problems(inspect, made, samples, task))
    return Benchmark(
        name,
        problems,
        InspectScorer(task=task, made=made, samples=samples, scorer=scorer, inspect=inspect),
        licence="of the task",
        link=LINK,
        total=len(problems),
    )


@dataclass(frozen=True)
class InspectScorer:
    """Lets a task's own solver read the answer and its own scorer decide."""

    task: str
    made: Any
    samples: Mapping[str, Any]
    scorer: Any
    inspect: "_Inspect"

    async def score(self, problem: Problem, answer: str) -> Outcome:
        """The value that the task gives the answer."""
        sample = self.samples[problem.id]
        calls = 0

        async def reply(state: Any, *_: Any, **__: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > 1:
                raise _AskedAgain
            state.output = self.inspect.output(answer)
            state.messages.append(state.output.message)
            return state

        try:
            state = await _solve(self.made, self.inspect.state(sample), reply)
            found = await self.scorer(state, self.inspect.target(sample))
            value = float(self.inspect.to_float(found.value))
        except _AskedAgain:
            return Unscored(reason="scorer_error", detail=f"{self.task} asks a model more than once")
        except FAULTS as error:
            return Unscored(reason="scorer_error", detail=f"{self.task}: {type(error).__name__}: {error}")
        if not 0 <= value <= 1:
            return Unscored(reason="scorer_error", detail=f"{self.task} gave {value}, which is not in [0, 1]")
        return Score(value=value, answer=None if found.answer is None else str(found.answer))

    def describe(self) -> dict[str, JsonValue]:
        """The task by name and the targets."""
        return {
            "type": "inspect",
            "task": self.task,
            "targets": digest([str(s.target) for s in self.samples.values()]),
        }


@dataclass(frozen=True)
class _Inspect:
    """The few things of the package that are used; all of its public interface."""

    model: Any
    solver: Any
    scoring: Any

    @staticmethod
    def load() -> "_Inspect":
        job = "an Inspect task"
        return _Inspect(*(
            import_extra(f"inspect_ai.{part}", extra="inspect", job=job) for part in ("model", "solver", "scorer")
        ))  # fmt: skip

    def state(self, sample: Any) -> Any:
        """A sample before anything was done with it."""
        messages: list[Any] = (
            [self.model.ChatMessageUser(content=sample.input)]
            if isinstance(sample.input, str)
            else list(sample.input)
        )
        return self.solver.TaskState(
            model=self.model.ModelName("itas/architecture"),
            sample_id=sample.id or 0,
            epoch=1,
            input=sample.input,
            messages=messages,
            target=self.target(sample),
            choices=sample.choices,
            metadata=dict(sample.metadata or {}),
        )

    def target(self, sample: Any) -> Any:
        return self.scoring.Target(sample.target)

    def output(self, text: str) -> Any:
        return self.model.ModelOutput.from_content("itas/architecture", text)

    def to_float(self, value: Any) -> float:
        return self.scoring.value_to_float()(value)


async def _problems(
    inspect: _Inspect, made: Any, samples: Mapping[str, Any], task: str
) -> tuple[Problem, ...]:
    return tuple([await _problem(inspect, made, id_, sample, task) for id_, sample in samples.items()])


async def _problem(inspect: _Inspect, made: Any, id_: str, sample: Any, task: str) -> Problem:
    async def ask(state: Any, *_: Any, **__: Any) -> NoReturn:
        raise _Asked(list(state.messages))

    try:
        await _solve(made, inspect.state(sample), ask)
    except _Asked as asked:
        messages = tuple(_messages(asked.messages, where=f"{task}, sample {id_}"))
    else:
        raise SpecError(f"{task}: its solver asks no model, so there is nothing to answer")
    target = sample.target if isinstance(sample.target, str) else " | ".join(map(str, sample.target))
    return Problem(id=id_, conversation=messages, target=target or None)


async def _solve(made: Any, state: Any, generate: Generate) -> Any:
    solvers = _listed(made.solver)
    for solver in solvers:
        state = await solver(state, generate)
    return state


def _messages(messages: list[Any], *, where: str) -> Iterator[Message]:
    for message in messages:
        if message.role not in _ROLES or not isinstance(message.content, str):
            raise DataError(
                f"{where}: only plain text of system, user and assistant can be asked, found {message.role}"
            )
        yield Message(role=message.role, content=message.content)


def _scorer_of(made: Any, task: str) -> Any:
    scorers = _listed(made.scorer)
    scorer = scorers[0] if scorers else None
    if scorer is None:
        raise SpecError(f"{task}: the task has no scorer")
    name = str(getattr(scorer, "__qualname__", ""))
    if any(judge in name for judge in _JUDGES):
        raise SpecError(
            f"{task}: its scorer asks a model of its own ({name.partition('.')[0]}), outside of every budget"
        )
    return scorer


def _listed(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else [value]


def _find_task(task: str) -> Callable[[], Any]:
    where, at, function = task.partition("@")
    if at:
        found = importlib.util.spec_from_file_location("itas_inspect_task_of_the_user", Path(where))
        if found is None or found.loader is None or not Path(where).is_file():
            raise DataError(f"{where}: no such Python file")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        made = getattr(module, function, None)
    else:
        package, _, function = task.partition("/")
        made = _in_package(package, function)
    if not callable(made):
        raise SpecError(
            f"no Inspect task '{task}'. Write package/task, such as inspect_evals/gsm8k, or FILE.py@task"
        )
    return made


def _in_package(package: str, task: str) -> Any:
    """``package.task.task``, ``package.task`` or what the package registers."""
    whole = import_extra(package, extra="inspect", job=f"'{package}/{task}'")
    has_parts = hasattr(whole, "__path__")
    parts = [each for each in (f"{package}.{task}", f"{package}._registry") if has_parts]
    for module in (*parts, package):
        if importlib.util.find_spec(module) is not None:
            made = getattr(import_extra(module, extra="inspect", job=task), task, None)
            if callable(made):
                return made
    return None
