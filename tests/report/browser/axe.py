"""The rules of axe, run in a page. `make test-browser` fetches them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.report.browser.driver import Page

_RUN = """axe.run(document, { resultTypes: ["violations"] }).then((result) => JSON.stringify(
    result.violations.map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 160))])))"""


def read_axe() -> str:
    """Its program; skips the test where it was not fetched, fails in CI."""
    rules = os.environ.get("AXE_RULES")
    if rules is None:
        reason = "axe-core is not here; run `make test-browser`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(rules).read_text("utf-8")


async def find_violations(page: Page, axe: str) -> Any:
    """What it finds in the page as it stands, every fold open."""
    await page.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    await page.run(f"{axe}; 0")
    return json.loads(await page.run(_RUN))
