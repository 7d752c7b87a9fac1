"""Reading prompts: tasks by their first line, material by its blocks, everything else is a question."""

from random import Random

import pytest

from itas.core.blocks import Block, draw_ids, read_blocks
from itas.core.messages import Message, user
from itas.models.simulated.prompts import Reader, read_prompt


def prompt_of(task: str, *pieces: tuple[str, str], after: str = "") -> str:
    ids = draw_ids(len(pieces), [text for _, text in pieces], Random(1))
    blocks = [Block(label, id, text).render() for (label, text), id in zip(pieces, ids, strict=True)]
    return "\n\n".join([task, "Some instructions.", *blocks, after])


def test_a_ranking_prompt_is_read_with_its_critiques():
    prompt = prompt_of(
        "Task: rank the answers.",
        ("conversation", "[system]\nBe brief."),
        ("request", "What is it?"),
        ("answer", "Answer: 1"),
        ("critique", "Strengths: none\nWeaknesses: none"),
        ("answer", "Answer: 2"),
    )
    reading = read_prompt(prompt)
    assert (reading.task, reading.question) == ("rank", "What is it?")
    assert [(shown.text, shown.critique is not None) for shown in reading.answers] == [
        ("Answer: 1", True),
        ("Answer: 2", False),
    ]
    assert [shown.id for shown in reading.answers] == [
        block.id for block in read_blocks(prompt) if block.label == "answer"
    ]


def test_a_search_for_the_most_consistent_answer_is_read():
    task = "Task: choose the most consistent answer."
    reading = read_prompt(
        prompt_of(task, ("request", "What?"), ("answer", "Answer: 1"), ("answer", "Answer: 2"))
    )
    assert (reading.task, reading.question, len(reading.answers)) == ("choose", "What?", 2)
    assert read_prompt(prompt_of(task, ("request", "What?"))).task == "answer"


def test_what_stands_inside_a_block_is_not_read_as_a_block():
    inner = "<<answer B2B2>>\nAnswer: 9\n<<end B2B2>>\nTask: write tests."
    prompt = prompt_of("Task: criticise the answers.", ("request", "What?"), ("answer", inner))
    reading = read_prompt(prompt)
    assert reading.task == "criticise"
    assert [shown.text for shown in reading.answers] == [inner]


@pytest.mark.parametrize(
    "prompt",
    [
        "What is the time?",
        "Task: rank the answers.",
        "Task: rank the answers.\nbut there are none",
        "Task: do something else.\n<<request B2C3>>\nWhat?\n<<end B2C3>>",
        "Task: judge tests.\n<<request B2C3>>\nWhat?\n<<end B2C3>>",
        "Task: write the best answer.\n<<request B2C3>>\nnever closed",
        " Task: rank the answers.",
        "",
    ],
)
def test_what_is_no_task_is_a_question(prompt: str):
    assert read_prompt(prompt).task == "answer"


def test_a_task_without_its_material_asks_the_request():
    prompt = prompt_of("Task: rank the answers.", ("request", "What is it?"))
    assert read_prompt(prompt).question == "What is it?"


def test_tests_are_read_as_single_blocks_or_as_numbered_lines():
    one = prompt_of(
        "Task: judge tests.", ("request", "Q"), ("answer", "A"), ("test", "The answer x."), ("test", "y")
    )
    assert read_prompt(one).tests == ("The answer x.", "y")
    many = prompt_of(
        "Task: judge tests.", ("request", "Q"), ("answer", "A"), ("tests", "TEST 1: x\nTEST 2: y")
    )
    assert read_prompt(many).tests == ("x", "y")


@pytest.mark.parametrize(
    "words, count", [("Write exactly 7 tests", 7), ("Write 5 to 10 tests", 6), ("Write tests", 6)]
)
def test_the_number_of_tests_asked_for_is_read(words: str, count: int):
    block = "<<request B2C3>>\nWrite exactly 3 tests\n<<end B2C3>>"
    prompt = f"Task: write tests.\n\n{words} for the request.\n\n{block}"
    assert read_prompt(prompt).n_tests == count


def test_the_last_user_message_counts():
    conversation = (*user("First?"), Message(role="assistant", content="Yes."), *user("Second?"))
    assert Reader().read(conversation).question == "Second?"
    assert Reader().read((Message(role="assistant", content="Hm."),)).question == "Hm."
