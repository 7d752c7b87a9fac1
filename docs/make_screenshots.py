"""Make docs/images/*.png: the live view and every kind of page, as a browser shows them. Simulated models only.

    .venv/bin/python -m docs.make_screenshots

It needs Chromium and the fonts of Debian's fonts-dejavu-core. Dates, names of folders and versions are fixed, so the
same program makes the same pictures; `make test-browser` makes them again and compares. They are small on purpose
(below 150 KB each, below 1 MB in all; a test looks).
"""

import asyncio
import base64
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itas.api.holding import hold
from itas.api.viewing import RunFolder
from itas.cli.main import main as itas
from itas.view.app import View, make_app
from itas.view.process import bind, run_server
from tests.report.browser.driver import Page, open_browser

TARGET = Path(__file__).parent / "images"
KEY = "key"
DAY = "2026-03-02"
SEARCH = (
    "search", "small", "--on", "itas/word-problems", "--limit", "200", "-m", "simulated/atlas-large",
    "-m", "simulated/euler-large", "--dev", "40", "--held-out", "80", "--max-trials", "8", "--quiet",
)  # fmt: skip
EVALUATE = ("evaluate", "--on", "itas/word-problems", "--limit", "60", "--quiet")
QUESTION = "A farm has 17 cows. It buys 23 more and sells 5. How many cows does it have?"
ARCHITECTURE = """\
name: critic-rank-fuse
layers:
  - [{type: generator, model: simulated/euler-large}, {type: generator, model: simulated/atlas-large, samples: 2}]
  - {type: critic, model: simulated/atlas-large}
  - {type: ranker, model: simulated/atlas-large, top_k: 2}
  - {type: fuser, model: simulated/atlas-large}
"""


@dataclass(frozen=True)
class Shot:
    """One picture: of which page, from which element on, how large, light or dark."""

    name: str
    path: str
    start: str = "body"
    width: int = 1000
    height: int = 700
    is_dark: bool = False


SHOTS = (
    Shot("view-list", "/", height=640),
    Shot("view-run", "/runs/half", height=700),
    Shot("view-phone", "/runs/half", width=390, height=700),
    Shot("report", "/runs/study/reports/search", height=900),
    Shot("report-dark", "/runs/study/reports/search", start="#quality", height=640, is_dark=True),
    Shot("evaluation", "/runs/pair/reports/evaluation", start="#problems", height=640),
    Shot("trace", "/runs/answer.jsonl/reports/trace", start="#layers", width=1300, height=560),
    Shot("timeline", "/runs/answer.jsonl/reports/trace", start="#time", height=420),
)


