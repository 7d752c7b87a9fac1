"""Spaces by name, by file, or as data."""

from pathlib import Path

import pytest

from itas.api.search_spec import find_space
from itas.errors import SpecError
from itas.search import read_shipped_space


def test_a_shipped_space_and_its_copy_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(read_shipped_space("small"))
    assert find_space(str(tmp_path / "mine.yaml")) == find_space("small")


def test_a_broken_file_is_refused_with_its_name_and_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: x\nlayers: [\n")
    with pytest.raises(SpecError, match=r"mine\.yaml:\d+: not valid YAML"):
        find_space(str(path))
    path.write_text("layers:\n  - &a [*a, *a]\n")
    with pytest.raises(SpecError, match="the anchor '&a' is not read here"):
        find_space(str(path))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SpecError, match=r"gone\.yaml"):
        find_space("gone.yaml")
