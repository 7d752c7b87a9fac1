"""The pages in a real browser: nothing from outside, no error, readable on a phone, up to date without a click."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from itas.api.viewing import RunFolder
from itas.view.app import View, make_app
from itas.view.process import bind, run_server
from tests.report.browser.driver import Page, open_browser
from tests.view.conftest import KEY, make_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

HOSTILE = "</td><script>window.ran=1</script><img src=x onerror=window.ran=1>"


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """The view in this process, at any free port."""
    listener: socket.socket = bind("127.0.0.1", 0)
    view = View(RunFolder(folder), look_s=0.1)
    app = make_app(view, port=listener.getsockname()[1], key=KEY)
    server = asyncio.create_task(run_server(app, listener, view))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        view.is_ending = True
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
        listener.close()


async def visit(page: Page, address: str, *, width: int = 1200, is_dark: bool = False) -> None:
    for domain in ("Page", "Runtime", "Log", "Network"):
        await page.call(f"{domain}.enable")
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    await page.call("Emulation.setEmulatedMedia", media="", features=[scheme])
    await page.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
    )
    await page.call("Page.navigate", url=address)
    await page.until("document.readyState === 'complete' && location.href !== 'about:blank'")


def event(model: str, mean: float) -> str:
    observed = [{"problem_id": "p", "outcome": {"value": mean}, "samples_paid": 3, "paid_micro_usd": 10}]
    about = {
        "event": "ranked",
        "at": "2026-11-24T10:00:00",
        "of": "generators",
        "model": model,
        "state": "done",
    }
    return json.dumps(about | {"observations": observed}) + "\n"


async def test_pages_are_drawn_from_here_alone_and_update_by_themselves(
    tmp_path: Path, folder: Path, evaluated: Callable[..., str]
):
    id = await asyncio.to_thread(evaluated)
    run = make_run(folder, "study-1", {"name": HOSTILE}, journal__jsonl=event("fake/a", 1.0))
    async with served(folder) as here, open_browser(tmp_path) as page:
        await visit(page, f"{here}/?key={KEY}")
        await page.until("document.getElementById('link')?.textContent === 'Updates by itself.'")
        assert await page.run("document.querySelectorAll('tr[data-run]').length") == 2
        for path, width, is_dark in (
            ("/", 360, True),
            (f"/runs/{id}", 360, False),
            ("/runs/study-1", 1200, False),
        ):
            await visit(page, here + path, width=width, is_dark=is_dark)
            await page.until("document.getElementById('link')?.textContent === 'Updates by itself.'")
            assert await page.run("document.documentElement.scrollWidth <= window.innerWidth"), path
        with (run / "journal.jsonl").open("a") as journal:
            journal.write(event(f"fake/{HOSTILE}", 0.5))
        await page.until("document.querySelector('#rows tbody').rows.length === 2")
        assert await page.run("document.querySelector('#rows td:nth-child(4)').textContent") == "50.0"
        assert await page.run("document.querySelectorAll('main script, main img').length") == 0
        assert await page.run("window.ran") is None
        assert all(address.startswith(here) for address in page.asked), page.asked
        assert page.problems == []


async def test_a_button_works_from_the_keyboard(tmp_path: Path, folder: Path, evaluated: Callable[..., str]):
    ids = [
        await asyncio.to_thread(evaluated, name)
        for name in ("simulated/atlas-large", "simulated/atlas-small")
    ]
    async with served(folder) as here, open_browser(tmp_path) as page:
        await visit(page, f"{here}/?key={KEY}")
        for id in ids:
            await page.run(f"document.querySelector('input[value=\"{id}\"]').focus()")
            for kind in ("keyDown", "keyUp"):
                await page.call("Input.dispatchKeyEvent", type=kind, key=" ", code="Space", text=" ")
        assert await page.run("document.querySelectorAll('input:checked').length") == 2
        await page.run("document.querySelector('button.press').focus()")
        await page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r",
                        windowsVirtualKeyCode=13)  # fmt: skip
        await page.until("location.pathname === '/compare' && document.readyState === 'complete'")
        assert "95 % interval" in await page.run("document.body.textContent")
        await visit(page, f"{here}/runs/{ids[0]}/reports/evaluation")
        await page.until("document.querySelectorAll('.chart[data-state=drawn]').length > 0")
        assert all(address.startswith(here) for address in page.asked), page.asked
        assert page.problems == []


@pytest.mark.parametrize("path", ["/runs/study-1/stop", "/runs/study-1/resume"])
async def test_a_page_of_somebody_else_cannot_press_a_button(tmp_path: Path, folder: Path, path: str):
    make_run(folder, "study-1")
    async with served(folder) as here, open_browser(tmp_path) as page:
        await visit(page, f"{here}/?key={KEY}")
        other = tmp_path / "other.html"
        other.write_text(f"<form method=post action={here}{path}><input name=token value=x></form>")
        await visit(page, other.as_uri())
        await page.run("document.forms[0].submit()")
        await page.until(f"location.href === '{here}{path}'")
        assert "on the pages of this view only" in await page.run("document.body.textContent")
