"""How conversation and candidates stand in prompts."""

from itertools import permutations

import pytest

from itas.components.text import (
    has_text,
    make_blocks,
    render_answers,
    render_answers_in_order,
    writer_messages,
)
from itas.core.blocks import read_blocks
from itas.core.messages import Message, user
from tests.components.states import QUESTION, candidate, rng

ABC = tuple(map(candidate, ("alpha", "beta", "gamma")))


def test_the_ids_belong_to_the_candidates_whatever_the_order_shown():
    sheet = render_answers(user(QUESTION), ABC, rng, with_critiques=True)
    shown = {block.id: block.text for block in read_blocks(sheet.text) if block.label == "answer"}
    assert [shown[id] for id in sheet.ids] == ["alpha", "beta", "gamma"]
    assert tuple(shown) == sheet.shown


def test_the_order_in_which_candidates_arrive_does_not_change_what_a_judge_reads():
    texts = {
        render_answers(user(QUESTION), order, rng, with_critiques=False).text for order in permutations(ABC)
    }
    assert len(texts) == 1


def test_judges_see_candidates_in_other_orders_for_other_texts():
    firsts = set[str]()
    for number in range(40):
        sheet = render_answers(
            user(QUESTION), tuple(map(candidate, (f"a{number}", "b", "c"))), rng, with_critiques=False
        )
        answers = [block.text for block in read_blocks(sheet.text) if block.label == "answer"]
        firsts.add(answers[0][0])
    assert firsts == {"a", "b", "c"}


def test_two_candidates_with_the_same_text_have_ids_of_their_own():
    sheet = render_answers(user(QUESTION), (ABC[0], ABC[0]), rng, with_critiques=False)
    assert len(set(sheet.ids)) == 2


def test_a_critique_follows_its_answer_and_an_empty_one_is_not_shown():
    candidates = (candidate("alpha", critique="good"), candidate("beta", critique=""), candidate("gamma"))
    sheet = render_answers_in_order(QUESTION, candidates, ("short",), rng)
    assert [(block.label, block.text) for block in read_blocks(sheet.text)] == [
        ("request", QUESTION),
        ("test", "short"),
        ("answer", "alpha"),
        ("critique", "good"),
        ("answer", "beta"),
        ("answer", "gamma"),
    ]


def test_earlier_messages_stand_in_one_block_before_the_request():
    conversation = (Message(role="system", content="Be brief."), *user("first"), *user("second"))
    sheet = render_answers(conversation, ABC[:1], rng, with_critiques=False)
    blocks = read_blocks(sheet.text)
    assert [block.label for block in blocks] == ["conversation", "request", "answer"]
    assert blocks[0].text == "[system]\nBe brief.\n\n[user]\nfirst"
    assert blocks[1].text == "second"


def test_a_writer_gets_the_earlier_messages_as_they_are():
    conversation = (Message(role="system", content="Be brief."), *user("question"))
    messages = writer_messages(conversation, "task")
    assert messages == (conversation[0], Message(role="user", content="task"))


def test_another_seed_draws_other_ids():
    one = make_blocks([("answer", "x")], rng)
    other = make_blocks([("answer", "x")], lambda *material: rng("another seed", *material))
    assert one != other


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\0", " \0 \n"])
def test_blank_text_is_no_text(text: str):
    assert not has_text(text)


def test_a_zero_is_text():
    assert has_text("0")
