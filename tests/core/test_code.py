import pytest

from itas.core.code import extract_code

ADD = "def add(a, b):\n    return a + b"


@pytest.mark.parametrize(
    "text",
    [
        ADD,
        f"```python\n{ADD}\n```",
        f"Here it is:\n\n```py\n{ADD}\n```\nDone.",
        f"```\n{ADD}\n```",
        f"```Python\n{ADD}\n```\n\nUse it:\n\n```python\nprint(add(1, 2))\n```",
        f"First try:\n```python\ndef add(a, b):\n    return a - b\n```\nBetter:\n```python\n{ADD}\n```",
        f"```bash\npip install x\n```\n```python\n{ADD}\n```",
        f"```python\n{ADD}\n```\n```\n3\n```",
        f"```python\n{ADD}",
        f"~~~python\n{ADD}\n~~~",
        f"````python\n{ADD}\n````",
        f'```python title="a.py"\n{ADD}\n```',
        f"```python\r\n{ADD}\r\n```".replace("\n", "\r\n").replace("\r\r", "\r"),
        "1. Step:\n   ```python\n   def add(a, b):\n       return a + b\n   ```",
        f"```python\n{ADD}\n```\n```python\ndef add(a, b\n```",
    ],
)
def test_the_solution_is_found(text: str):
    assert extract_code(text) == ADD


@pytest.mark.parametrize(
    "text",
    ["", "I cannot do that.", "Yes", "42", "```\n\n```", "```json\n{}\n```", "```", "(" * 5000, "\x00"],
)
def test_what_is_no_code_is_none(text: str):
    assert extract_code(text) is None


def test_the_block_with_the_wanted_name_is_taken():
    text = f"```python\n{ADD}\n```\n```python\ndef helper():\n    pass\n```"
    assert extract_code(text, entry_point="add") == ADD
    assert extract_code(text) == "def helper():\n    pass"


def test_a_program_without_definitions_is_the_last_block():
    assert (
        extract_code("```python\nx = 1\n```\n```python\nprint(int(input()) + 1)\n```")
        == "print(int(input()) + 1)"
    )


def test_code_that_is_not_python_is_still_handed_on():
    assert extract_code("```python\ndef add(a, b\n```") == "def add(a, b"


def test_a_long_hostile_reply_is_read_quickly():
    assert extract_code("```" * 200_000) is None
    assert extract_code("```python\n" * 20_000) is not None
