"""Estimates go by answers that are stored already, else by what is usual for such problems."""

import json
from pathlib import Path

import pytest

from itas.api.answering import single_model
from itas.api.evaluation_estimate import generators_of
from itas.api.lengths import find_lengths
from itas.api.settings import Settings
from itas.benchmarks.registry import open_benchmark
from itas.core.request import Completion, Request, Usage
from itas.evaluation.lengths import assumed_lengths
from itas.models.store.place import open_place


@pytest.fixture
def sums(tmp_path: Path) -> str:
    path = tmp_path / "sums.jsonl"
    rows = [{"scorer": "number"}, *({"input": f"{n} + 1?", "target": str(n + 1)} for n in range(6))]
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


async def test_stored_answers_to_these_problems_say_how_long_answers_are(sums: str, tmp_path: Path):
    settings = Settings(store=str(tmp_path / "calls.sqlite3"))
    benchmark = open_benchmark(sums)
    asked = generators_of([single_model("openai/gpt-4o")])
    before = await find_lengths(benchmark, asked, settings=settings)
    assert before == assumed_lengths(benchmark)
    assert before.answer == 150
    assert not Path(settings.store).exists(), "looking makes no store"
    store = await open_place(settings.store)
    for problem, tokens in zip(benchmark.problems, (900, 1100), strict=False):
        request = Request(
            model="openai/gpt-4o", messages=problem.conversation, temperature=0.7, max_tokens=2048
        )
        await store.put(request, {0: Completion(text="x", usage=Usage(tokens_in=5, tokens_out=tokens))})
    await store.close()
    found = await find_lengths(benchmark, asked, settings=settings)
    assert found.answers == {"openai/gpt-4o": 1000}
    assert found.answer == 1000
    assert "2 stored ones of openai/gpt-4o" in found.basis
    other = await find_lengths(benchmark, generators_of([single_model("openai/o1")]), settings=settings)
    assert other == before


async def test_simulated_models_are_taken_to_write_as_they_do(sums: str):
    settings = Settings(store="memory")
    asked = generators_of([single_model("simulated/atlas-large")])
    found = await find_lengths(open_benchmark(sums), asked, settings=settings)
    assert found.answer == 35
    assert "simulated" in found.basis
