"""Makes the figures of docs/results/performance.md.

    .venv/bin/python benchmarks_perf/run.py [--only PARTS] [--write] [--peers FOLDER] [--quick]

Parts: start, latency, cpu, peers, crowd, memory, store; all of them take about eight minutes on two quiet cores.
Figures are to be made in a quiet window, with nothing else running on the machine. Ratios are between processes
that run one after the other, several times in turn; what is given is the median. The peers are installed from PyPI
into environments of their own below FOLDER (a temporary one by default).
"""

import argparse
import asyncio
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import store
from run_contender import HERE, endpoint, run_contender

PEERS = {"openai_sdk": "openai", "its_hub_calls": "its_hub[lm]", "dspy_calls": "dspy"}
CALL_MS = 50
LATENCY_MS = 200
ROUNDS = 5
OURS, BARE = "itas_queries", "bare_aiohttp"
PAGE = HERE.parent / "docs" / "results" / "performance.md"


def main() -> int:
    """Measure and print, and write if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    parser.add_argument("--write", action="store_true", help=f"put them into {PAGE.name}; other parts stay")
    parser.add_argument("--quick", action="store_true", help="few repeats: to see that it works")
    parser.add_argument("--peers", type=Path, help="folder of the peers' environments, to keep them")
    given = parser.parse_args()
    names = given.only.split(",")
    if unknown := set(names) - PARTS.keys():
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}. Known: {', '.join(PARTS)}")
    sections: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            started = time.monotonic()
            found = PARTS[name](Path(folder), given.peers or Path(folder) / "peers", given.quick)
            sections += found
            say(f"{name}: {time.monotonic() - started:.0f} s")
            print("\n".join(found), flush=True)
    if given.write:
        before = PAGE.read_text("utf-8") if PAGE.exists() else ""
        PAGE.write_text(merge(before, sections, is_quick=given.quick), "utf-8")
    return 0


def merge(before: str, sections: list[str], *, is_quick: bool) -> str:
    """The page with these sections in place of those of the same title; the head is always new."""
    kept = {title_of(each): each for each in re.split(r"^(?=## )", before, flags=re.MULTILINE)[1:]}
    for each in sections:
        kept[title_of(each)] = each
    return "\n".join([head(is_quick), *(each.rstrip() + "\n" for each in kept.values())])


def title_of(section: str) -> str:
    """What is measured, without the numbers of how."""
    return section.partition("\n")[0]


def head(is_quick: bool) -> str:
    """What the page is."""
    note = "\n**A quick run on a busy machine: not final.**\n" if is_quick else ""
    return (
        "# Performance\n\nWritten by `benchmarks_perf/run.py`; how it measures stands in "
        "[its notes](../../benchmarks_perf/README.md).\n"
        f"{note}\n{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}. Medians. "
        "A *bar* is what was aimed at; where a figure is worse, it is missed.\n"
    )


def start_part(_folder: Path, _peers: Path, is_quick: bool) -> list[str]:
    return [start_section(5 if is_quick else 21)]


def latency_part(folder: Path, _peers: Path, is_quick: bool) -> list[str]:
    return [latency_section(folder, 2 if is_quick else 7)]


def cpu_part(folder: Path, _peers: Path, is_quick: bool) -> list[str]:
    rounds = 2 if is_quick else ROUNDS
    return [cpu_section(folder, {}, at_once, rounds, queries=200) for at_once in (16, 200)]


def peers_part(folder: Path, peers: Path, is_quick: bool) -> list[str]:
    """Fewer queries: some take thirty times as long."""
    found = install_peers(peers)
    rounds, queries = (1, 20) if is_quick else (3, 100)
    return [cpu_section(folder, found, at_once, rounds, queries=queries) for at_once in (16, 200)]


def crowd_part(folder: Path, _peers: Path, _is_quick: bool) -> list[str]:
    return [crowd_section(folder)]


def memory_part(folder: Path, _peers: Path, is_quick: bool) -> list[str]:
    return [memory_section(folder, 6_000 if is_quick else 100_000)]


def store_part(folder: Path, _peers: Path, is_quick: bool) -> list[str]:
    """The call store alone; see `store.py`."""
    figures = asyncio.run(store.measure(folder / "large.db", 50_000 if is_quick else 1_000_000, 100))
    for file in folder.glob("large.db*"):
        file.unlink()
    lines = [f"| {name} | {value:,} |" for name, value in figures.items()]
    bars = "Bars: opened in 1 s; 5,000 stored calls per second, each in two transactions; a hit in 1 ms."
    return [table("Call store", ["", "measured"], lines, bars)]


PARTS: dict[str, Callable[[Path, Path, bool], list[str]]] = {
    "start": start_part,
    "latency": latency_part,
    "cpu": cpu_part,
    "peers": peers_part,
    "crowd": crowd_part,
    "memory": memory_part,
    "store": store_part,
}


def start_section(repeats: int) -> str:
    """Wall and CPU time of starting, against an empty Python."""
    python = sys.executable
    commands = {
        "empty Python": [python, "-c", "pass"],
        "`import itas`": [python, "-c", "import itas"],
        "`import typer`, which reads the command line": [python, "-c", "import typer"],
        "`itas --help`": [str(Path(python).parent / "itas"), "--help"],
    }
    rows = [
        (name, *median_of(lambda each=command: start_once(each), repeats))
        for name, command in commands.items()
    ]
    lines = [f"| {name} | {1000 * wall:.0f} | {1000 * cpu:.0f} |" for name, wall, cpu in rows]
    bars = "Bars: `itas --help` 150 ms; `import itas` 100 ms more than an empty Python."
    return table("Starting", ["", "wall ms", "CPU ms"], lines, bars)


def start_once(command: list[str]) -> tuple[float, float]:
    before = os.times()
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    after = os.times()
    children = after.children_user + after.children_system
    return wall, children - before.children_user - before.children_system


def median_of(measure: Callable[[], tuple[float, float]], repeats: int) -> tuple[float, float]:
    found = [measure() for _ in range(repeats)]
    return statistics.median(first for first, _ in found), statistics.median(second for _, second in found)


def latency_section(folder: Path, repeats: int) -> str:
    """One query over its critical path."""
    clear(folder)
    with endpoint(LATENCY_MS) as url:
        shapes: Any = run_contender("itas_latency", url, repeats, folder)  # one query at a time
        run_contender("record_bodies", folder)
        bare = run_contender(BARE, url, repeats, 1, folder)
    lines: list[str] = []
    for shape in shapes:
        wall = statistics.median(shape["wall_s"])
        ideal = shape["depth"] * LATENCY_MS / 1000
        lines.append(f"| {shape['name']} | {shape['depth']} | {1000 * wall:.0f} | {wall / ideal:.3f} |")
    wall, depth = bare["wall_s"] / repeats, 3
    ratio = wall / (depth * LATENCY_MS / 1000)
    lines.append(
        f"| the first of these by the bare loop (mean) | {depth} | {1000 * wall:.0f} | {ratio:.3f} |"
    )
    title = f"One query, {LATENCY_MS} ms a call"
    return table(title, ["architecture", "depth", "wall ms", "over depth x latency"], lines, "Bar: 1.03.")


def cpu_section(folder: Path, peers: dict[str, str], at_once: int, repeats: int, *, queries: int) -> str:
    """CPU per call against the bare loop, in turn."""
    contenders = {BARE: sys.executable, OURS: sys.executable, **peers}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    with endpoint(CALL_MS) as url:
        run_contender("record_bodies", folder)
        for _ in range(repeats):
            for name, python in contenders.items():
                clear(folder)
                found[name].append(run_contender(name, url, queries, at_once, folder, python=python))
    lines: list[str] = []
    for name, runs in found.items():
        per_call = statistics.median(run["cpu_s"] / run["calls"] for run in runs)
        ratios = [
            run["cpu_s"] / run["calls"] / (bare["cpu_s"] / bare["calls"])
            for run, bare in zip(runs, found[BARE], strict=True)
        ]
        peak = statistics.median(run["peak_mb"] for run in runs)
        wall = statistics.median(run["wall_s"] for run in runs)
        lines.append(
            f"| {name} | {1000 * per_call:.2f} | {statistics.median(ratios):.2f} | {wall:.1f} | {peak:.0f} |"
        )
    with_whom = ", with what else is used" if peers else ""
    title = f"CPU per call{with_whom}: {queries} queries of 12 calls, {at_once} at once, {CALL_MS} ms a call"
    columns = ["", "CPU ms per call", "over the bare loop", "wall s", "peak MB"]
    note = "`itas_queries` has call store, ledger, meter, cap and trace on. Bar: 1.6 x the bare loop."
    return table(title, columns, lines, note)


def crowd_section(folder: Path) -> str:
    """2,000 calls on their way in one process."""
    clear(folder)
    with endpoint(1000) as url:
        run = run_contender(OURS, url, 200, 200, folder)  # ten at once from each of 200 queries
    line = f"| {run['calls']:,} | {run['wall_s']:.1f} | {run['peak_mb']:.0f} |"
    title = "2,000 calls on their way in one process, 1 s a call"
    return table(title, ["calls", "wall s", "peak MB"], [line], "Bars: depth 3, so 3 s at best; peak 150 MB.")


def memory_section(folder: Path, calls: int) -> str:
    """Resident memory while calls go by."""
    clear(folder)
    with endpoint(5) as url:
        run = run_contender("itas_memory", url, calls, folder)
    shown = " | ".join(f"{each:.0f}" for each in run["resident_mb"])
    names = [f"{10 * each} %" for each in range(1, len(run["resident_mb"]) + 1)]
    return table(f"Resident MB over {calls:,} calls", names, [f"| {shown} |"], "Bar: flat.")


def table(title: str, columns: list[str], lines: list[str], note: str) -> str:
    """A section with one table."""
    rule = "|".join(["---"] * len(columns))
    return "\n".join([f"## {title}", "", f"| {' | '.join(columns)} |", f"|{rule}|", *lines, "", note, ""])


def install_peers(folder: Path) -> dict[str, str]:
    """An environment for each; who cannot be installed is left out, and said."""
    found: dict[str, str] = {}
    for name, package in PEERS.items():
        python = folder / name / "bin" / "python"
        if not (folder / name / "ready").exists():
            say(f"installing {package}")
            subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
            install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", package]
            if subprocess.run(install, check=False, stderr=subprocess.DEVNULL).returncode:
                say(f"{package} cannot be installed: left out")
                continue
            (folder / name / "ready").touch()
        found[name] = str(python)
    return found


def clear(folder: Path) -> None:
    """No contender finds what another one stored."""
    for file in (*folder.glob("calls.sqlite3*"), *folder.glob("trace.jsonl")):
        file.unlink()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
