import pytest

from itas.components.code_tests import find_entry_point, parse_code_tests
from itas.core.execution import CallTest, CodeTest, InputTest
from itas.errors import ParseError


def calls(*codes: str) -> tuple[CodeTest, ...]:
    return tuple(CallTest(code=code) for code in codes)


def fenced(text: str, language: str = "python") -> str:
    return f"Here they are:\n```{language}\n{text}\n```\nThat is all."


def test_every_assertion_is_a_test():
    text = fenced(
        "assert add(1, 2) == 3\nassert add(\n    0,\n    0,\n) == 0, 'é zero'; assert add(5, 5) == 10"
    )
    assert parse_code_tests(text, None) == calls(
        "assert add(1, 2) == 3", "assert add(\n    0,\n    0,\n) == 0, 'é zero'", "assert add(5, 5) == 10"
    )


def test_imports_and_assignments_above_a_test_belong_to_it():
    text = fenced("import math\nx = [1]\nassert f(x) == math.pi\ny = 2\nassert f(y) == 3")
    assert parse_code_tests(text, None) == calls(
        "import math\nx = [1]\nassert f(x) == math.pi", "import math\nx = [1]\ny = 2\nassert f(y) == 3"
    )


def test_a_solution_beside_the_tests_is_left_out():
    text = fenced(
        "from solution import f\nimport pytest\ndef f(x):\n    return 1\nassert f(1) == 1\nprint(f(2))"
    )
    assert parse_code_tests(text, None) == calls("assert f(1) == 1")


def test_a_test_function_is_called():
    text = fenced("def test_f():\n    assert f(1) == 1\n    assert f(2) == 2")
    assert parse_code_tests(text, None) == calls(
        "def test_f():\n    assert f(1) == 1\n    assert f(2) == 2\ntest_f()"
    )


def test_what_asserts_nothing_of_the_code_is_no_test():
    assert parse_code_tests(fenced("assert True\nassert 1 == 1\nf(3)\nassert f(1)"), None) == calls(
        "assert f(1)"
    )


def test_pairs_of_input_and_output_are_tests():
    text = fenced('[{"input": "1 2\\n", "output": "3\\n"}, {"input": "", "output": "0"}]', "json")
    assert parse_code_tests(text, None) == (
        InputTest(stdin="1 2\n", expected="3\n"),
        InputTest(stdin="", expected="0"),
    )


def test_a_reply_without_fences_is_read_too():
    assert parse_code_tests("assert f(1) == 1\r\nassert f(2) == 2", None) == calls(
        "assert f(1) == 1", "assert f(2) == 2"
    )


def test_no_more_tests_than_asked_for_and_each_once():
    text = fenced("\n".join(f"assert f({number // 2}) == 0" for number in range(40)))
    assert len(parse_code_tests(text, None)) == 10
    assert parse_code_tests(text, 2) == calls("assert f(0) == 0", "assert f(1) == 0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot write tests.",
        "TEST 1: The answer is right.",
        fenced("assert f(1) =="),
        fenced("f(1)"),
        fenced("x = 1"),
        fenced("[1, 2]", "json"),
        fenced('[{"input": "1"}]', "json"),
        fenced('[{"input": 1, "output": 2}]', "json"),
        fenced('{"input": "1", "output": "2"}', "json"),
        fenced("(" * 5000),
        fenced("[" * 100_000, "json"),
        "```python\nassert f('\ud800')\n```",
        "assert f(1)\n" * 50_000,
    ],
)
def test_what_holds_no_tests_is_unreadable(text: str):
    with pytest.raises(ParseError):
        parse_code_tests(text, None)


def test_the_function_that_most_tests_call_is_wanted():
    tests = (*calls("assert sorted(f(1)) == g(f(2))", "assert f(3)"), InputTest(stdin="", expected=""))
    assert find_entry_point(tests) == "f"
    assert find_entry_point(calls("assert len([1]) == 1")) is None
