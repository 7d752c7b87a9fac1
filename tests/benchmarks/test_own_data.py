"""The user's own files: what is accepted, and what is said about the rest."""

import json

import pytest

from itas.benchmarks.own_data import load_own_data
from itas.benchmarks.scorers import Exact, Number, Regex
from itas.errors import DataError, SpecError


def written(tmp_path, text, name="questions.jsonl"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


ONE = {"input": "6 times 7?", "target": 42}


def test_a_jsonl_file_becomes_problems_with_an_answer_format(tmp_path):
    path = written(tmp_path, jsonl(ONE, {**ONE, "id": "x", "tags": {"topic": "sums"}}))
    benchmark = load_own_data(path, scorer="number")
    first, second = benchmark.problems
    assert (first.id, first.target, second.id) == ("questions-00001", "42", "x")
    assert first.conversation[-1].content.startswith("6 times 7?\n\nThink it through")
    assert "Answer: <number>" in first.conversation[-1].content
    assert second.tags == {"topic": "sums"}
    assert benchmark.scorer == Number()
    assert benchmark.total == 2


def test_an_input_may_be_a_conversation(tmp_path):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi? Answer: one word"},
    ]
    benchmark = load_own_data(written(tmp_path, jsonl({"input": messages, "target": "hi"})), scorer="exact")
    conversation = benchmark.problems[0].conversation
    assert [message.role for message in conversation] == ["system", "user"]
    assert conversation[-1].content == "Hi? Answer: one word"  # it says how to answer already


def test_options_are_shown_and_a_target_in_words_becomes_its_letter(tmp_path):
    row = {"input": "Sky?", "target": "blue", "choices": ["red", "blue"]}
    problem = load_own_data(written(tmp_path, jsonl(row)), scorer="choice").problems[0]
    assert problem.target == "B"
    assert "A) red\nB) blue" in problem.conversation[-1].content


def test_the_first_line_may_name_the_scorer(tmp_path):
    header = {"scorer": {"type": "number", "tolerance": 0.5}, "licence": "CC0", "append_instruction": False}
    benchmark = load_own_data(written(tmp_path, jsonl(header, ONE)))
    assert benchmark.scorer == Number(tolerance=0.5)
    assert benchmark.licence == "CC0"
    assert benchmark.problems[0].conversation[-1].content == "6 times 7?"


def test_a_file_beside_the_data_may_name_the_scorer(tmp_path):
    path = written(tmp_path, "input,target\n6 times 7?,42\n", "questions.csv")
    written(tmp_path, '{"scorer": "regex:[0-9]+"}', "questions.scorer.json")
    assert load_own_data(path).scorer == Regex(pattern="[0-9]+")
    assert load_own_data(path, scorer="exact").scorer == Exact()


def test_without_a_scorer_nothing_is_assumed(tmp_path):
    with pytest.raises(SpecError, match=r"names no scorer.*--scorer.*questions\.scorer\.json"):
        load_own_data(written(tmp_path, jsonl(ONE)))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_may_use_any_common_separator_and_a_byte_order_mark(tmp_path, delimiter):
    rows = [["id", "input", "target"], ["a", '"two\nlines, ; here"', "1"], ["b", "x", "2"]]
    text = "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"
    benchmark = load_own_data(written(tmp_path, text, "data.csv"), scorer="number")
    assert [problem.id for problem in benchmark.problems] == ["a", "b"]
    assert benchmark.problems[0].conversation[-1].content.startswith("two\nlines, ; here\n\n")


def test_a_csv_file_may_have_choices_and_tags(tmp_path):
    text = (
        'input,target,choices,tags\nSky?,A,blue | red,"{""topic"": ""colour""}"\nGrass?,B,"[""x"", ""y""]",\n'
    )
    first, second = load_own_data(written(tmp_path, text, "data.csv"), scorer="choice").problems
    assert (first.choices, first.tags) == (("blue", "red"), {"topic": "colour"})
    assert (second.choices, second.tags) == (("x", "y"), {})


