"""What is there and what is missing on this machine. Sends nothing anywhere."""

import os
import platform
import sqlite3
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from itas.api.settings import IN_MEMORY, Settings, read_environment
from itas.errors import SandboxError, SpecError, StoreError
from itas.models.providers.known import KNOWN
from itas.models.store.place import is_shared, open_place, shown
from itas.sandbox import TierReport, report_tiers

State = Literal["ok", "note", "missing"]

# The fix for commits that are lost when they race a checkpoint: https://sqlite.org/wal.html#walresetbug
_FIXED_SQLITE = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
_EXTRAS = {
    "report": ("altair", "jinja2", "vl_convert"),
    "serve": ("fastapi", "uvicorn"),
    "math": ("math_verify",),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: Its name.
        state: ``ok``; ``note`` for what is worth knowing; ``missing`` for what keeps something from working.
        detail: What was found, and the cure where there is one.
    """

    what: str
    state: State
    detail: str


async def examine(settings: Settings) -> tuple[Finding, ...]:
    """Look at Python, SQLite, store, folders, sandbox, keys and extras."""
    return (
        Finding("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        _examine_sqlite(),
        await _examine_store(settings.store),
        _examine_folder(settings.runs),
        *await _examine_sandbox(),
        *_examine_keys(settings),
        *_examine_extras(),
    )


def _examine_sqlite() -> Finding:
    found = sqlite3.sqlite_version_info
    fixed = found >= _FIXED_SQLITE[0] or any(
        found[:2] == fix[:2] and found >= fix for fix in _FIXED_SQLITE[1:]
    )
    text = sqlite3.sqlite_version
    if fixed:
        return Finding("sqlite", "ok", text)
    return Finding(
        "sqlite",
        "note",
        f"{text} can lose rows when a commit races a checkpoint (fixed in 3.51.3); the call store "
        "therefore checkpoints only when it is alone",
    )


async def _examine_store(place: str) -> Finding:
    if place == IN_MEMORY:
        return Finding("call store", "note", "in memory: nothing is remembered after a run")
    if not is_shared(place) and not _exists(place):
        return Finding("call store", "ok", f"{place}: made at the first call")
    try:
        store = await open_place(place)
        stats = await store.stats()
        totals = await store.totals()
        await store.close()
    except (SpecError, StoreError) as error:
        return Finding("call store", "missing", str(error))
    text = f"{shown(place)}: {stats.draws:,} draws of {stats.requests:,} requests, {stats.bytes / 1e6:.1f} MB"
    if totals.uncertain:
        text += f"; ${totals.uncertain / 1e6:.4f} may have been billed without an answer"
    if stats.damaged:
        return Finding("call store", "note", f"{text}; {stats.damaged} damaged draws are asked for anew")
    return Finding("call store", "ok", text)


def _exists(place: str) -> bool:
    return Path(place).exists()


def _examine_folder(folder: Path) -> Finding:
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return Finding("run folders", "ok", str(folder))
    return Finding(
        "run folders", "missing", f"{folder} cannot be written. Choose another with --output or ITAS_RUNS"
    )


async def _examine_sandbox() -> list[Finding]:
    """Every tier, tried by a program behind it that tries to get out."""
    try:
        reports = await report_tiers()
    except SandboxError as error:
        return [Finding("sandbox", "note", str(error))]
    findings = [_describe_tier(report) for report in reports]
    if not any(report.works for report in reports):
        findings.append(
            Finding("sandbox", "note", "no tier holds here: code of models is not run, and not scored")
        )
    return findings


def _describe_tier(report: TierReport) -> Finding:
    name = f"sandbox {report.tier}"
    if report.works:
        return Finding(
            name, "ok", f"a program behind it tried to get out and could not; runs {report.python}"
        )
    return Finding(name, "note", f"{report.reason}. {report.cure}".strip())


def _examine_keys(settings: Settings) -> list[Finding]:
    environ = read_environment()
    findings: list[Finding] = []
    for name, provider in KNOWN.items():
        if not provider.needs_key:
            continue
        chosen = settings.providers.get(name)
        variables = (chosen.key_variable,) if chosen and chosen.key_variable else provider.key_variables
        found = next((variable for variable in variables if environ.get(variable, "").strip()), None)
        if found:
            findings.append(Finding(f"key of {name}", "ok", f"{found} is set"))
    if not findings:
        findings.append(
            Finding(
                "keys",
                "note",
                "no provider's key is set (for instance OPENAI_API_KEY); simulated/, replay/ and local servers "
                "work without",
            )
        )
    return findings


def _examine_extras() -> list[Finding]:
    findings: list[Finding] = []
    for extra, packages in _EXTRAS.items():
        lacking = [package for package in packages if find_spec(package) is None]
        if lacking:
            cure = f"{sys.executable} -m pip install 'itas[{extra}]'"
            findings.append(
                Finding(f"extra {extra}", "note", f"not installed ({', '.join(lacking)}): {cure}")
            )
        else:
            findings.append(Finding(f"extra {extra}", "ok", "installed"))
    return findings
