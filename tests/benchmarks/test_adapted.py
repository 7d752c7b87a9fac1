"""Tasks of other packages as benchmarks, on tiny fakes of the objects those packages hand out."""

import sys
import types
from types import SimpleNamespace
from typing import Any

import pytest

from itas.benchmarks import open_benchmark
from itas.benchmarks.lm_eval_tasks import benchmark_of
from itas.core.problem import Score, Unscored
from itas.errors import DataError, SpecError


def module(name: str) -> Any:
    return types.ModuleType(name)


class ChatMessage(SimpleNamespace):
    pass


class TaskState(SimpleNamespace):
    pass


@pytest.fixture
def inspect_ai(monkeypatch):
    """What the adapter uses of ``inspect_ai``, and a package ``evals`` with tasks."""
    model, solver, scorer, evals = (module(name) for name in ("m", "s", "c", "e"))
    model.ChatMessageUser = lambda content: ChatMessage(role="user", content=content)
    model.ModelName = str
    output = SimpleNamespace(
        from_content=lambda name, text: SimpleNamespace(
            completion=text, message=ChatMessage(role="assistant", content=text)
        )
    )
    model.ModelOutput = output
    solver.TaskState = TaskState
    scorer.Target = lambda target: SimpleNamespace(text=target)
    scorer.value_to_float = lambda: lambda value: {"C": 1.0, "I": 0.0}.get(value, value)
    evals.addition = task
    evals.twice = lambda: task(solver=ask_twice)
    evals.silent = lambda: task(solver=ask_nobody)
    evals.unscored = lambda: task(scorer=None)
    evals.judged = lambda: task(scorer=judged_scorer())
    evals.pictures = lambda: task(samples=[sample(input=[ChatMessage(role="user", content=["an image"])])])
    for name, each in (
        ("inspect_ai", module("inspect_ai")), ("inspect_ai.model", model), ("inspect_ai.solver", solver),
        ("inspect_ai.scorer", scorer), ("evals", evals),
    ):  # fmt: skip
        each.__spec__ = SimpleNamespace(name=name, submodule_search_locations=None)
        monkeypatch.setitem(sys.modules, name, each)
    return evals


def sample(**changes):
    return SimpleNamespace(
        **{"id": "a", "input": "2 + 2?", "target": "4", "choices": None, "metadata": {}, **changes}
    )


async def system_message(state, generate):
    state.messages.insert(0, ChatMessage(role="system", content="Be brief."))
    return state


async def ask_once(state, generate):
    return await generate(state)


async def ask_twice(state, generate):
    return await generate(await generate(state))


async def ask_nobody(state, generate):
    return state


async def match(state, target):
    said = state.output.completion
    if said == "crash":
        raise RuntimeError("no")
    value = 7.0 if said == "seven" else "C" if target.text in said else "I"
    return SimpleNamespace(value=value, answer=said)


def judged_scorer():
    def model_graded_qa():
        async def score(state, target):
            return None

        return score

    return model_graded_qa()


def task(*, samples=None, solver=None, scorer=match):
    dataset = samples or [sample(), sample(id=None, input="3 + 3?", target=["6", "six"])]
    return SimpleNamespace(dataset=dataset, solver=solver or [system_message, ask_once], scorer=scorer)


async def test_an_inspect_task_asks_with_its_own_prompt_and_scores_with_its_own_scorer(inspect_ai):
    benchmark = open_benchmark("inspect:evals/addition")
    first, second = benchmark.problems
    assert [(each.role, each.content) for each in first.conversation] == [
        ("system", "Be brief."),
        ("user", "2 + 2?"),
    ]
    assert (first.id, first.target, second.id, second.target) == ("a", "4", "2", "6 | six")
    assert await benchmark.score(first, "It is 4") == Score(value=1, answer="It is 4")
    assert await benchmark.score(first, "It is 5") == Score(value=0, answer="It is 5")
    for answer, detail in (("crash", "RuntimeError: no"), ("seven", "not in [0, 1]")):
        outcome = await benchmark.score(first, answer)
        assert isinstance(outcome, Unscored)
        assert detail in outcome.detail
    assert len(open_benchmark("inspect:evals/addition", limit=1).problems) == 1
    assert benchmark.fingerprint != open_benchmark("inspect:evals/addition", limit=1).fingerprint


