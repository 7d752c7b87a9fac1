"""Make docs/images/*.png: the live view and the pages of a search, as a browser shows them. Simulated models only.

    .venv/bin/python -m docs.make_screenshots

It needs Chromium. The pictures are small on purpose (below 150 KB each, below 1 MB in all; a test looks).
"""

import asyncio
import base64
import os
import sys
import tempfile
from pathlib import Path

from itas.api.viewing import RunFolder
from itas.cli.main import main as itas
from itas.view.app import View, make_app
from itas.view.process import bind, run_server
from tests.report.browser.driver import Page, open_browser

TARGET = Path(__file__).parent / "images"
KEY = "key"
SEARCH = (
    "search", "small", "--on", "itas/word-problems", "--limit", "200", "-m", "simulated/atlas-large",
    "-m", "simulated/euler-large", "--dev", "40", "--held-out", "80", "--max-trials", "8", "--quiet",
)  # fmt: skip
EVALUATE = ("evaluate", "--on", "itas/word-problems", "--limit", "60", "--quiet")


def make_runs() -> str:
    """A finished search, two evaluations, and a search that is under way (its journal, cut off in the middle)."""
    itas([*SEARCH])
    itas([*EVALUATE, "simulated/euler-large"])
    itas([*EVALUATE, "simulated/atlas-large"])
    done = next(each for each in Path("runs").iterdir() if (each / "outcome.json").exists())
    half = done.with_name(f"{done.name[:15]}-running-0000")
    half.mkdir()
    for name in ("manifest.json", "study.json"):
        (half / name).write_bytes((done / name).read_bytes())
    lines = (done / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (half / "journal.jsonl").write_bytes(b"".join(lines[: len(lines) // 3]))
    return done.name


async def photograph(done: str, folder: Path) -> None:
    """Open the pages and keep what they look like."""
    from itas.api.holding import hold

    listener = bind("127.0.0.1", 0)
    view = View(RunFolder(folder))
    app = make_app(view, port=listener.getsockname()[1], key=KEY)
    server = asyncio.create_task(run_server(app, listener, view))
    here = f"http://127.0.0.1:{listener.getsockname()[1]}"
    half = f"{done[:15]}-running-0000"
    with hold(folder / half), tempfile.TemporaryDirectory() as profile:
        async with open_browser(Path(profile)) as page:
            for domain in ("Page", "Runtime"):
                await page.call(f"{domain}.enable")
            await shoot(page, f"{here}/?key={KEY}", "view-list", height=640)
            await shoot(page, f"{here}/runs/{half}", "view-run", height=700)
            await shoot(page, f"{here}/runs/{done}/reports/search", "report", height=900)
            await shoot(page, f"{here}/runs/{half}", "view-phone", width=390, height=700)
    view.is_ending = True
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)


async def shoot(page: Page, address: str, name: str, *, width: int = 1000, height: int) -> None:
    """One page, once its charts are drawn, as far as it fits into the window."""
    await page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=width < 600,
    )
    await page.call("Page.navigate", url=address)
    await page.until(
        "document.readyState === 'complete' && location.href !== 'about:blank' && "
        "[...document.querySelectorAll('.chart')].slice(0, 1).every((each) => each.dataset.state === 'drawn')"
    )
    await asyncio.sleep(1)
    found = await page.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)
    TARGET.mkdir(exist_ok=True)
    (TARGET / f"{name}.png").write_bytes(base64.b64decode(found["data"]))


def main() -> int:
    """Make all of them, in a folder of their own."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            asyncio.run(photograph(make_runs(), Path("runs").resolve()))
        finally:
            os.chdir(before)
    return 0


if __name__ == "__main__":
    sys.exit(main())
