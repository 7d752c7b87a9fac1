"""Our own benchmarks pass the battery, and the battery finds the mistakes that it is there for."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.judge import Ruling
from itas.benchmarks.judged import JUDGED
from itas.benchmarks.registry import WORD_PROBLEMS, open_benchmark
from itas.benchmarks.scorers.judge import OwnJudge
from itas.core.messages import Message
from itas.core.problem import Problem, Score
from itas.testing.benchmark_battery import check_benchmark


def said(problem: Problem) -> str:
    return f"It is so.\nAnswer: {problem.target}"


async def test_word_problems_pass():
    await check_benchmark(open_benchmark(WORD_PROBLEMS, limit=60), right=said)


@pytest.mark.parametrize("scorer", ["exact", "number", "choice"])
async def test_own_data_passes_with_every_scorer(scorer: str, tmp_path: Path):
    target = {"exact": "blue", "number": "42", "choice": "B"}[scorer]
    more: dict[str, Any] = {"choices": ["red", "blue", "green"]} if scorer == "choice" else {}
    rows = [{"input": f"Question {number}?", "target": target, **more} for number in range(8)]
    file = tmp_path / "own.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    await check_benchmark(
        open_benchmark(str(file), scorer=scorer),
        right=(lambda problem: target) if scorer == "exact" else said,
    )


def make_judged(name: str, folder: Path) -> str:
    """A small data folder in the official form, and what opens it."""
    text = "Describe a harbour."
    rows: dict[str, object] = {
        "mt_bench/question.jsonl": {"question_id": 1, "category": "math", "turns": [text, "In four words."]},
        "mt_bench/model_answer/gpt-4-0314.jsonl": {
            "question_id": 1, "model_id": "m", "choices": [{"turns": ["Boats.", "Four boats lie there."]}],
        },
        "alpaca_eval/alpaca_eval.json": [{"instruction": text, "dataset": "d"}],
        "alpaca_eval/model_outputs/gpt-4-0314.json": [{"instruction": text, "output": "Boats.", "generator": "g"}],
        "arena_hard/question.jsonl": {"question_id": "a", "category": "arena-hard-v0.1", "turns": [{"content": text}]},
        "arena_hard/model_answer/gpt-4-0314.jsonl": {
            "question_id": "a", "model_id": "m", "choices": [{"turns": [{"content": "Boats."}]}],
        },
        "arena_hard_v2/question.jsonl": {
            "uid": "a", "category": "hard_prompt", "subcategory": "coding", "prompt": text,
        },
        "arena_hard_v2/model_answer/gpt-4-0314.jsonl": {
            "uid": "a", "model": "m", "messages": [{"role": "assistant", "content": {"answer": "Boats."}}],
        },
        "mixeval/free-form.json": {"0": {"prompt": text, "target": ["Boats"], "benchmark_name": "b"}},
        "mixeval_hard/multiple-choice.json": {
            "0": {"prompt": text, "options": ["Boats", "Cars"], "target": [0], "benchmark_name": "b"},
        },
        "own/own.jsonl": {"input": text, "rubric": "Be kind.", "baseline": "Boats."},
    }  # fmt: skip
    for place, content in rows.items():
        if place.startswith(f"{name}/"):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(json.dumps(content), encoding="utf-8")
    return str(folder / "own/own.jsonl") if name == "own" else f"{name}:{folder / name}"


WAYS = {
    "mt_bench": ("grading=single", "grading=pairwise,baseline=gpt-4-0314"),
    "alpaca_eval": ("baseline=gpt-4-0314", "baseline=gpt-4-0314,orders=one"),
    "arena_hard": ("attempts=3", "orders=one"),
    "arena_hard_v2": ("baseline=gpt-4-0314",),
    "mixeval": ("attempts=1",),
    "mixeval_hard": ("attempts=2",),
    "own": ("grading=single", "grading=pairwise", "orders=one"),
}


def test_every_judged_benchmark_has_a_case() -> None:
    assert {*JUDGED, "own"} == set(WAYS)


@pytest.mark.parametrize("name, way", [(name, way) for name, ways in WAYS.items() for way in ways])
async def test_a_benchmark_with_a_judge_passes(name: str, way: str, tmp_path: Path):
    benchmark = open_benchmark(make_judged(name, tmp_path), scorer=f"judge:fake/judge,{way}")
    await check_benchmark(benchmark)


class Credulous(OwnJudge):
    """Takes whatever the judge says for a full score."""

    async def judge(self, problem: Problem, answers: Any, ask: Any) -> Ruling:
        await super().judge(problem, answers, ask)
        return Ruling(Score(value=1.0))


class Insisting(OwnJudge):
    """Asks until it likes what it hears."""

    async def judge(self, problem: Problem, answers: Any, ask: Any) -> Ruling:
        for _ in range(5):
            ruling = await super().judge(problem, answers, ask)
        return ruling


@pytest.mark.parametrize(
    "kind, words", [(Credulous, "no verdict, and yet"), (Insisting, "requests, at most 4 are planned")]
)
async def test_a_mistake_of_a_judged_scorer_is_found(kind: type[OwnJudge], words: str, tmp_path: Path):
    benchmark = open_benchmark(make_judged("own", tmp_path), scorer="judge:fake/judge")
    own = benchmark.scorer
    assert isinstance(own, OwnJudge)
    with pytest.raises(AssertionError, match=words):
        await check_benchmark(replace(benchmark, scorer=kind(own.options, own.rubrics, own.baselines)))


class Lenient:
    """Everything is right."""

    async def score(self, problem: Problem, answer: str) -> Any:
        return Score(value=1.0, answer=answer)

    def describe(self) -> dict[str, Any]:
        return {"type": "lenient"}


class Severe(Lenient):
    async def score(self, problem: Problem, answer: str) -> Any:
        return Score(value=0.0)


class Rude(Lenient):
    async def score(self, problem: Problem, answer: str) -> Any:
        return 0.5 if "canary" in answer else Score(value=float(answer.startswith("It is so")))


GOOD = open_benchmark(WORD_PROBLEMS, limit=10)


@pytest.mark.parametrize(
    "benchmark, words",
    [
        (replace(GOOD, problems=()), "it has no problems"),
        (replace(GOOD, problems=(*GOOD.problems, GOOD.problems[0])), "ids that stand for several problems"),
        (replace(GOOD, scorer=Lenient()), "'' got"),
        (replace(GOOD, scorer=Severe()), "a right answer got"),
        (replace(GOOD, scorer=Rude()), "not Score or Unscored"),
        (
            replace(GOOD, problems=(Problem(id="a", conversation=(Message(role="user", content=" "),)),)),
            "nothing is asked",
        ),
    ],
)
async def test_a_mistake_is_found(benchmark: Benchmark, words: str):
    with pytest.raises(AssertionError, match=words):
        await check_benchmark(benchmark, right=said)
