"""The user's own questions: a JSONL or CSV file, with the scorer named beside it.

Columns: ``input`` (a text, or a list of messages that ends with one of the user) and ``target``; optional
``id``, ``choices`` (a list; in CSV a JSON list or texts between bars) and ``tags`` (a mapping; in CSV JSON).
Some scorers read more columns (``tests`` for ``code``, ``rubric`` and ``baseline`` for ``judge``), and need no
target. One line of the form::

    {"input": "What is 6 times 7?", "target": "42", "tags": {"topic": "arithmetic"}}

The scorer is named by the caller, else in the first line of a JSONL file (``{"scorer": "number"}``), else in
a file beside the data: ``questions.scorer.json`` for ``questions.jsonl`` or ``questions.csv``. There is no
default: which answers are right is for the user to say. Options are added to a question with choices, and an
answer-format line (`instructions.py`) unless the question has one or ``append_instruction`` is false.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from itas.benchmarks.benchmark import Benchmark, Scorer
from itas.benchmarks.files import Row, read_csv, read_jsonl, read_text
from itas.benchmarks.instructions import options, with_instruction
from itas.benchmarks.scorers import Math, PythonFunction, Recipe, Rule, parse_any_scorer
from itas.benchmarks.scorers.choice import letter_of
from itas.benchmarks.scorers.judge import OwnJudge
from itas.benchmarks.scorers.mathematics import check_installed
from itas.core.messages import Conversation, Message, user
from itas.core.problem import Problem
from itas.core.spec import Spec, parse_as, suggest
from itas.errors import DataError, SpecError

COLUMNS = ("input", "target", "id", "choices", "tags")
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv")


class About(Spec):
    """What a header line or a scorer file says about the data."""

    scorer: str | dict[str, Any]
    append_instruction: bool = True
    metric: str | None = None
    licence: str = "the user's own"
    link: str = ""


def load_own_data(path: Path, *, scorer: str | Rule | None = None, name: str | None = None) -> Benchmark:
    """Read a data file.

    Args:
        path: ``.jsonl``, ``.ndjson``, ``.csv`` or ``.tsv``.
        scorer: A name (``exact``, ``regex:PATTERN``, ...; see docs/benchmarks.md) or a scorer; None to find it
            beside the data.
        name: Of the benchmark; the path if None.

    Raises:
        DataError: The file or a row of it is wrong; names file and line.
        SpecError: No scorer is named, or it is unknown.
    """
    rows = list(_read_rows(path))
    about, rule = _parse_header(path, rows[:1], scorer)
    if rows and _is_header(rows[0]):
        del rows[0]
    _check_scorer(rule)
    problems = tuple(_problems(path, rows, rule, append=about.append_instruction))
    if not problems:
        raise DataError(f"{path}: no problems in this file; each row needs 'input' and 'target'")
    made: Scorer = rule.make(problems, rows) if isinstance(rule, Recipe) else rule
    return Benchmark(
        name or str(path),
        problems,
        made,
        metric=about.metric or (made.metric if isinstance(made, OwnJudge) else "accuracy"),
        licence=about.licence,
        link=about.link,
        total=len(problems),
    )


def find_own_scorer(path: Path, scorer: str | Rule | None = None) -> Rule | Recipe:
    """The scorer that `load_own_data` would use, from the first row or the file beside the data alone.

    Raises:
        DataError: See `load_own_data`.
        SpecError: Likewise.
    """
    return _parse_header(path, list(islice(_read_rows(path), 1)), scorer)[1]


def _read_rows(path: Path) -> Iterator[Row]:
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path}: a data file ends in {', '.join(SUFFIXES)}, found '{path.suffix}'")
    return read_csv(path) if path.suffix in (".csv", ".tsv") else read_jsonl(path)


def _is_header(row: Row) -> bool:
    return "scorer" in row.values and "input" not in row.values


def _parse_header(path: Path, first: Sequence[Row], scorer: str | Rule | None) -> tuple[About, Rule | Recipe]:
    """What is said about the data, and the scorer: the given one before any that is named beside the data."""
    header = first[0] if first and _is_header(first[0]) else None
    about, where = _about(path, header, given=scorer)
    if isinstance(scorer, Rule):
        return about, scorer
    folder = path.parent if scorer is None else None
    return about, parse_any_scorer(scorer or about.scorer, where=where, folder=folder)


def _check_scorer(rule: Rule | Recipe) -> None:
    """What can be found out before the rows are read."""
    if isinstance(rule, Math):
        check_installed()
    elif isinstance(rule, PythonFunction):
        rule.load()


def scorer_file(path: Path) -> Path:
    """Where the scorer of a data file may be named: ``questions.scorer.json`` beside ``questions.csv``."""
    return path.with_suffix(".scorer.json")


def _about(path: Path, header: Row | None, *, given: object) -> tuple[About, str]:
    if header is not None:
        return parse_as(About, header.values, where=header.where), f"{header.where}: scorer"
    beside = scorer_file(path)
    if beside.is_file():
        try:
            data: object = json.loads(read_text(beside))
        except json.JSONDecodeError as error:
            raise DataError(f"{beside}:{error.lineno}: not JSON: {error.msg}") from None
        return parse_as(About, data, where=str(beside)), f"{beside}: scorer"
    if given is None:
        raise SpecError(
            f"{path} names no scorer, and there is no default. Give --scorer exact, number, choice, contains, math, "
            f"regex:PATTERN, or judge:provider/model where no rule knows what is right; or write "
            f'{{"scorer": "number"}} into its first line or into {beside.name}'
        )
    return About(scorer="exact"), "scorer"


def _problems(path: Path, rows: list[Row], rule: Rule | Recipe, *, append: bool) -> Iterator[Problem]:
    known: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        _check_columns(row, rule)
        problem = _problem(row, default_id=f"{path.stem}-{number:05}", rule=rule, append=append)
        if problem.id in known:
            raise DataError(
                f"{row.where}: ids must differ, found '{problem.id}' in {known[problem.id]} too. "
                "Leave 'id' out to have the rows numbered."
            )
        if isinstance(rule, Rule) and (objection := rule.objection(problem)):
            raise DataError(f"{row.where}: {objection} (scorer '{rule.type}')")
        known[problem.id] = row.where
        yield problem


def _check_columns(row: Row, rule: Rule | Recipe) -> None:
    known = (*COLUMNS, *rule.columns) if isinstance(rule, Recipe) else COLUMNS
    for name in row.values:
        if name not in known:
            raise DataError(
                f"{row.where}: unknown column '{name}'. {suggest(name, list(known))} "
                "Other things about a row belong into 'tags'."
            )
    needs_target = rule.needs_target if isinstance(rule, Recipe) else not isinstance(rule, PythonFunction)
    for name in ("input", "target") if needs_target else ("input",):
        value = row.values.get(name)
        if value is None or value in ("", []):
            raise DataError(f"{row.where}: every row needs '{name}', found {_found(row, name)}")


def _found(row: Row, name: str) -> str:
    return "an empty one" if name in row.values else f"only {', '.join(row.values) or 'nothing'}"


def _problem(row: Row, *, default_id: str, rule: Rule | Recipe, append: bool) -> Problem:
    conversation, choices = _conversation(row), _choices(row)
    target = None if row.values.get("target") in (None, "") else _text(row, "target")
    if choices:
        last = conversation[-1]
        shown = Message(role="user", content=f"{last.content}\n\n{options(choices)}")
        conversation = (*conversation[:-1], shown)
        target = None if target is None else _letter(row, target, choices)
    if append:
        conversation = with_instruction(conversation, rule.instruction)
    return Problem(
        id=_text(row, "id") if row.values.get("id") not in (None, "") else default_id,
        conversation=conversation,
        target=target,
        choices=choices,
        tags=_tags(row),
    )


def _letter(row: Row, target: str, choices: tuple[str, ...]) -> str:
    """The target as a letter, if it is the text of one option; refused where it could mean either of two."""
    letter, named = letter_of(target, choices), target.strip().upper()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices)]
    if letter is not None and named in tuple(letters) and named != letter:
        raise DataError(
            f"{row.where}: the target {target!r} is the letter of option {named} and the text of option {letter}; "
            f"give the options in another order, or other texts, so that it means one of them"
        )
    return letter or target


def _conversation(row: Row) -> Conversation:
    value: object = row.values["input"]
    if isinstance(value, str):
        return user(value)
    if isinstance(value, list):
        try:
            messages = tuple(Message.model_validate(item) for item in cast("list[object]", value))
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise DataError(
                f"{row.where}: 'input' as a list needs messages with 'role' (system, user, assistant) and "
                f"'content' (text); {place or 'one of them'}: {error.errors()[0]['msg']}"
            ) from None
        if messages[-1].role == "user":
            return messages
        raise DataError(f"{row.where}: the last message must be from the user, found {messages[-1].role}")
    raise DataError(
        f"{row.where}: 'input' must be a text or a list of messages, found {type(value).__name__}"
    )


def _choices(row: Row) -> tuple[str, ...]:
    value: object = row.values.get("choices")
    if value is None or value == "":
        return ()
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _json_or_none(value)
    elif isinstance(value, str):
        value = value.split("|")
        if len(value) > 1 and not all(map(str.strip, value)):
            raise DataError(
                f"{row.where}: 'choices' between bars has an empty option. If a bar is part of a text, or an option "
                'is meant to be empty, write a JSON list: ["a | b", "c"]'
            )
    if not isinstance(value, list) or not 2 <= len(cast("list[object]", value)) <= 26:
        raise DataError(f"{row.where}: 'choices' must be a list of 2 to 26 texts (in CSV: 'red | green')")
    return tuple(str(choice).strip() for choice in cast("list[object]", value))


def _tags(row: Row) -> dict[str, Any]:
    value: object = row.values.get("tags")
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        value = _json_or_none(value)
    if not isinstance(value, dict):
        raise DataError(f'{row.where}: \'tags\' must be a mapping such as {{"topic": "law"}}')
    return {str(key): entry for key, entry in cast("dict[object, Any]", value).items()}


def _text(row: Row, name: str) -> str:
    value: object = row.values[name]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise DataError(f"{row.where}: '{name}' must be a text or a number, found {type(value).__name__}")
    return str(value)


def _json_or_none(text: str) -> object:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
