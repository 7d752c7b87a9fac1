"""Simulated judges: every official form and ours, understood and answered in that form."""

import json

import pytest

from itas.benchmarks.judge.prompts import JudgePrompt
from itas.benchmarks.judge.verdicts import (
    parse_five,
    parse_identifier,
    parse_letter,
    parse_own_rating,
    parse_rating,
)
from itas.benchmarks.judge.wording import Talk, ask_for_comparison, ask_for_rating
from itas.benchmarks.mixeval.wording import ask_for_choice, ask_for_grade
from itas.core.messages import Message, user
from itas.core.problem import Problem
from itas.core.request import Completion, Request
from itas.errors import ParseError
from itas.models.simulated import SimulatedPool
from itas.models.simulated.official import read_official
from itas.models.simulated.prompts import read_prompt

QUESTION = "What is 6 times 7?"
PROBLEM = Problem(id="p", conversation=user(QUESTION), target="42", tags={"topic": "mathematics"})
RIGHT, WRONG = "Step by step.\nAnswer: 42", "Step by step.\nAnswer: 48"


def draws(messages, *, n=60, model="simulated/turing-large", temperature=0.7):
    pool = SimulatedPool([PROBLEM], seed=1)
    request = Request(model=model, messages=messages, temperature=temperature)
    return pool.model(model).draw(request, n=n)


def values(question, *, n=60):
    found = []
    for draw in draws(question.messages, n=n):
        try:
            found.append(question.read(Completion(text=draw.text)).value)
        except ParseError:
            continue
    assert len(found) >= 0.9 * n
    return found


def mean(numbers):
    return sum(numbers) / len(numbers)


def test_right_answers_are_rated_higher_and_win_comparisons_in_either_place():
    good, bad = (ask_for_rating(Talk((QUESTION,), (text,))) for text in (RIGHT, WRONG))
    assert mean(values(good)) > mean(values(bad)) + 0.1
    for is_first in (True, False):
        for grades in (2, 3, 5):
            question = ask_for_comparison(
                Talk((QUESTION,), (RIGHT,)), (WRONG,), is_first=is_first, grades=grades
            )
            assert mean(values(question)) > 0.6, (is_first, grades)


def test_the_first_place_helps_a_little():
    same = Talk((QUESTION,), (RIGHT + " ",))
    first = ask_for_comparison(same, (RIGHT,), is_first=True, grades=2)
    assert 0.5 < mean(values(first, n=600)) < 0.7


def test_grades_and_choices_are_given_in_their_forms():
    assert mean(values(ask_for_grade(QUESTION, RIGHT, ["42"]))) > 0.85
    assert mean(values(ask_for_grade(QUESTION, WRONG, ["42"]))) < 0.15
    choice = Problem(id="c", conversation=user("Which?\nA) x\nB) y"), target="B", choices=("x", "y"))
    pool = SimulatedPool([choice], seed=1)
    question = ask_for_choice(
        choice.conversation[-1].content, "It is the second.\nAnswer: B", right="B", count=2
    )
    request = Request(model="simulated/turing-large", messages=question.messages)
    read = [draw.text for draw in pool.model(request.model).draw(request, n=20)]
    assert sum("CHOICE: B" in text for text in read) >= 17


def test_the_official_prompts_of_mt_bench_are_understood(shared_data):
    rows = [
        json.loads(line) for line in (shared_data / "mt_bench/judge_prompts.jsonl").read_text().splitlines()
    ]
    assert len(rows) == 8
    sides = ("answer_a", "answer_b", "answer_a_1", "answer_a_2", "answer_b_1", "answer_b_2")
    names = ("question_2", "answer", "answer_1", "answer_2", "ref_answer_1", "ref_answer_2", *sides)
    values = {name: f"<{name}>" for name in names} | {"question": QUESTION, "question_1": QUESTION}
    for row in rows:
        prompt = JudgePrompt(
            name=row["name"], source="f", system=row["system_prompt"], template=row["prompt_template"]
        )
        messages = prompt.render(values)
        found = read_official(messages)
        assert found is not None, row["name"]
        assert found.form == ("rating" if row["type"] == "single" else "letter")
        assert found.question == QUESTION
        assert len(found.answers) == (1 if row["type"] == "single" else 2)
        parse = parse_rating if row["type"] == "single" else parse_letter
        read = 0
        for draw in draws(messages, n=30):
            try:
                parse(draw.text)
            except ParseError:
                continue
            read += 1
        assert read >= 27


def test_five_verdicts_and_identifiers_are_given_where_they_are_asked_for():
    arena = (
        Message(role="system", content="Judge. [[A>>B]] [[A>B]] [[A=B]] [[B>A]] [[B>>A]]"),
        Message(
            role="user",
            content=f"<|User Prompt|>\n{QUESTION}\n\n"
            f"<|The Start of Assistant A's Answer|>\n{RIGHT}\n<|The End of Assistant A's Answer|>\n\n"
            f"<|The Start of Assistant B's Answer|>\n{WRONG}\n<|The End of Assistant B's Answer|>",
        ),
    )
    official = read_official(arena)
    assert official is not None
    assert (official.form, official.question, official.answers) == ("five", QUESTION, (RIGHT, WRONG))
    relations = [parse_five(draw.text) for draw in draws(arena, n=40) if "[[" in draw.text]
    assert len(relations) >= 36
    assert sum(">" in each for each in relations) > len(relations) / 2
    assert ">>" in relations
    alpaca = (
        Message(role="system", content="Choose."),
        Message(
            role="user",
            content=f'{{"instruction": """{QUESTION}"""}}\n{{"model_identifier": "m",\n"output": """{RIGHT}"""}},\n'
            f'{{"model_identifier": "M",\n"output": """{WRONG}"""}}',
        ),
    )
    names = [draw.text for draw in draws(alpaca, n=40) if draw.text in ("m", "M")]
    assert len(names) >= 36
    assert all(parse_identifier(name) in (">", "<") for name in names)
    assert names.count("m") > len(names) / 2


@pytest.mark.parametrize(
    "text", ["Is [[A]] or [[C]] a matrix?", "[[rating]]", "Say [[A>>B]].\nThe Start of Assistant"]
)
def test_a_question_that_contains_a_form_is_a_question(text):
    assert read_official(user(text)) is None
    assert read_official((Message(role="system", content="Be brief."), *user(text))) is None
    assert read_prompt(text).task == "answer"


def test_our_ratings_are_whole_numbers_from_one_to_ten():
    question = ask_for_rating(Talk((QUESTION,), (RIGHT,)))
    for draw in draws(question.messages, n=50):
        if "RATING" in draw.text:
            assert parse_own_rating(draw.text) in range(1, 11)
