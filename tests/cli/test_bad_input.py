"""Bad input: one clear message with place and cure, exit code 2, nothing paid, no traceback."""

from pathlib import Path

import pytest

from tests.cli.conftest import Itas


def refused(itas: Itas, *arguments: object, code: int = 2) -> str:
    """The message of a refusal; nothing may be left behind."""
    result = itas(*arguments)
    assert result.code == code
    assert result.out == ""
    assert "Traceback" not in result.err
    assert not list(Path().glob("runs/*"))
    return result.err


@pytest.mark.parametrize(
    "text, parts",
    [
        ("layers: [", ("bad.yaml", "not valid YAML")),
        (
            "layers:\n  - {type: generatr, model: a/b}",
            ("bad.yaml", "layers[0][0]", "Did you mean 'generator'?"),
        ),
        (
            "layers:\n  - {type: generator, model: a/b, sample: 3}",
            ("layers[0][0]", "Did you mean 'samples'?"),
        ),
        ("layers:\n  - {type: ranker, model: a/b}", ("layers[0]", "Start with a layer of generators")),
        ("name: x", ("layers: required, but not given",)),
        ("", ("empty",)),
    ],
)
def test_a_wrong_architecture_file_is_refused(
    itas: Itas, tmp_path: Path, text: str, parts: tuple[str, ...]
) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    message = refused(itas, "answer", "bad.yaml", "why?")
    for part in parts:
        assert part in message


def test_a_missing_file_is_named(itas: Itas) -> None:
    assert "gone.yaml: there is no such file" in refused(itas, "answer", "gone.yaml", "why?")


def test_a_model_without_key_names_the_variable(itas: Itas) -> None:
    message = refused(itas, "answer", "openai/gpt-4o", "why?")
    assert "OPENAI_API_KEY" in message


def test_an_unknown_provider_is_refused_with_the_nearest(itas: Itas) -> None:
    assert "Did you mean 'openai'?" in refused(itas, "answer", "opnai/gpt-4o", "why?")


def test_an_unknown_simulated_model_is_refused_with_the_nearest(itas: Itas) -> None:
    assert "Did you mean 'simulated/atlas-large'?" in refused(itas, "answer", "simulated/atlas-lage", "why?")


def test_an_unknown_benchmark_is_refused_with_the_nearest(itas: Itas, architecture: Path) -> None:
    message = refused(itas, "evaluate", architecture, "--on", "itas/word-problem")
    assert "Did you mean 'itas/word-problems'?" in message


@pytest.mark.parametrize(
    "text, part",
    [
        ("", "the file is empty"),
        ('{"input": "2+2?"}\n', "target"),
        ('{"input": "2+2?", "target": "4"}\n{"input": \n', "questions.jsonl:2"),
        ('{"inptu": "2+2?", "target": "4"}\n', "Did you mean 'input'?"),
    ],
)
def test_broken_data_is_refused_with_its_line(
    itas: Itas, architecture: Path, tmp_path: Path, text: str, part: str
) -> None:
    (tmp_path / "questions.jsonl").write_text(text)
    assert part in refused(itas, "evaluate", architecture, "--on", "questions.jsonl", "--scorer", "number")


def test_own_data_without_scorer_says_how_to_name_one(itas: Itas, architecture: Path, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text('{"input": "2+2?", "target": "4"}\n')
    assert "scorer" in refused(itas, "evaluate", architecture, "--on", "questions.jsonl")


def test_a_replayed_model_needs_a_recording(itas: Itas) -> None:
    assert "--recording" in refused(itas, "answer", "replay/gpt-4", "why?")


def test_a_broken_recording_is_named_with_its_line(itas: Itas, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"format": "itas-recording", "version": 1}\n{"model": "gpt-4"\n')
    assert "r.jsonl:2" in refused(itas, "answer", "replay/gpt-4", "why?", "--recording", "r.jsonl")


def test_a_search_without_models_says_what_is_missing(itas: Itas) -> None:
    assert "--model" in refused(itas, "search", "small", "--on", "itas/word-problems")


def test_an_unknown_space_is_refused_with_the_nearest(itas: Itas) -> None:
    message = refused(itas, "search", "smal", "--on", "itas/word-problems", "-m", "simulated/atlas-large")
    assert "Did you mean 'small'?" in message


def test_an_unknown_searcher_is_refused(itas: Itas) -> None:
    arguments = ("small", "--on", "itas/word-problems", "-m", "simulated/atlas-large", "--searcher", "racin")
    assert "Did you mean 'racing'?" in refused(itas, "search", *arguments)


def test_a_budget_that_reaches_no_verdict_is_refused_with_the_numbers(itas: Itas) -> None:
    arguments = ("small", "--on", "itas/word-problems", "-m", "simulated/atlas-large", "--max-samples", 50)
    assert "do not reach a verdict" in refused(itas, "search", *arguments)


def test_wrong_usage_is_explained(itas: Itas) -> None:
    assert "No such option" in refused(itas, "answer", "x.yaml", "--sede", "3")
    assert "Missing" in refused(itas, "answer")


def test_a_run_folder_that_is_none_is_refused(itas: Itas, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "not a run folder" in refused(itas, "resume", "empty")
    assert "not a run folder" in refused(itas, "show", "empty")


def test_an_empty_question_is_refused(itas: Itas) -> None:
    assert "the question is empty" in refused(itas, "answer", "simulated/atlas-large", " ")


def test_an_unknown_searcher_in_the_lab_is_refused_with_the_nearest(itas: Itas) -> None:
    assert "Did you mean 'racing'?" in refused(itas, "lab", "racng")
