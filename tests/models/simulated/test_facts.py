"""What the pool knows: truth from the problems given, plausible mistakes, nothing about other questions."""

import pytest

from itas.benchmarks.word_problems import word_problems
from itas.core.answers import find_answer
from itas.core.messages import user
from itas.core.problem import Problem
from itas.models.simulated.facts import index_problems, unknown_fact
from itas.models.simulated.noise import standing
from itas.models.simulated.writing import write_answer

PROBLEMS = word_problems(5, 650)


def test_every_answer_of_a_fact_is_read_back_from_a_written_reply():
    facts = index_problems(PROBLEMS, seed=1)
    assert len(facts) == len(PROBLEMS)
    for problem in PROBLEMS:
        fact = facts[problem.conversation[-1].content.strip()]
        assert fact.right == problem.target
        assert fact.right not in fact.wrong
        assert len(fact.wrong) == len(set(fact.wrong)) == len(fact.shares)
        assert sum(fact.shares) == pytest.approx(1)
        for answer in (fact.right or "", *fact.wrong):
            text = write_answer(fact, answer, standing("any", answer))
            assert fact.read(text) == answer, text


def test_wrong_options_are_options():
    facts = index_problems(PROBLEMS, seed=1)
    for fact in facts.values():
        if fact.kind == "choice":
            letters = {chr(ord("A") + index) for index in range(fact.n_choices)}
            assert {fact.right, *fact.wrong} <= letters


@pytest.mark.parametrize(
    "question, target, kind",
    [
        ("What is 6 x 7? Put it in \\boxed{}.", "42", "number"),
        ("Which one?\n(A) red\n(B) blue\n(C) green", "B", "choice"),
        ("Which of these?\nA. red\nB. blue", "A", "choice"),
        ("Who wrote it? End with #### and the name.", "Ann Bell", "text"),
        ("Simplify.", "\\frac{1}{2}", "number"),
        ("Simplify.", "\\sqrt{x}+1", "text"),
        ("How much?", "1,234", "number"),
    ],
)
def test_other_benchmarks_problems_are_understood(question: str, target: str, kind: str):
    problem = Problem(id="x", conversation=user(question), target=target)
    other = Problem(id="y", conversation=user("Another?"), target="Somebody Else")
    (fact, _) = index_problems([problem, other], seed=0).values()
    assert fact.kind == kind
    text = write_answer(fact, fact.right or "", standing("any"))
    assert find_answer(text, fact.kind) == fact.right
    if kind == "text" or "frac" in target:
        assert target in text, "an answer keeps its spelling"
    if kind == "text":
        assert "Somebody Else" in write_answer(fact, fact.wrong[0], standing("any")) or len(fact.wrong) > 1


def test_problems_without_a_target_stay_unknown():
    assert index_problems([Problem(id="x", conversation=user("Write a poem."))], seed=0) == {}


def test_the_facts_do_not_depend_on_the_order_or_the_ids_of_the_problems():
    renamed = [problem.model_copy(update={"id": f"other-{problem.id}"}) for problem in reversed(PROBLEMS)]
    assert index_problems(PROBLEMS, 3) == index_problems(renamed, 3)


def test_another_seed_gives_other_mistakes():
    one, two = index_problems(PROBLEMS, 3), index_problems(PROBLEMS, 4)
    changed = sum(one[question].wrong != two[question].wrong for question in one)
    assert changed > 0.8 * len(one)


def test_an_unknown_question_has_no_truth_but_something_to_say_in_its_form():
    assert unknown_fact("Which?\nA) one\nB) two\nC) three", 0).kind == "choice"
    fact = unknown_fact("What is it?", 0)
    assert (fact.kind, fact.right) == ("number", None)
    assert fact == unknown_fact("What is it?", 0)


def test_difficult_word_problems_are_harder():
    facts = index_problems(PROBLEMS, seed=1)
    by_level: dict[object, list[float]] = {}
    for problem in PROBLEMS:
        hardness = facts[problem.conversation[-1].content.strip()].hardness
        by_level.setdefault(problem.tags["difficulty"], []).append(hardness)
    means = [sum(by_level[level]) / len(by_level[level]) for level in (1, 2, 3, 4, 5)]
    assert means == sorted(means)
    assert means[4] - means[0] > 1
