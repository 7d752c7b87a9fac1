"""Read and write YAML that people wrote, by the rules of YAML 1.2 and without its dangerous parts.

The text is read as a stream of events and built here, with a stack of our own: no constructors, no
aliases (a few hundred bytes of them stand for millions of values), no tags, no recursion.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from itas.errors import SpecError
from itas.specs.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    check_encodable,
    check_size,
    error_at,
    shown,
    too_deep,
)

# The core schema of YAML 1.2: `no`, `on`, 12:30:45 and dates are text, 010 is ten.
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def parse_yaml(text: str, *, where: str = "") -> object:
    """Read one YAML document; names are always text.

    Args:
        text: At most `MAX_BYTES` in UTF-8, at most `MAX_DEPTH` levels deep.
        where: Name of the file, for messages.

    Raises:
        SpecError: Naming the file and the line: bad syntax, a name given twice, an alias, anchor, tag or
            merge, a name that is not text, a number that is not finite, an empty or second document.
    """
    check_encodable(text, where=where)
    check_size(len(text.encode("utf-8")), where=where)
    found = _NOT_PRINTABLE.search(text)
    if found:
        message = (
            f"character U+{ord(found[0]):04X} is not allowed in YAML. Remove it, or write it as an escape."
        )
        raise error_at(where, text.count("\n", 0, found.start()) + 1, message)
    builder = _Builder(where)
    for event in _events(text, where):
        builder.add(event)
    return builder.result()


def dump_yaml(data: object) -> str:
    """Write plain values (mappings, lists, text, numbers, booleans, None) in block style.

    Names keep their order and nothing is abbreviated by aliases. `parse_yaml` gives back equal values.
    """
    return yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=100,
    )


def _events(text: str, where: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise error_at(where, _line(error, text), _syntax(error)) from None
    except yaml.YAMLError as error:
        raise SpecError(f"not valid YAML: {error}.", path=where) from None


def _line(error: yaml.MarkedYAMLError, text: str) -> int:
    """Where to look: where the parser got stuck, or where that began if it read on to the end."""
    last = text.rstrip("\n").count("\n")
    mark = error.problem_mark
    is_at_end = mark is not None and (mark.line > last or "end of stream" in str(error.problem))
    if mark is None or (is_at_end and error.context_mark is not None):
        mark = error.context_mark
    return min(mark.line, last) + 1 if mark else 1


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "unreadable")
    cure = "Check the indentation, quotes and brackets here and just before."
    if "\\t" in problem or "\t" in problem or "cannot start any token" in problem:
        cure = "Indent with spaces, not tabs, and put text with special characters in quotes."
    return f"not valid YAML: {problem}. {cure}"


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read. `name` is the one whose value comes next; `lines` says where
    each name stood."""

    value: list[object] | dict[str, object]
    name: str | None = None
    lines: dict[str, int] = field(default_factory=dict[str, int])


class _Builder:
    """Builds one value out of events."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._open: list[_Open] = []
        self._done: list[object] = []
        self._documents = 0

    def add(self, event: Any) -> None:
        """Take the next event of the stream."""
        line = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._error(
                        line, "a second document ('---') starts here. Put it into its own file."
                    )
            case yaml.AliasEvent():
                message = f"the alias {shown('*' + str(event.anchor))} is not read here. Write the value out."
                raise self._error(line, message)
            case yaml.ScalarEvent():
                self._check_node(event, line)
                self._add_scalar(event, line)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check_node(event, line)
                self._begin([] if isinstance(event, yaml.SequenceStartEvent) else {}, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._place(self._open.pop().value)
            case _:
                pass

    def result(self) -> object:
        """The value of the document."""
        if not self._done or self._done == [None]:
            raise SpecError("empty, or only comments. Is this the right file?", path=self._where)
        return self._done[0]

    def _error(self, line: int, message: str) -> SpecError:
        return error_at(self._where, line, message)

    def _check_node(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            message = f"the anchor {shown('&' + str(event.anchor))} is not read here. Write the value out."
            raise self._error(line, message)
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            message = f"the tag {shown(tag)} is not read here. Write a plain value; text goes in quotes."
            raise self._error(line, message)

    def _begin(self, value: list[object] | dict[str, object], line: int) -> None:
        if self._awaits_name():
            raise self._error(line, "a name must be text, found a list or mapping. Check the indentation.")
        if len(self._open) == MAX_DEPTH:
            raise too_deep(self._where, line)
        self._open.append(_Open(value))

    def _awaits_name(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].name is None

    def _add_scalar(self, event: Any, line: int) -> None:
        text: str = event.value
        if self._awaits_name():
            self._add_name(text, line, is_plain=not event.style)
        elif event.style:
            check_encodable(text, where=f"{self._where}:{line}" if self._where else f"line {line}")
            self._place(text)
        else:
            self._place(self._resolve(text, line))

    def _add_name(self, name: str, line: int, *, is_plain: bool) -> None:
        top = self._open[-1]
        if not name:
            raise self._error(line, "a name is missing before ':'.")
        if name == "<<" and is_plain:
            raise self._error(line, "merging with '<<' is not read here. Write the names out.")
        if name in top.lines:
            message = (
                f"{shown(name)} is given twice in one mapping, first in line {top.lines[name]}. Keep one."
            )
            raise self._error(line, message)
        check_encodable(name, where=f"{self._where}:{line}" if self._where else f"line {line}")
        top.lines[name] = line
        top.name = name

    def _place(self, value: object) -> None:
        if not self._open:
            self._done.append(value)
            return
        top = self._open[-1]
        if isinstance(top.value, dict):
            assert top.name is not None
            top.value[top.name] = value
            top.name = None
        else:
            top.value.append(value)

    def _resolve(self, text: str, line: int) -> object:
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _INT.fullmatch(text):
            if len(text) > MAX_DIGITS:
                message = (
                    f"a number of {len(text)} digits. At most {MAX_DIGITS} are read; put text in quotes."
                )
                raise self._error(line, message)
            return int(text)
        if _FLOAT.fullmatch(text):
            value = float(text)
            if math.isfinite(value):
                return value
        elif not _NOT_FINITE.fullmatch(text):
            return text
        raise self._error(line, f"{shown(text)} is not a finite number. Write one, or put text in quotes.")


class _Dumper(yaml.SafeDumper):
    """Block style as people write it: lists indented, no aliases, long text in blocks."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if re.search(r"[\r\x85\u2028\u2029\ufeff]", text):
        style = '"'
    elif "\n" in text.rstrip("\n"):
        style = "|"
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)


def _quote_what_looks_like(tag: str, pattern: re.Pattern[str], first: str) -> None:
    """Let the dumper quote text that we read as a number; for PyYAML 1e3 and 08 are text."""
    dumper: Any = _Dumper
    dumper.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern.pattern})\Z"), list(first)
    )


_Dumper.add_representer(str, _represent_text)
_quote_what_looks_like("int", _INT, "-+0123456789")
_quote_what_looks_like("float", _FLOAT, "-+.0123456789")
