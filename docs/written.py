"""A page that is written from the program: written, or compared with what stands there."""

import sys
from collections.abc import Sequence
from pathlib import Path


def write_or_check(target: Path, text: str, arguments: Sequence[str], *, script: str) -> int:
    """Write a page; with ``--check`` only say whether it is up to date. Gives the exit code."""
    if "--check" not in arguments:
        target.write_text(text, encoding="utf-8")
        return 0
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{target.name} is out of date. Run: .venv/bin/python docs/{script}\n")
    return 1
