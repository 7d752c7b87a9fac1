"""Read the rows of data files, with errors that name file and line."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from itas.errors import DataError

_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its place, ``file:line``."""

    where: str
    values: dict[str, Any]


def read_text(path: Path) -> str:
    """The text of a file (``.gz`` is unpacked), without a byte order mark.

    Raises:
        DataError: The file is missing, unreadable, empty or not UTF-8.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(f"{path}: not a gzip file, or only a part of one") from None
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if not data.strip():
        raise DataError(f"{path}: the file is empty; a data set needs at least one problem")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: must be UTF-8, found UTF-16. Save it as 'UTF-8' or 'CSV UTF-8'.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}:{line}: must be UTF-8, found the byte 0x{data[error.start]:02x}. "
            "Save it as 'UTF-8' or 'CSV UTF-8'."
        ) from None


def read_jsonl(path: Path) -> Iterator[Row]:
    """The objects of a JSONL file; blank lines are skipped.

    Raises:
        DataError: See `read_text`; or a line is not a JSON object.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            value: object = json.loads(line)
        except json.JSONDecodeError as error:
            hint = " The file looks like one JSON list: write one object a line." if line[0] == "[" else ""
            raise DataError(
                f"{where}: must be one JSON object, {error.msg} at character {error.pos}.{hint}"
            ) from None
        except (RecursionError, ValueError):
            raise DataError(f"{where}: must be one JSON object, found one too deep or too long") from None
        if not isinstance(value, dict):
            raise DataError(
                f"{where}: must be one JSON object, found {type(value).__name__}. Write one object a line."
            )
        yield Row(where, cast("dict[str, Any]", value))


def read_csv(path: Path) -> Iterator[Row]:
    """The rows of a CSV file by its header; commas, semicolons, tabs or bars may separate.

    Raises:
        DataError: See `read_text`; or a row does not fit the header.
    """
    text = read_text(path)
    rows = _csv_rows(path, text, delimiter=_delimiter(text))
    _, header = next(rows)
    names = [name.strip() for name in header]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"{path}:1: each column has a name of its own, found '{doubled[0]}' twice")
    for where, values in rows:
        if len(values) != len(names):
            raise DataError(
                f"{where}: {len(names)} columns in the header, {len(values)} in this row. "
                "Put quotes around values that contain the separator or a line break."
            )
        yield Row(where, dict(zip(names, values, strict=True)))


def read_plain_csv(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The rows of a CSV file without a header, comma-separated, each with its place."""
    return _csv_rows(path, read_text(path), delimiter=",")


def _csv_rows(path: Path, text: str, *, delimiter: str) -> Iterator[tuple[str, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield f"{path}:{start}", values
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}:{start}: not a CSV row: {error}. A JSONL file has no such limits.") from None


def _delimiter(text: str) -> str:
    """What separates the names in the header: the most frequent of the known ones outside quotes."""
    header = "".join(text.lstrip().partition("\n")[0].split('"')[::2])
    return max(_DELIMITERS, key=header.count)
