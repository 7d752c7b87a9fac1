"""The live view in a real browser: what axe finds, and names that try to be more than names."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from itas.api.holding import hold
from tests.report.browser.axe import find_violations, read_axe
from tests.report.browser.driver import open_browser
from tests.report.worlds import HOSTILE
from tests.view.conftest import KEY, make_run
from tests.view.test_browser import event, served, visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

UP_TO_DATE = "document.getElementById('link')?.textContent === 'Updates by itself.'"
NEW_ELEMENTS = (
    "main :is(img, script, style, iframe, object, embed, svg, video, math, base, meta, link, h1 + h1)"
)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing(tmp_path: Path, folder: Path, evaluated: Callable[..., str], is_dark: bool):
    axe = read_axe()
    ids = [
        await asyncio.to_thread(evaluated, name)
        for name in ("simulated/atlas-large", "simulated/atlas-small")
    ]
    running = make_run(folder, "running", journal__jsonl=event("fake/a", 1.0))
    make_run(folder, "broken", "{")
    make_run(folder, "stopped", journal__jsonl=event("fake/a", 0.5))
    pages = {
        "list": "/",
        "an evaluation": f"/runs/{ids[0]}",
        "a comparison": f"/compare?run={ids[0]}&run={ids[1]}",
        "a study that runs": "/runs/running",
        "a study that was stopped": "/runs/stopped",
        "nothing": "/runs/nothing",
    }
    async with served(folder) as here, open_browser(tmp_path) as page:
        with hold(running):
            await visit(page, f"{here}/?key={KEY}", is_dark=is_dark)
            await page.call("Page.setBypassCSP", enabled=True)  # for axe only, which no page allows
            for name, path in pages.items():
                for width in (1200, 390):
                    await visit(page, here + path, width=width, is_dark=is_dark)
                    await page.until(f"{UP_TO_DATE} || !document.querySelector('[data-events]')")
                    assert await find_violations(page, axe) == [], (name, width)


def folder_name(text: str, number: int) -> str:
    """As much of a text as the name of a folder can hold."""
    held = (
        text.replace("/", "\u2215")
        .replace("\x00", "\u2400")
        .encode("utf-8", "replace")[:180]
        .decode("utf-8", "ignore")
    )
    return f"{held}{number}"


async def test_a_hundred_hostile_names_of_folders_and_runs_are_only_names(tmp_path: Path, folder: Path):
    for number, text in enumerate(HOSTILE):
        make_run(
            folder,
            folder_name(text, number),
            {"name": text, "kind": text if number % 3 == 0 else "search", "created": text},
            journal__jsonl=event(f"fake/{text}", 0.5),
        )
    async with served(folder) as here, open_browser(tmp_path) as page:
        await visit(page, f"{here}/?key={KEY}")
        await page.until(UP_TO_DATE)
        addresses = json.loads(
            await page.run(
                "JSON.stringify([...document.querySelectorAll('tbody a')].map((each) => each.href))"
            )
        )
        shown = await page.run("document.querySelectorAll('tr[data-run]').length")
        assert shown == len(addresses)
        assert shown >= len(HOSTILE) * 0.9
        assert all(address.startswith(f"{here}/runs/") for address in addresses)
        for address in ("/", *addresses):
            await visit(page, address if address != "/" else here + address)
            assert await page.run(f"document.querySelectorAll({json.dumps(NEW_ELEMENTS)}).length") == 0, (
                address
            )
            assert await page.run("document.querySelectorAll('main').length") == 1, address
            assert await page.run("window.pwned === undefined"), address
        assert page.problems == []
        assert all(asked.startswith(here) for asked in page.asked), page.asked