def make_runs(runs: Path) -> None:
    """A finished search and one under way (its journal, cut off), two evaluations, and the trace of an answer."""
    architecture = runs.parent / "critic-rank-fuse.yaml"
    architecture.write_text(ARCHITECTURE, encoding="utf-8")
    _keep(runs, "study", *SEARCH)
    _keep(runs, "pair", *EVALUATE, "simulated/euler-large", "critic-rank-fuse.yaml")
    _keep(runs, "single", *EVALUATE, "simulated/atlas-large")
    itas(["answer", "critic-rank-fuse.yaml", QUESTION, "--trace", "runs/answer.jsonl"])
    half = runs / "half"
    half.mkdir()
    for name in ("manifest.json", "study.json"):
        (half / name).write_bytes((runs / "study" / name).read_bytes())
    lines = _in_order((runs / "study" / "journal.jsonl").read_bytes().splitlines(keepends=True))
    (half / "journal.jsonl").write_bytes(b"".join(lines[: len(lines) // 3]))
    for number, name in enumerate(("study", "single", "pair", "half"), start=9):
        _fix(runs / name / "manifest.json", created=f"{DAY}T{number:02d}:30:00+00:00", versions={"itas": "1"})
    for path in runs.glob("*/journal.jsonl"):
        _fix_times(path)
    _fix_times(runs / "answer.jsonl")
    os.utime(runs / "answer.jsonl", (1772442000, 1772442000))


def _keep(runs: Path, name: str, *command: str) -> None:
    """Run a command and give its folder a name that does not change."""
    before = set(runs.glob("2*"))
    if itas([*command]) != 0:
        raise RuntimeError(f"itas {' '.join(command)} failed")
    (made,) = set(runs.glob("2*")) - before
    made.rename(runs / name)


def _fix(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")


def _in_order(lines: list[bytes]) -> list[bytes]:
    """Trials of a batch by their number: which ends first depends on how busy the machine is."""
    found = [json.loads(line) for line in lines]
    places = [place for place, event in enumerate(found) if event["event"] == "trial"]
    by_number = sorted(places, key=lambda place: found[place]["trial"])
    ordered = dict(zip(places, by_number, strict=True))
    return [lines[ordered.get(place, place)] for place in range(len(lines))]


def _fix_times(path: Path) -> None:
    """Moments and seconds of this machine, which differ each time."""
    moments = iter(range(10**6))

    def moment(found: re.Match[str]) -> str:
        number = next(moments)
        return f'{found[1]}"{DAY}T10:{number // 60 % 60:02d}:{number % 60:02d}+00:00"'

    text = re.sub(r'("at": ?)"[^"]*"', moment, path.read_text("utf-8"))
    path.write_text(re.sub(r'("wall_s": ?)[0-9.e-]+', r"\g<1>0.1", text), "utf-8")


async def photograph(runs: Path, target: Path) -> None:
    """Open the pages and keep what they look like."""
    listener = bind("127.0.0.1", 0)
    view = View(RunFolder(Path("runs")))  # as people name it; the folder of the process is the one above
    app = make_app(view, port=listener.getsockname()[1], key=KEY)
    server = asyncio.create_task(run_server(app, listener, view))
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with hold(runs / "half"), tempfile.TemporaryDirectory() as profile:
        async with open_browser(Path(profile)) as page:
            for domain in ("Page", "Runtime"):
                await page.call(f"{domain}.enable")
            await page.call("Page.navigate", url=f"{here}/?key={KEY}")
            for shot in SHOTS:
                await _shoot(page, here, shot, target)
    view.is_ending = True
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)
    listener.close()


async def _shoot(page: Page, here: str, shot: Shot, target: Path) -> None:
    """One page from an element on, once its charts are drawn, as far as it fits into the window."""
    await page.call(
        "Emulation.setDeviceMetricsOverride",
        width=shot.width,
        height=shot.height,
        deviceScaleFactor=1,
        mobile=shot.width < 600,
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if shot.is_dark else "light"}
    await page.call("Emulation.setEmulatedMedia", media="", features=[scheme])
    await page.call("Page.navigate", url=here + shot.path)
    await page.until(
        f"location.href === {json.dumps(here + shot.path)} && document.readyState === 'complete' && "
        "[...document.querySelectorAll('.chart')].filter((each) => each.clientWidth > 0)"
        ".every((each) => each.dataset.state === 'drawn')"
    )
    await page.until("!document.querySelector('[data-events]') || "
                     "document.getElementById('link').textContent === 'Updates by itself.'")  # fmt: skip
    await page.run(f"document.querySelector({json.dumps(shot.start)}).scrollIntoView()")
    await asyncio.sleep(0.7)
    found = await page.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)
    (target / f"{shot.name}.png").write_bytes(base64.b64decode(found["data"]))


@contextmanager
def made_runs() -> Iterator[Path]:
    """The runs in a folder of their own, which is the folder of the process meanwhile."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="itas-pictures-") as folder:
        os.chdir(folder)
        try:
            runs = Path(folder) / "runs"
            runs.mkdir()
            make_runs(runs)
            yield runs
        finally:
            os.chdir(before)


def main() -> int:
    """Make all of them."""
    TARGET.mkdir(exist_ok=True)
    with made_runs() as runs:
        asyncio.run(photograph(runs, TARGET))
    return 0


if __name__ == "__main__":
    sys.exit(main())
