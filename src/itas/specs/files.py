"""Read a description from a file or from standard input, whichever of YAML and JSON it is in."""

import sys
from pathlib import Path

from itas.errors import SpecError
from itas.specs.json import parse_json
from itas.specs.limits import MAX_BYTES, check_size
from itas.specs.yaml import parse_yaml


def load_data(path: Path | str) -> object:
    """Read a file as YAML, or as JSON if its name ends in ``.json``; ``-`` is standard input.

    Raises:
        SpecError: The file cannot be read, is not UTF-8, too large, or not what it should be.
    """
    text, where = load_text(path)
    if where.endswith(".json"):
        return parse_json(text, where=where)
    return parse_data(text, where=where)


def parse_data(text: str, *, where: str = "") -> object:
    """Read text that is YAML or JSON.

    JSON that may be indented by tabs is not YAML, so what starts like JSON and is not YAML is read as JSON.
    """
    try:
        return parse_yaml(text, where=where)
    except SpecError:
        if not text.lstrip().startswith("{") or "\t" not in text:
            raise
    return parse_json(text, where=where)


def load_text(path: Path | str) -> tuple[str, str]:
    """The text of a file and its name for messages; ``-`` is standard input.

    Raises:
        SpecError: It cannot be read, is not UTF-8, or is larger than `MAX_BYTES`.
    """
    where = "standard input" if str(path) == "-" else str(path)
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise SpecError("no such file. Check the name and the folder.", path=where) from None
    except IsADirectoryError:
        raise SpecError("this is a folder. Name a file in it.", path=where) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SpecError(f"cannot be read: {reason}.", path=where) from None
    check_size(len(data), where=where)
    try:
        return data.decode("utf-8-sig"), where
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SpecError("not UTF-8 text. Save it as UTF-8.", path=f"{where}:{line}") from None
