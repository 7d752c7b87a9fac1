"""Files: found or not, of the right size and encoding, read as what they are."""

import io
from pathlib import Path

import pytest

from itas.errors import SpecError
from itas.specs.files import load_data, load_text, parse_data
from itas.specs.limits import MAX_BYTES


def test_json_is_read_as_json_and_the_rest_as_yaml(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"a":\n\t"no"}', encoding="utf-8")
    (tmp_path / "a.yaml").write_text("a: no  # said no\n", encoding="utf-8")
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: no\r\n")
    for name in ("a.json", "a.yaml", "bom.yaml"):
        assert load_data(tmp_path / name) == {"a": "no"}


def test_a_json_file_with_yaml_in_it_is_refused(tmp_path: Path):
    (tmp_path / "a.json").write_text("a: 1", encoding="utf-8")
    with pytest.raises(SpecError, match=r"a\.json:1: not valid JSON"):
        load_data(tmp_path / "a.json")


@pytest.mark.parametrize("text", ["a: 1", '{"a": 1}', '{\n\t"a": 1\n}', "{a: 1}"])
def test_standard_input_may_be_either(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert load_data("-") == {"a": 1}


def test_broken_yaml_is_not_called_broken_json():
    with pytest.raises(SpecError, match="line 1: not valid YAML"):
        parse_data("{a: 1")


def test_what_cannot_be_read_says_why(tmp_path: Path):
    with pytest.raises(SpecError, match=r"gone\.yaml: no such file"):
        load_text(tmp_path / "gone.yaml")
    with pytest.raises(SpecError, match="this is a folder"):
        load_text(tmp_path)
    with pytest.raises(SpecError, match="cannot be read"):
        load_text("a\0b")
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(SpecError, match=r"latin\.yaml:2: not UTF-8"):
        load_text(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(SpecError, match=r"large\.yaml: larger than"):
        load_text(tmp_path / "large.yaml")


def test_an_endless_file_is_not_read_to_its_end():
    if Path("/dev/zero").exists():
        with pytest.raises(SpecError, match="larger than"):
            load_text("/dev/zero")
