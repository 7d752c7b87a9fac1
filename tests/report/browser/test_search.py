"""Pages in a real browser. Skipped, with the reason, where there is none."""

from pathlib import Path

import pytest

from itas.report import About, render_search_report
from tests.report.browser.driver import open_browser
from tests.report.worlds import Run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DRAWN = """[...document.querySelectorAll(".chart")].filter((chart) => chart.clientWidth > 0)
    .every((chart) => chart.dataset.state === "drawn")"""

FOREIGN = """document.querySelectorAll(
    "img, iframe, object, embed, link, base, form:not(.vega-bindings)").length"""


@pytest.mark.parametrize("width, is_dark", [(1200, False), (390, True)], ids=["desk, light", "phone, dark"])
async def test_the_page_draws_its_charts_without_an_error_or_a_request(
    run: Run, about: About, tmp_path: Path, width: int, is_dark: bool
):
    file = tmp_path / "report.html"
    file.write_text(render_search_report(run.result, about=about, journal=run.journal), "utf-8")
    async with open_browser(tmp_path) as page:
        await page.open(file, width=width, is_dark=is_dark)
        await page.until(DRAWN)
        await page.run("document.getElementById('by-price').click()")
        await page.until(DRAWN)
        assert await page.run("document.querySelectorAll('.chart svg').length") == 8
        assert await page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.problems == []
        assert {address for address in page.asked if address != file.as_uri()} == set()


async def test_what_the_pointer_is_on_is_told(run: Run, about: About, tmp_path: Path):
    file = tmp_path / "report.html"
    file.write_text(render_search_report(run.result, about=about, journal=run.journal), "utf-8")
    async with open_browser(tmp_path) as page:
        await page.open(file)
        await page.until(DRAWN)
        x, y = await page.run(
            """(() => {
              const mark = document.querySelector("#panel-samples .role-mark path[aria-roledescription]");
              mark.scrollIntoView({ block: "center" });
              const box = mark.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            })()"""
        )
        for offset in (6, 0):
            await page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + offset, y=y)
        await page.until("!document.getElementById('tip').hidden")
        assert "Architecture" in await page.run("document.getElementById('tip').innerText")
        assert page.problems == []


async def test_hostile_text_does_nothing_in_a_browser(hostile_pages: list[str], tmp_path: Path):
    async with open_browser(tmp_path) as page:
        for number, html in enumerate(hostile_pages):
            file = tmp_path / f"{number}.html"
            file.write_text(html, "utf-8")
            await page.open(file)
            await page.until(DRAWN)
            assert await page.run("window.pwned === undefined")
            assert await page.run(FOREIGN) == 0
            assert page.problems == []
        ours = {(tmp_path / f"{number}.html").as_uri() for number in range(len(hostile_pages))}
        assert set(page.asked) <= ours