async def test_a_second_call_of_a_model_is_unscored_not_answered(inspect_ai):
    benchmark = open_benchmark("inspect:evals/twice")
    outcome = await benchmark.score(benchmark.problems[0], "4")
    assert isinstance(outcome, Unscored)
    assert "more than once" in outcome.detail


@pytest.mark.parametrize(
    "name, error, message",
    [
        ("evals/silent", SpecError, "asks no model"),
        ("evals/unscored", SpecError, "has no scorer"),
        ("evals/judged", SpecError, "outside of every budget"),
        ("evals/pictures", DataError, "only plain text"),
        ("evals/other", SpecError, "no Inspect task 'evals/other'"),
        ("missing_package/x", SpecError, r"itas\[inspect\]"),
        ("missing.py@x", DataError, "no such Python file"),
    ],
)
def test_a_task_that_cannot_be_a_benchmark_is_refused_with_the_reason(inspect_ai, name, error, message):
    with pytest.raises(error, match=message):
        open_benchmark(f"inspect:{name}")


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    with pytest.raises(SpecError, match=r"pip install 'itas\[inspect\]'"):
        open_benchmark("inspect:evals/addition")
    with pytest.raises(SpecError, match=r"pip install 'itas\[lm-eval\]'"):
        open_benchmark("lm-eval:gsm8k")
    with pytest.raises(SpecError, match="brings its own scorer"):
        open_benchmark("lm-eval:gsm8k", scorer="exact")


class LastWord:
    name = "last"

    def apply(self, requests):
        for request in requests:
            request.filtered_resps[self.name] = request.resps[0].split()[-1]


class HarnessTask:
    OUTPUT_TYPE = "generate_until"
    VERSION = 3
    config = SimpleNamespace(num_fewshot=2, metric_list=[{"metric": "exact_match"}])
    _filters = (LastWord(),)

    def has_test_docs(self):
        return True

    def test_docs(self):
        return [{"q": "2 + 2?", "a": "4"}, {"q": "1 + 1?", "a": "2"}]

    def doc_to_target(self, doc):
        return doc["a"]

    def fewshot_context(self, doc, shots):
        return f"{shots} examples\n{doc['q']}"

    def construct_requests(self, *, doc, ctx):
        return SimpleNamespace(doc=doc, args=(ctx, {"until": ["\n\n"]}), resps=[], filtered_resps={})

    def process_results(self, doc, results):
        return {"exact_match": float(results[0] == doc["a"])}


async def test_a_harness_task_keeps_its_examples_stop_words_filters_and_metric():
    benchmark = benchmark_of(HarnessTask(), "addition", name="lm-eval:addition")
    first = benchmark.problems[0]
    assert (first.id, first.target, benchmark.metric) == ("addition-00000", "4", "exact_match")
    assert first.conversation[-1].content == "2 examples\n2 + 2?"
    assert await benchmark.score(first, "It is 4") == Score(value=1, answer="4")
    assert await benchmark.score(first, "It is 4\n\nQuestion: next 9") == Score(value=1, answer="4")
    assert await benchmark.score(first, "It is 5") == Score(value=0, answer="5")
    assert isinstance(await benchmark.score(first, ""), Unscored)


def test_a_harness_task_that_compares_probabilities_or_is_a_group_is_refused(monkeypatch):
    class Compares(HarnessTask):
        OUTPUT_TYPE = "multiple_choice"

    found = {"generates": HarnessTask(), "compares": Compares(), "group": {"x": HarnessTask()}}
    tasks = module("lm_eval.tasks")
    tasks.TaskManager = lambda: SimpleNamespace(all_tasks=list(found))
    tasks.get_task_dict = lambda names, manager: {names[0]: found[names[0]]}
    monkeypatch.setitem(sys.modules, "lm_eval", types.ModuleType("lm_eval"))
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", tasks)
    assert len(open_benchmark("lm-eval:generates").problems) == 2
    for name, message in (
        ("compares", "compares probabilities"),
        ("group", "group of tasks"),
        ("generate", "Did you mean"),
    ):
        with pytest.raises(SpecError, match=message):
            open_benchmark(f"lm-eval:{name}")
