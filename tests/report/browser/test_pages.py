"""Every kind of page in a real browser: nothing in the console, nothing asked for, charts, filters, keyboard, axe."""

import json
from pathlib import Path

import pytest

from tests.report.browser.axe import find_violations, read_axe
from tests.report.browser.conftest import KINDS
from tests.report.browser.driver import Page, open_browser
from tests.report.browser.test_search import DRAWN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LOOKS = [(1200, False), (1200, True), (390, False), (390, True)]
CHARTS = {"search": 8, "evaluation": 5, "single": 3, "trace": 1}

MARKS = """[...document.querySelectorAll(".chart")].filter((chart) => chart.clientWidth > 0)
    .map((chart) => chart.querySelectorAll("svg .role-mark path").length)"""


@pytest.mark.parametrize("kind", KINDS)
async def test_it_opens_without_an_error_or_a_request_and_draws_its_charts(
    pages: dict[str, Path], kind: str, tmp_path: Path
):
    async with open_browser(tmp_path) as page:
        for width, is_dark in LOOKS:
            await page.open(pages[kind], width=width, is_dark=is_dark)
            await page.until(DRAWN)
            assert await page.run("document.querySelectorAll('.chart').length") == CHARTS[kind]
            drawn = await page.run(MARKS)
            assert drawn
            assert all(drawn)
            assert await page.run(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        assert page.problems == []
        assert set(page.asked) == {pages[kind].as_uri()}
        assert await page.run("document.querySelectorAll('figure').length") <= await page.run(
            "document.querySelectorAll('details').length"
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing(pages: dict[str, Path], kind: str, is_dark: bool, tmp_path: Path):
    axe = read_axe()
    async with open_browser(tmp_path) as page:
        await page.call("Page.enable")
        await page.call("Page.setBypassCSP", enabled=True)  # for axe only, which no page allows
        await page.open(pages[kind], is_dark=is_dark)
        await page.until(DRAWN)
        assert await find_violations(page, axe) == []


async def test_the_pointer_on_a_call_shows_what_it_took(pages: dict[str, Path], tmp_path: Path):
    async with open_browser(tmp_path) as page:
        await page.open(pages["trace"])
        await page.until(DRAWN)
        await _point_at(page, ".chart .mark-rect.role-mark path")
        assert "Call" in await page.run("document.getElementById('tip').innerText")
        await _press(page, "Escape")
        assert await page.run("document.getElementById('tip').hidden")


@pytest.mark.parametrize("kind", ["search", "evaluation"])
async def test_the_pointer_on_a_mark_shows_the_architecture(
    pages: dict[str, Path], kind: str, tmp_path: Path
):
    async with open_browser(tmp_path) as page:
        await page.open(pages[kind])
        await page.until(DRAWN)
        await _point_at(page, ".chart .mark-symbol.role-mark path[aria-roledescription]")
        assert "Architecture" in await page.run("document.getElementById('tip').innerText")


async def test_the_words_of_the_answer_appear_when_they_are_asked_for(pages: dict[str, Path], tmp_path: Path):
    shown = "[...document.querySelectorAll('.said ins')].filter((each) => each.offsetParent !== null).length"
    async with open_browser(tmp_path) as page:
        await page.open(pages["trace"])
        assert await page.run(shown) == 0
        await page.run("document.getElementById('show-there').focus()")
        await _press(page, " ")
        assert await page.run(shown) > 0


async def test_problems_can_be_filtered_searched_sorted_and_paged(pages: dict[str, Path], tmp_path: Path):
    status = "document.getElementById('grid-status').textContent"
    async with open_browser(tmp_path) as page:
        await page.open(pages["evaluation"])
        assert await page.run(status) == "1 to 25 of 120"
        first = await page.run(
            "[...document.querySelectorAll('#grid tbody tr')].map((row) => row.innerText).slice(0, 3)"
        )
        assert all("\u2713 right" in row and "\u2717 wrong" in row for row in first)  # flips first
        await _choose(page, "grid-filter", "better:0:1")
        rows = await page.run(
            "[...document.querySelectorAll('#grid tbody tr')].map((row) => [...row.querySelectorAll('td')]"
            ".slice(0, 2).map((cell) => cell.className).join())"
        )
        assert set(rows) == {"right,wrong"}
        await _choose(page, "grid-filter", "unscored")
        assert "6 found among 120" in await page.run(status)
        await _choose(page, "grid-filter", "all")
        await page.run("document.getElementById('grid-next').click()")
        assert await page.run(status) == "26 to 50 of 120"
        await page.run("document.getElementById('grid-words').focus()")
        await page.call("Input.insertText", text="00007")
        await page.until(f"{status} === '1 to 1 of 1 found among 120'")
        await page.run("document.querySelector('#grid details').open = true")
        await page.until("document.querySelectorAll('#grid .said').length === 3")
        assert page.problems == []


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_can_be_reached_with_the_keyboard(pages: dict[str, Path], kind: str, tmp_path: Path):
    async with open_browser(tmp_path) as page:
        await page.open(pages[kind])
        await page.until(DRAWN)
        await _press(page, "Tab")
        assert await page.run("document.activeElement.className") == "skip"
        wanted = await page.run(
            """document.querySelectorAll(
                "main :is(summary, button:not([hidden]), select, input, [tabindex='0'])").length"""
        )
        reached: set[int] = set()
        for _ in range(min(wanted, 60)):
            await _press(page, "Tab")
            reached.add(await page.run("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        assert len(reached) >= min(wanted, 60) * 0.6
        await page.run("document.querySelector('main summary').focus()")
        await _press(page, "Enter")
        assert await page.run("document.querySelector('main summary').parentElement.open")


async def test_on_paper_nothing_is_cut_off(pages: dict[str, Path], tmp_path: Path):
    async with open_browser(tmp_path) as page:
        for file in pages.values():
            await page.open(file, width=800)
            await page.until(DRAWN)
            made = await page.call("Page.printToPDF", printBackground=True)
            assert len(made["data"]) > 20_000
            await page.call("Emulation.setEmulatedMedia", media="print", features=[])
            hidden = """[...document.querySelectorAll(".filters, .skip, #tip")]
                .every((each) => getComputedStyle(each).display === "none")"""
            assert await page.run(hidden)


async def _point_at(page: Page, selector: str) -> None:
    x, y = await page.run(
        f"""(() => {{
          const mark = document.querySelector({json.dumps(selector)});
          mark.scrollIntoView({{ block: "center" }});
          const box = mark.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }})()"""
    )
    for offset in (3, 0):
        await page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + offset, y=y)
    await page.until("!document.getElementById('tip').hidden")


async def _press(page: Page, key: str) -> None:
    codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
    text = {"Enter": "\r", " ": " "}.get(key, "")
    name = {" ": "Space"}.get(key, key)
    shared = {"key": key, "code": name, "windowsVirtualKeyCode": codes[key]}
    await page.call("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
    await page.call("Input.dispatchKeyEvent", type="keyUp", **shared)


async def _choose(page: Page, id: str, value: str) -> None:
    await page.run(
        f"""(() => {{
          const place = document.getElementById({json.dumps(id)});
          place.value = {json.dumps(value)};
          place.dispatchEvent(new Event("change"));
        }})()"""
    )
