"""No key stands in a message, wherever somebody put it by mistake."""

from pathlib import Path

import pytest

from tests.cli.conftest import Itas

CANARY = "sk-canary-1234567890abcd"


def test_a_key_in_a_variable_of_ours_is_not_repeated(itas: Itas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITAS_PROVIDERS__OPENAI__API_KEY", CANARY)
    result = itas("models")
    assert result.code == 2
    assert CANARY not in result.out + result.err


@pytest.mark.parametrize("line", [f"key_variable: {CANARY}", f"base_url: https://h/v1?api_key={CANARY}"])
def test_a_key_in_the_settings_file_is_not_repeated(itas: Itas, tmp_path: Path, line: str) -> None:
    (tmp_path / "itas.yaml").write_text(f"providers:\n  openai:\n    {line}\n")
    result = itas("models")
    assert result.code == 2
    assert "itas.yaml" in result.err
    assert CANARY not in result.out + result.err


def test_a_trace_keeps_ordinary_text_to_the_letter(itas: Itas, tmp_path: Path) -> None:
    question = 'see http://x.com/?a"b and key-value-store-abstraction'
    assert itas("answer", "simulated/atlas-small", question, "--trace", "t.jsonl").code == 0
    assert "key-value-store-abstraction" in (tmp_path / "t.jsonl").read_text()


def test_a_trace_that_cannot_be_written_is_found_before_anything_is_asked(itas: Itas) -> None:
    result = itas("answer", "simulated/atlas-small", "why?", "--trace", "nope/t.jsonl")
    assert result.code == 2
    assert "make the folder first" in result.err


def test_a_question_in_place_of_the_architecture_is_refused(itas: Itas) -> None:
    result = itas("answer", "why is the sky blue? " * 40, "x")
    assert result.code == 2
    assert "neither an architecture file" in result.err
