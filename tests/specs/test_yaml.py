"""YAML: what is read means what it says, what is dangerous is refused, and what is written reads back."""

import contextlib
import time
import tracemalloc

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from itas.errors import SpecError
from itas.specs import yaml as ours
from itas.specs.limits import MAX_BYTES, MAX_DEPTH
from itas.specs.yaml import dump_yaml, parse_yaml

# What stands there, the line to blame (0: the whole), and a piece of the message.
BAD = [
    ("a: 1\nb: 2\na: 3", 3, "'a' is given twice in one mapping, first in line 1"),
    ('a: 1\n"a": 3', 2, "given twice"),
    ("x:\n  - a: 1\n    a: 2", 3, "given twice"),
    ("{a: 1, a: 2}", 1, "given twice"),
    ("x: {b: {c: 1, d: 2,\n c: 3}}", 2, "given twice"),
    ("? a\n: 1\n? a\n: 2", 3, "given twice"),
    ("null: 1\n'null': 2", 2, "given twice"),
    ("a: &x 1", 1, "anchor '&x'"),
    ("a: 1\nb: &x [1]", 2, "anchor '&x'"),
    ("&x a: 1", 1, "anchor '&x'"),
    ("a: *x", 1, "alias '*x'"),
    ("*x : 1", 1, "alias '*x'"),
    ("a: 1\n<<: {b: 2}", 2, "merging"),
    ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", 1, "anchor"),
    ("a: !!python/object/apply:os.system [ls]", 1, "tag '!!python/object/apply:os.system'"),
    ("a: !!python/name:os.system", 1, "tag"),
    ("!!python/object/new:type {}", 1, "tag"),
    ("a: !!str 1", 1, "tag '!!str'"),
    ("a: !!binary aGk=", 1, "tag"),
    ("a: ! b", 1, "tag '!'"),
    ("a: !mine {b: 1}", 1, "tag '!mine'"),
    ("!!set {a, b}", 1, "tag"),
    ("!!int a: 1", 1, "tag"),
    ("%TAG !e! tag:example.com,2000:\n---\na: !e!x 1", 3, "tag"),
    ("? [a]\n: b", 1, "a name must be text"),
    ("{[a]: b}", 1, "a name must be text"),
    ("{{a: b}: c}", 1, "a name must be text"),
    ("a: 1\n? {b: c}\n: d", 2, "a name must be text"),
    ("'': 1", 1, "a name is missing"),
    ("a: 1\n: 2", 2, "not valid YAML"),
    ("a: .inf", 1, "not a finite number"),
    ("a: -.INF", 1, "not a finite number"),
    ("a: .nan", 1, "not a finite number"),
    ("a:\n- 1e999", 2, "not a finite number"),
    ("a: " + "1" * 5000, 1, "a number of 5000 digits"),
    ("a: 1\n---\nb: 2", 2, "a second document"),
    ("---\n---", 2, "a second document"),
    ("a: 1\n...\n---\nb: 1", 3, "a second document"),
    ("", 0, "empty"),
    ("   \n\n", 0, "empty"),
    ("# only a comment\n", 0, "empty"),
    ("~", 0, "empty"),
    ("---\n", 0, "empty"),
    ("a:\n\t- b", 2, "Indent with spaces, not tabs"),
    ("a: @home", 1, "not valid YAML"),
    ("a: `x`", 1, "not valid YAML"),
    ("a: %x", 1, "not valid YAML"),
    ("a: b: c", 1, "not valid YAML"),
    ("a:\n  - b\n c: d", 3, "not valid YAML"),
    ("a: [b, c", 1, "not valid YAML"),
    ("a: {b: c", 1, "not valid YAML"),
    ("a: ]", 1, "not valid YAML"),
    ('a: "b', 1, "not valid YAML"),
    ("a: 'b", 1, "not valid YAML"),
    ("a: 1\nb: [c,\n  d\n", 2, "not valid YAML"),
    ('a: "\\q"', 1, "not valid YAML"),
    ('a: "\\ud800"', 1, "not valid YAML"),
    ("a: |\n  x\n y: 1", 3, "not valid YAML"),
    ("- a\nb: 1", 2, "not valid YAML"),
    ("%YAML 3.0\n---\na: 1", 1, "not valid YAML"),
    ("%FOO\n---\na: 1", 1, "not valid YAML"),
    ("a: 1\nb: \x07", 2, "U+0007 is not allowed"),
    ("a: \0", 1, "U+0000 is not allowed"),
    ("a: \ufffe", 1, "U+FFFE is not allowed"),
    ("a: 1\nb: \ud800", 2, "half a character"),
    ("[" * 20_000, 1, "more than 50 levels"),
    ("{a: " * 20_000, 1, "more than 50 levels"),
    ("- " * 20_000, 1, "more than 50 levels"),
    ("a: " + "[" * 900_000, 1, "more than 50 levels"),
    ("? " * 400_000, 1, "a name must be text"),
    ("{" * 900_000, 1, "a name must be text"),
    (": " * 400_000, 1, "not valid YAML"),
    ("[" + "," * 900_000, 1, "not valid YAML"),
    ("x" * 900_000 + ": 1", 1, "not valid YAML"),
    ('a: "' + " \n" * 400_000, 1, "not valid YAML"),
    ("a" * (MAX_BYTES + 1), 0, f"larger than {MAX_BYTES} bytes"),
    ("é" * (MAX_BYTES // 2 + 1), 0, f"larger than {MAX_BYTES} bytes"),
]


@pytest.mark.parametrize(
    "text, line, piece", BAD, ids=[repr(text if len(text) < 40 else text[:40]) for text, _, _ in BAD]
)
def test_a_bad_file_is_one_clear_error_with_its_line(text: str, line: int, piece: str):
    start = time.process_time()
    with pytest.raises(SpecError) as caught:
        parse_yaml(text, where="bad.yaml")
    assert time.process_time() - start < 1.0
    message = str(caught.value)
    assert message.startswith(f"bad.yaml:{line}: " if line else "bad.yaml")
    assert piece in message
    assert len(message) < 400


def test_there_are_at_least_sixty_bad_files_and_they_take_little_memory():
    assert len(BAD) >= 60
    tracemalloc.start()
    try:
        for text, _, _ in BAD:
            with pytest.raises(SpecError):
                parse_yaml(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50_000_000


@pytest.mark.parametrize(
    "text, value",
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("12:30:45", "12:30:45"),
        ("2024-06-01", "2024-06-01"),
        ("010", 10),
        ("-010", -10),
        ("0x10", "0x10"),
        ("0o7", "0o7"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+1", 1),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("~", None),
        ("null", None),
        ("'1'", "1"),
        ('"true"', "true"),
        ("gpt-4o", "gpt-4o"),
        ("bedrock/meta.llama3-70b-instruct-v1:0", "bedrock/meta.llama3-70b-instruct-v1:0"),
        ("١", "١"),
        ('"\\U0001F600"', "\U0001f600"),
    ],
)
def test_a_scalar_is_what_yaml_1_2_says(text: str, value: object):
    (found,) = parse_yaml(f"[{text}]" if text != "5." else "- 5.")  # type: ignore[misc]
    assert found == value
    assert type(found) is type(value)


def test_names_are_always_text():
    assert parse_yaml("1: a\nno: b\ntrue: c\nnull: d\n1.0: e") == {
        "1": "a",
        "no": "b",
        "true": "c",
        "null": "d",
        "1.0": "e",
    }


def test_old_directives_do_not_bring_old_meanings_back():
    assert parse_yaml("%YAML 1.1\n---\na: no\n...\n") == {"a": "no"}


def test_as_deep_as_allowed_is_read():
    value = parse_yaml("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH)
    for _ in range(MAX_DEPTH):
        (value,) = value  # type: ignore[misc]
    assert value == 1


def test_without_a_file_the_line_is_named():
    with pytest.raises(SpecError, match=r"^line 2: 'a' is given twice"):
        parse_yaml("a: 1\na: 2")


def test_the_reader_in_plain_python_agrees(monkeypatch: pytest.MonkeyPatch):
    # It reads over an unknown directive, which harms nobody.
    short = [text for text, _, _ in BAD if len(text) < 100 and not text.startswith("%FOO")]
    monkeypatch.setattr(ours, "_LOADER", yaml.SafeLoader)
    for text in short:
        with pytest.raises(SpecError):
            parse_yaml(text)
    assert parse_yaml("a: [no, 010]\nb: {c: 'x'}") == {"a": ["no", 10], "b": {"c": "x"}}


def test_writing_is_block_style_in_order_without_aliases():
    shared = ["x"]
    text = dump_yaml({"name": "n", "a": shared, "b": shared, "text": "two\nlines", "c": {"d": []}})
    assert text == ("name: n\na:\n  - x\nb:\n  - x\ntext: |-\n  two\n  lines\nc:\n  d: []\n")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "no",
            "1e3",
            "08",
            "1.",
            ".5",
            "12:30:45",
            "2024-06-01",
            "null",
            "~",
            "",
            " ",
            "<<",
            "=",
            "*a",
            "&a",
        ),
        *("!x", "a: b", "- a", "# c", "a #b", "\t", "\n", "a\n", "\na", " a\nb", "a \nb", "\r", "a\r\nb"),
        *(
            "\x85",
            "\u2028",
            "\ufeff",
            "\x07",
            "é",
            "\U0001f600",
            "x" * 500,
            "a " * 300,
            "'",
            '"',
            "1_0",
            ".inf",
        ),
    ],
)
def test_odd_text_survives_writing_and_reading(text: str):
    assert parse_yaml(dump_yaml([text, {"a": text}])) == [text, {"a": text}]


_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT.filter(bool), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(_VALUES, min_size=1, max_size=3))
def test_what_is_written_reads_back_equal(value: list[object]):
    assert parse_yaml(dump_yaml(value)) == value


@given(st.text(max_size=200))
def test_any_text_is_read_or_is_a_spec_error(text: str):
    with contextlib.suppress(SpecError):
        parse_yaml(text)
