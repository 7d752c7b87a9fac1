"""Read Markdown: its fenced blocks with what is said about them, its links, its headings.

The first line of a block names its language and, after that, what the tests should know:

    ```yaml file=team.yaml          written to that file first, for the blocks below
    ```yaml part: a layer           a piece of a file; it is only read as YAML
    ```console exit=2               the command ends with that code
    ```console norun: needs a key   not run, and why
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        path: Of the page.
        line: Where its text begins.
        language: First word behind the fence.
        file: Name under which it is written down, if any.
        exit_code: Of its commands.
        reason: Why it is not run, or of what it is a part; empty otherwise.
        text: Without the fences.
    """

    path: Path
    line: int
    language: str
    file: str
    exit_code: int
    reason: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.path.name}:{self.line}"


def find_blocks(path: Path) -> list[Block]:
    """Every fenced block of a page.

    Raises:
        ValueError: A fence opens nothing that is closed, or the mark behind it is unknown.
    """
    text = path.read_text(encoding="utf-8")
    if "```" in _FENCE.sub("", text):
        raise ValueError(f"{path.name}: a fence without its other end, or with a backtick behind it")
    return list(_blocks(path, text))


def _blocks(path: Path, text: str) -> Iterator[Block]:
    for found in _FENCE.finditer(text):
        language, _, about = found["info"].strip().partition(" ")
        said, _, reason = about.partition(":")
        words = said.split()
        if reason and words[-1] not in ("norun", "part"):
            raise ValueError(f"{path.name}: unknown mark '{words[-1]}:' of a block; norun or part")
        named = dict(word.split("=", 1) for word in words if "=" in word)
        line = text.count("\n", 0, found.start()) + 2
        yield Block(
            path,
            line,
            language,
            named.get("file", ""),
            int(named.get("exit", 0)),
            reason.strip(),
            found["text"],
        )


def find_links(path: Path) -> list[str]:
    """Targets of the links of a page that lead to files or headings, outside blocks."""
    prose = _FENCE.sub("", path.read_text(encoding="utf-8"))
    targets = (found["target"] for found in _LINK.finditer(prose))
    return [target for target in targets if "://" not in target and not target.startswith("mailto:")]


def find_anchors(path: Path) -> set[str]:
    """What may stand behind the ``#`` of a link to the page, as GitHub makes it."""
    prose = _FENCE.sub("", path.read_text(encoding="utf-8"))
    return {_anchor(found["text"]) for found in _HEADING.finditer(prose)}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def find_commands(block: Block) -> list[tuple[str, list[str]]]:
    """The commands of a block with the lines of output that follow them.

    In a ``console`` block commands begin with ``$``, everything else is output; in a ``sh`` block every line
    is a command.
    """
    text = block.text.replace("\\\n", " ")
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if block.language == "console" and not line.startswith("$ "):
            if found:
                found[-1][1].append(line)
        elif line.strip() and not line.lstrip().startswith("#"):
            found.append((line.removeprefix("$ ").strip(), []))
    return found
