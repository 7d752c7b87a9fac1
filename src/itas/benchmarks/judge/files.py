"""The official files around judged benchmarks: recorded answers in, plain or gzipped; names of files out."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from itas.errors import DataError, SpecError

MOST_BYTES = 512 * 1024 * 1024


def read_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON list or of JSONL, each with its place; ``.gz`` is unpacked.

    Raises:
        DataError: The file is missing, damaged, or not of the form.
    """
    text = _read(path)
    if text.lstrip().startswith("["):
        try:
            values: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: not JSON: {error}") from None
        items: list[tuple[str, object]] = [
            (f"{path}: item {number}", value) for number, value in enumerate(cast("list[object]", values), 1)
        ]
    else:
        items = []
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                try:
                    items.append((f"{path}:{number}", json.loads(line)))
                except (ValueError, RecursionError) as error:
                    raise DataError(f"{path}:{number}: must be one JSON object: {error}") from None
    for where, value in items:
        if not isinstance(value, dict):
            raise DataError(f"{where}: must be a JSON object, found {type(value).__name__}")
        yield where, cast("dict[str, Any]", value)


def read_mapping(path: Path) -> dict[str, Any]:
    """A file that is one JSON object.

    Raises:
        DataError: It is missing or something else.
    """
    try:
        value: object = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}: must be one JSON object, found {type(value).__name__}")
    return cast("dict[str, Any]", value)


def load_turns(path: Path) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Answers in FastChat's form (``choices[0].turns``) or Arena-Hard's (``messages``): the name of the model, and
    the answers of each question by its id.

    Raises:
        DataError: A line has neither.
    """
    found: dict[str, tuple[str, ...]] = {}
    name = path.name.partition(".jsonl")[0]
    for where, row in read_objects(path):
        id_ = str(row.get("question_id", row.get("uid", "")))
        turns = _turns(row)
        if not id_ or not turns:
            raise DataError(f"{where}: needs 'question_id' and 'choices', or 'uid' and 'messages'")
        found[id_] = turns
        name = str(row.get("model_id", row.get("model", name)))
    return name, found


def find_file(folder: Path, *names: str) -> Path | None:
    """The first of several files that is there, plain or gzipped."""
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def find_baseline(folder: Path, baseline: str, kinds: Sequence[str], suffix: str) -> Path:
    """The file with the answers of a baseline: a path, or a name in one of the folders of answers.

    Raises:
        SpecError: There is no such file; names those that are there.
    """
    given = Path(baseline)
    if given.is_file():
        return given
    found = find_file(folder, *(f"{kind}/{baseline}{suffix}" for kind in kinds))
    if found is not None:
        return found
    names = sorted(
        {path.name.partition(suffix)[0] for kind in kinds for path in (folder / kind).glob(f"*{suffix}*")}
    )
    there = f"There: {', '.join(names)}." if names else f"There are none in {folder}."
    raise SpecError(
        f"no recorded answers of '{baseline}'. {there} Or give the path of a file.", path="baseline"
    )


def read_texts(value: object) -> tuple[str, ...]:
    """A list of texts; empty for everything else."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    texts = tuple(item for item in items if isinstance(item, str))
    return texts if len(texts) == len(items) else ()


def file_name(name: str) -> str:
    """A name as part of a path: letters, digits, dots, dashes; nothing that leads anywhere else."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "unnamed"


def to_jsonl(rows: Sequence[Mapping[str, Any]]) -> str:
    """One object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _turns(row: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        if "choices" in row:
            return tuple(_text(turn) for turn in row["choices"][0]["turns"])
        return tuple(_text(each["content"]) for each in row["messages"] if each["role"] == "assistant")
    except (LookupError, TypeError):
        return ()


def _text(value: object) -> str:
    """A text, or Arena-Hard's and its predecessors' ``{"answer": text}`` and ``{"content": text}``."""
    if isinstance(value, dict):
        inside = cast("dict[str, object]", value)
        value = inside.get("answer", inside.get("content"))
    if not isinstance(value, str):
        raise TypeError
    return value


def _read(path: Path) -> str:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                data = file.read(MOST_BYTES + 1)
        else:
            data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if len(data) > MOST_BYTES:
        raise DataError(f"{path}: larger than {MOST_BYTES // 2**20} MiB unpacked")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: must be UTF-8") from None
