"""The pictures in the docs are what the pages look like: made again, and compared pixel by pixel."""

import asyncio
import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from docs.make_screenshots import SHOTS, TARGET, made_runs, photograph
from tests.report.browser.driver import Page, find_chromium, open_browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

FONT = "DejaVuSans.ttf"
MOST_CHANGED = 0.005
"""Share of pixels that may look different: another version of the browser draws some edges a little otherwise."""

COMPARE = """async (before, after) => {
  const read = async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await read(before), await read(after)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let changed = 0;
  for (let place = 0; place < a.data.length; place += 4) {
    const apart = [0, 1, 2].some((part) => Math.abs(a.data[place + part] - b.data[place + part]) > 24);
    if (apart) changed += 1;
  }
  return changed / (a.data.length / 4);
}"""


async def changed_share(page: Page, before: Path, after: Path) -> float:
    """Share of pixels that look different; 1 where the sizes differ."""
    data = [json.dumps(base64.b64encode(each.read_bytes()).decode()) for each in (before, after)]
    return await page.run(f"({COMPARE})({data[0]}, {data[1]})")


def find_font() -> str:
    """File of the font that this system gives to pages that ask for its own."""
    if shutil.which("fc-match") is None:
        return "unknown"
    found = subprocess.run(
        ["fc-match", "--format=%{file}", "system-ui"], capture_output=True, text=True, check=False
    )
    return Path(found.stdout.strip()).name


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them, made now."""
    find_chromium()
    if find_font() != FONT:
        pytest.skip(f"the pictures are made with {FONT} (Debian: fonts-dejavu-core), found {find_font()}")
    folder = tmp_path_factory.mktemp("pictures")
    with made_runs() as runs:
        asyncio.run(photograph(runs, folder))
    return folder


@pytest.mark.parametrize("name", [shot.name for shot in SHOTS])
async def test_the_picture_in_the_docs_is_what_the_page_looks_like(name: str, pictures: Path, tmp_path: Path):
    async with open_browser(tmp_path) as page:
        await page.call("Runtime.enable")
        changed = await changed_share(page, TARGET / f"{name}.png", pictures / f"{name}.png")
    assert changed <= MOST_CHANGED, (
        f"{100 * changed:.2f} % of the pixels changed; look at {pictures / name}.png, and if it is right: "
        ".venv/bin/python -m docs.make_screenshots"
    )


async def test_a_changed_word_is_seen(pictures: Path, tmp_path: Path):
    file = tmp_path / "page.html"
    shots: list[Path] = []
    async with open_browser(tmp_path) as page:
        for number, word in enumerate(("better", "better", "tied")):
            file.write_text(
                f"<body style='font: 40px system-ui'>{word} than one call of a model</body>", "utf-8"
            )
            await page.open(file, width=600)
            shots.append(tmp_path / f"{number}.png")
            await page.screenshot(shots[-1])
        assert await changed_share(page, shots[0], shots[1]) == 0.0
        assert await changed_share(page, shots[0], shots[2]) > MOST_CHANGED