@pytest.mark.parametrize(
    "text, name, message",
    [
        ("", "a.jsonl", "a.jsonl: the file is empty"),
        (" \n\n", "a.jsonl", "the file is empty"),
        ('{"scorer": "exact"}\n', "a.jsonl", "no problems in this file"),
        ("input,target\n", "a.csv", "no problems in this file"),
        ("{\n", "a.jsonl", "a.jsonl:1: must be one JSON object"),
        ('[{"input": "x",\n', "a.jsonl", "write one object a line"),
        ("3\n", "a.jsonl", "a.jsonl:1: must be one JSON object, found int"),
        (jsonl(ONE) + "\n" + "oops", "a.jsonl", "a.jsonl:3: must be one JSON object"),
        ("[" * 100_000, "a.jsonl", "a.jsonl:1: must be one JSON object"),
        ('{"input": "x", "target": ' + "9" * 5000 + "}", "a.jsonl", "too deep or too long"),
        (jsonl({"input": "x"}), "a.jsonl", "a.jsonl:1: every row needs 'target', found only input"),
        (jsonl({"input": "x", "target": ""}), "a.jsonl", "needs 'target', found an empty one"),
        (jsonl({"input": "x", "target": None}), "a.jsonl", "needs 'target', found an empty one"),
        (jsonl({"target": "x"}), "a.jsonl", "needs 'input'"),
        (
            jsonl(ONE, {**ONE, "targt": 1}),
            "a.jsonl",
            "a.jsonl:2: unknown column 'targt'. Did you mean 'target'",
        ),
        (jsonl({**ONE, "colour": 1}), "a.jsonl", "belong into 'tags'"),
        (
            jsonl({**ONE, "id": "a"}, {**ONE, "id": "a"}),
            "a.jsonl",
            "a.jsonl:2: ids must differ, found 'a' in",
        ),
        (jsonl({**ONE, "target": True}), "a.jsonl", "'target' must be a text or a number, found bool"),
        (jsonl({**ONE, "target": "Paris"}), "a.jsonl", "a.jsonl:1: the target 'Paris' is not a number"),
        (jsonl({**ONE, "choices": ["one"]}), "a.jsonl", "'choices' must be a list of 2 to 26"),
        (jsonl({**ONE, "tags": "law"}), "a.jsonl", "'tags' must be a mapping"),
        (jsonl({**ONE, "input": 3}), "a.jsonl", "'input' must be a text or a list of messages"),
        (jsonl({**ONE, "input": [{"role": "user"}]}), "a.jsonl", "content: Field required"),
        (
            jsonl({**ONE, "input": [{"role": "assistant", "content": "x"}]}),
            "a.jsonl",
            "must be from the user",
        ),
        ("input,target\na,1,2\n", "a.csv", "a.csv:2: 2 columns in the header, 3 in this row"),
        ('input,target\n"a\nb",1\nc\n', "a.csv", "a.csv:4: 2 columns in the header, 1 in this row"),
        ('input,target\n"a"b,1\n', "a.csv", "a.csv:2: not a CSV row"),
        ("input,input\na,1\n", "a.csv", "found 'input' twice"),
        (b"input,target\ncaf\xe9,1\n", "a.csv", "a.csv:2: must be UTF-8, found the byte 0xe9"),
        ("input,target\na,1\n".encode("utf-16"), "a.csv", "found UTF-16"),
        (jsonl(ONE), "a.json", "a data file ends in .jsonl"),
    ],
)
def test_a_wrong_file_is_refused_with_place_law_and_cure(tmp_path, text, name, message):
    with pytest.raises(DataError) as raised:
        load_own_data(written(tmp_path, text, name), scorer="number")
    assert message in str(raised.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_own_data(tmp_path / "none.jsonl", scorer="exact")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        load_own_data(tmp_path / "folder.jsonl", scorer="exact")


def test_a_wrong_header_or_scorer_file_names_its_place(tmp_path):
    with pytest.raises(SpecError, match=r"a\.jsonl:1: scorer: unknown scorer"):
        load_own_data(written(tmp_path, jsonl({"scorer": "nmber"}, ONE), "a.jsonl"))
    with pytest.raises(SpecError, match=r"unknown name 'lisence'\. Did you mean 'licence'"):
        load_own_data(written(tmp_path, jsonl({"scorer": "number", "lisence": "x"}, ONE), "a.jsonl"))
    path = written(tmp_path, jsonl(ONE), "b.jsonl")
    written(tmp_path, "{oops", "b.scorer.json")
    with pytest.raises(DataError, match=r"b\.scorer\.json:1: not JSON"):
        load_own_data(path)


@pytest.mark.parametrize(
    "target, choices", [("B", ["B", "C", "A"]), ("a", ["x", "A"]), (" c", ["c", "x", "y"])]
)
def test_a_target_that_is_a_letter_and_the_text_of_another_option_is_refused(tmp_path, target, choices):
    row = {"input": "Which?", "target": target, "choices": choices}
    with pytest.raises(
        DataError, match=r"questions.jsonl:1: the target .* give the options in another order"
    ):
        load_own_data(written(tmp_path, jsonl(row)), scorer="choice")


def test_a_target_that_is_the_letter_of_the_option_with_that_text_is_fine(tmp_path):
    row = {"input": "Which?", "target": "a", "choices": ["A", "B"]}
    assert load_own_data(written(tmp_path, jsonl(row)), scorer="choice").problems[0].target == "A"


@pytest.mark.parametrize("choices", ["red || green", "| red | green", "red | green |"])
def test_empty_options_between_bars_are_refused(tmp_path, choices):
    path = written(tmp_path, f"input,target,choices\nSky?,A,{choices}\n", "a.csv")
    with pytest.raises(DataError, match=r"a.csv:2: 'choices' between bars has an empty option.*JSON list"):
        load_own_data(path, scorer="choice")


@pytest.mark.parametrize(
    "target, cure",
    [
        ("3,5", "use a point: 3.5"),
        ("12 kg", "leave the unit out: 12"),
        ("-1.5 m/s", "leave the unit out: -1.5"),
        ("many", "write it as digits"),
    ],
)
def test_a_target_that_is_no_number_comes_with_a_cure(tmp_path, target, cure):
    path = written(tmp_path, jsonl({"input": "How much?", "target": target}))
    with pytest.raises(DataError, match=cure):
        load_own_data(path, scorer="number")
