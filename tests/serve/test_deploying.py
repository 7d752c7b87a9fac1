"""What is shipped for operators can be read by what reads it, and holds what it promises."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "examples" / "deploy"


def read_unit() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in (DEPLOY / "itas.service").read_text().splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), defaultdict(list))
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            section[name].append(value)
    return found


def read_dockerfile() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_unit_starts_a_command_that_exists_as_nobody_in_particular():
    unit = read_unit()
    service = unit["Service"]
    program, command, *arguments = shlex.split(service["ExecStart"][0])
    assert Path(program).is_absolute()
    assert command == "serve"
    known = subprocess.run(
        [sys.executable, "-m", "itas", "serve", "--help"],
        capture_output=True, text=True, check=False, env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"},
    ).stdout  # fmt: skip
    for argument in arguments:
        assert not argument.startswith("--") or argument in known, argument
    assert service["User"] != ["root"]
    assert unit["Install"]["WantedBy"] == ["multi-user.target"]


def test_the_unit_gives_more_time_to_stop_than_the_server_takes():
    service = read_unit()["Service"]
    words = shlex.split(service["ExecStart"][0])
    assert int(service["TimeoutStopSec"][0]) > float(words[words.index("--drain") + 1]) + 10
    assert service["KillMode"] == ["mixed"]


@pytest.mark.parametrize(
    "name,value",
    [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
    ],
)
def test_the_unit_takes_away_what_the_server_does_not_need(name: str, value: str):
    assert read_unit()["Service"][name] == [value]


def test_systemd_itself_finds_no_fault_in_the_unit(tmp_path: Path):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "itas.service").read_text().replace("/opt/itas/bin/itas", "/bin/true")
    (tmp_path / "itas.service").write_text(text.replace("User=itas", "User=daemon"))
    done = subprocess.run(
        [program, "verify", str(tmp_path / "itas.service")], capture_output=True, text=True, check=False
    )
    assert "itas.service:" not in done.stderr, done.stderr


def test_the_image_installs_only_what_has_a_hash_and_does_not_run_as_root():
    steps = read_dockerfile()
    for word, rest in steps:
        for command in rest.split("&&") if word == "RUN" else ():
            if "pip install" in command:
                assert "--require-hashes" in command or "--no-index" in command, command
            assert not re.search(r"curl|wget|apt-get|sudo", command), command
        assert word != "ADD"
    last = [word for word, _ in steps][::-1].index("FROM")
    final = steps[len(steps) - 1 - last :]
    users = [rest for word, rest in final if word == "USER"]
    assert users[-1] not in ("root", "0", "")
    assert not any(re.search("KEY|TOKEN|SECRET", rest) for word, rest in steps if word in ("ENV", "ARG"))


def test_the_image_copies_only_what_is_there():
    for word, rest in read_dockerfile():
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists() or source == "requirements/serve.txt", source


def test_the_image_is_asked_how_it_is_and_stops_as_the_server_expects():
    steps = dict(read_dockerfile())
    program = json.loads(steps["HEALTHCHECK"].partition("CMD ")[2])
    assert "/health" in program[-1]
    compile(program[-1], "healthcheck", "exec")
    assert steps["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(steps["ENTRYPOINT"])[:2] == ["itas", "serve"]


def test_what_the_image_installs_is_locked_with_the_rest():
    assert "-o requirements/serve.txt pyproject.toml --extra serve" in (ROOT / "Makefile").read_text()
