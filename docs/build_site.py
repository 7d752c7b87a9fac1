"""Build the site out of docs/: `make docs`.

The pages are Markdown as GitHub shows it. What stands behind the language of a block is for the tests, and means
nothing to a site, so it is left out in the copy that is built. Links to files outside of docs/ become links to the
repository's page of that file where an address is given, and plain text otherwise.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
BUILD = ROOT / "build" / "docs"
_FENCE = re.compile(r"^(```+)([\w-]+) [^\n`]*$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(((?:\.\./)+[^)\s]+)\)")


def prepare() -> None:
    """Copy pages, pictures and settings to the build folder."""
    shutil.rmtree(BUILD, ignore_errors=True)
    for path in sorted(DOCS.rglob("*")):
        target = BUILD / "docs" / path.relative_to(DOCS)
        if path.suffix == ".md":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(rewrite(path.read_text(encoding="utf-8"), path), encoding="utf-8")
        elif path.suffix == ".png":
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copyfile(DOCS / "site.toml", BUILD / "zensical.toml")


def rewrite(text: str, page: Path) -> str:
    """A page as the site wants it."""

    def link(found: re.Match[str]) -> str:
        target = (page.parent / found[2].partition("#")[0]).resolve()
        return found[0] if target.is_relative_to(DOCS) else found[1]

    return _LINK.sub(link, _FENCE.sub(r"\1\2", text))


def main() -> int:
    """Build; warnings are errors."""
    prepare()
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    built = subprocess.run(command, cwd=BUILD, env={**os.environ, "NO_COLOR": "1"}, check=False)
    if built.returncode == 0:
        sys.stdout.write(f"{BUILD / 'site' / 'index.html'}\n")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
