"""The files around the code: locked requirements that fit the project, and no path of somebody's machine."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
IN_DEV = ("report", "serve", "math", "optuna", "parquet", "postgres", "dev")
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# Directories at the top of every system or container: a checkout there says nothing about a machine.
ORDINARY = frozenset({
    "app", "bin", "code", "dev", "etc", "lib", "mnt", "opt", "proc", "run", "sbin", "src", "srv", "sys",
    "tmp", "usr", "var", "workspace",
})  # fmt: skip
PLACEHOLDERS = "me|name|nobody|sandbox|user|you"
HOME = re.compile(rf"(?<![\w.])/(?:home|Users)/(?!(?:{PLACEHOLDERS})\b)[a-z][\w.-]*/", re.ASCII)


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([\w.+!-]+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("run.txt", PROJECT["dependencies"]),
        ("full.txt", [*PROJECT["dependencies"], *EXTRAS["report"]]),
        ("dev.txt", [*PROJECT["dependencies"], *(each for extra in IN_DEV for each in EXTRAS[extra])]),
    ],
)
def test_the_locks_fit_the_project(name: str, wanted: list[str]):
    versions = locked(name)
    for requirement in map(Requirement, wanted):
        package = canonicalize_name(requirement.name)
        assert package in versions, f"{requirement} is not in requirements/{name}; run 'make lock'"
        assert versions[package] in requirement.specifier, f"{requirement} but {versions[package]} in {name}"


@pytest.mark.parametrize("name", ["run.txt", "full.txt", "build.txt"])
def test_the_development_lock_contains_the_smaller_ones(name: str):
    assert locked(name).items() <= locked("dev.txt").items()


def test_the_core_stays_small():
    assert len(locked("run.txt")) <= 40


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_versions_and_hashes_and_no_address(lock: Path):
    entries = re.split(r"\n(?! )", lock.read_text(encoding="utf-8").strip())
    assert [entry for entry in entries if not re.match(r"[\w.-]+==[^\n]+\\\n    --hash=sha256:", entry)] == []
    assert not re.search(r"://|--(?:index|extra-index|find-links|trusted)", "\n".join(entries))


def test_no_file_names_a_path_of_this_machine():
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in project_files()
        for number, line in enumerate(read(file).splitlines(), 1)
        if HOME.search(line) or any(place in line for place in places_of_this_machine())
    ]
    assert not found, "paths of a machine:\n" + "\n".join(found)


@pytest.mark.parametrize("line", ["see /" + "home/ann/itas/x", "'/" + "Users/ann/x'"])
def test_a_path_of_a_home_directory_is_found(line: str):
    assert HOME.search(line)


@pytest.mark.parametrize(
    "line", ["/home/user/x", "https://example.org/home/ann/x", "GET /homes/1/", "/home/"]
)
def test_what_only_looks_like_a_home_directory_is_not_reported(line: str):
    assert not HOME.search(line)


def places_of_this_machine() -> list[str]:
    """This checkout, and the interpreter if it is not the system's."""
    top = Path(ROOT.anchor, ROOT.parts[1])
    checkout = ROOT if top.name in ORDINARY | {"home", "Users", "root"} else top
    interpreter = Path(sys.base_prefix)
    return [
        f"{place}/" for place in (checkout, interpreter) if place not in (Path("/usr"), Path("/usr/local"))
    ]


def project_files() -> list[Path]:
    """Every file that is, or would be, in version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [file for name in listed.stdout.split("\0") if name and (file := ROOT / name).is_file()]


def read(file: Path) -> str:
    return file.read_bytes().decode("utf-8", errors="replace")
