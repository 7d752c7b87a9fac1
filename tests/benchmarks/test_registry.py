"""Opening benchmarks by name: public formats, subsets, and names nobody knows."""

import json

import pytest

from itas.benchmarks import list_benchmarks, open_benchmark
from itas.core.problem import Score
from itas.errors import DataError, SpecError


async def test_gsm8k_opens_in_its_public_format(shared_data):
    path = shared_data / "gsm8k" / "test.jsonl"
    benchmark = open_benchmark(f"gsm8k:{path}")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(benchmark.problems) == benchmark.total == len(rows)
    assert benchmark.problems[0].id == "gsm8k-00001"
    assert benchmark.problems[0].conversation[-1].content.startswith(rows[0]["question"].strip())
    for problem, row in zip(benchmark.problems, rows, strict=True):
        assert await benchmark.score(problem, row["answer"]) == Score(value=1, answer=problem.target)


async def test_mmlu_opens_as_a_folder_and_as_one_file(shared_data):
    folder = shared_data / "mmlu" / "test"
    benchmark = open_benchmark(f"mmlu:{folder}")
    algebra = open_benchmark(f"mmlu:{folder / 'abstract_algebra_test.csv'}")
    assert {str(problem.tags["subject"]) for problem in benchmark.problems} > {"abstract_algebra", "anatomy"}
    first = algebra.problems[0]
    assert (first.id, first.target, len(first.choices)) == ("abstract_algebra-00001", "B", 4)
    assert "\n\nA) 0\nB) 2\nC) 1\nD) 3\n\n" in first.conversation[-1].content
    assert await algebra.score(first, "I think so.\nAnswer: B") == Score(value=1, answer="B")
    assert {problem.id for problem in algebra.problems} < {problem.id for problem in benchmark.problems}


def test_multiple_choice_opens_as_jsonl_with_letter_number_or_text(tmp_path):
    path = tmp_path / "quiz.jsonl"
    rows = [{"question": "q?", "choices": ["x", "y", "z"], "answer": answer} for answer in ("B", 1, "y", "b")]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert [problem.target for problem in open_benchmark(f"mmlu:{path}").problems] == ["B"] * 4


@pytest.mark.parametrize(
    "text, name, message",
    [
        ("q,a,b,E\n", "x_test.csv", "x_test.csv:1: must be question"),
        ("question,A,B,answer\n", "x.csv", "A header is not part of this format"),
        ('{"question": "q"}', "x.jsonl", "must have 'question', 'choices' (a list) and 'answer'"),
        ('{"question": "q", "choices": ["a", "b"], "answer": 2}', "x.jsonl", "found 2"),
        ('{"question": "q", "choices": ["a", "a"], "answer": "zz"}', "x.jsonl", "found 'zz'"),
    ],
)
def test_a_wrong_multiple_choice_file_names_its_line(tmp_path, text, name, message):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        open_benchmark(f"mmlu:{tmp_path / name}")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "line",
    ['{"question": "q"}', '{"question": "q", "answer": "no mark"}', '{"question": "q", "answer": "#### x"}'],
)
def test_a_wrong_gsm8k_file_names_its_line(tmp_path, line):
    path = tmp_path / "test.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match=r"test\.jsonl:1: "):
        open_benchmark(f"gsm8k:{path}")


def test_an_empty_folder_says_where_the_data_is(tmp_path):
    with pytest.raises(DataError, match=r"hendrycks/test"):
        open_benchmark(f"mmlu:{tmp_path}")


async def test_word_problems_open_without_any_file():
    benchmark = open_benchmark("itas/word-problems", seed=3, limit=65)
    assert len(benchmark.problems) == 65
    assert {bool(problem.choices) for problem in benchmark.problems} == {True, False}
    for problem in benchmark.problems:
        assert await benchmark.score(problem, f"Answer: {problem.target}") == Score(
            value=1, answer=problem.target
        )


def test_a_limit_draws_at_random_and_smaller_ones_are_parts_of_larger_ones(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text(
        "\n".join(json.dumps({"input": f"q{i}", "target": "x"}) for i in range(100)), encoding="utf-8"
    )
    ten, twenty, other = (
        [problem.id for problem in open_benchmark(str(path), scorer="exact", seed=seed, limit=limit).problems]
        for seed, limit in ((1, 10), (1, 20), (2, 10))
    )
    assert ten == twenty[:10]
    assert len(set(twenty)) == 20
    assert ten != other
    assert ten != [f"data-{number:05}" for number in range(1, 11)]
    everything = open_benchmark(str(path), scorer="exact", limit=1000)
    assert len(everything.problems) == everything.total == 100
    assert open_benchmark(str(path), scorer="exact", limit=5).total == 100


def test_the_fingerprint_knows_problems_and_scorer(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"input": "q", "target": "5"}), encoding="utf-8")
    prints = {open_benchmark(str(path), scorer=scorer).fingerprint for scorer in ("number", "regex:5")}
    assert len(prints) == 2
    assert open_benchmark(str(path), scorer="number").fingerprint in prints


@pytest.mark.parametrize(
    "name, kwargs, message",
    [
        ("itas/word-problem", {}, "Did you mean 'itas/word-problems'"),
        ("gsm8", {}, "Did you mean 'gsm8k'"),
        ("zzzz", {}, "Known: itas/word-problems, gsm8k:PATH, mmlu:PATH"),
        ("gsm8k", {}, "gsm8k:PATH. The data is at https://github.com/openai"),
        ("itas/word-problems", {"limit": 0}, "limit: must be at least 1"),
        ("itas/word-problems", {"scorer": "exact"}, "brings its own scorer"),
    ],
)
def test_a_wrong_name_is_refused_with_the_cure(name, kwargs, message):
    with pytest.raises(SpecError) as raised:
        open_benchmark(name, **kwargs)
    assert message in str(raised.value)


def test_a_file_of_another_kind_is_told_apart_from_an_unknown_name(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(SpecError, match="a data file ends in"):
        open_benchmark(str(path))


def test_every_benchmark_is_listed_with_what_one_wants_to_know():
    infos = {info.name: info for info in list_benchmarks()}
    assert infos["itas/word-problems"].is_here
    assert not infos["gsm8k:PATH"].is_here
    assert infos["gsm8k:PATH"].size == 1319
    assert all(info.metric and info.licence and info.description for info in infos.values())
