"""The rules of the scorers that need no model."""

import gzip
import json
import time

import pytest

from itas.benchmarks.scorers import Choice, Exact, Number, NumberOrChoice, Regex, Rule, parse_scorer
from itas.core.messages import user
from itas.core.problem import Problem, Score, Unscored
from itas.errors import SpecError

pytestmark = pytest.mark.asyncio


def problem(target, choices=()):
    return Problem(id="p", conversation=user("?"), target=target, choices=choices)


@pytest.mark.parametrize(
    "rule, target, choices, answer, value, read",
    [
        (Number(), "1000", (), "Answer: $1,000.00", 1, "1000"),
        (Number(), "0.5", (), "Answer: 1/2", 1, "0.5"),
        (Number(), "1/3", (), "Answer: 2/6", 1, "1/3"),
        (Number(), "3", (), "Answer: 3.01", 0, "3.01"),
        (Number(tolerance=0.05), "3", (), "Answer: 3.01", 1, "3.01"),
        (Number(), "3", (), "I do not know", 0, None),
        (Number(), "3", (), "Answer: 3 or 4", 0, None),
        (Choice(), "b", ("x", "y"), "Answer: (B)", 1, "B"),
        (Choice(), "B", ("red", "green"), "Answer: green", 1, "B"),
        (Choice(), "B", ("same", "same"), "Answer: same", 0, None),
        (Choice(), "A", ("x", "y"), "Answer: C", 0, None),
        (Choice(), "D", (), "Answer: D", 1, "D"),
        (Exact(), "Paris", (), "It is in France.\nAnswer: paris.", 1, "paris"),
        (Exact(), "Paris", (), "  PARIS ", 1, "paris"),
        (Exact(), "Paris", (), "I think Paris", 0, "i think paris"),
        (Exact(), "Paris", (), "...", 0, None),
        (Regex(pattern=r"code: (\w+)"), "abc", (), "code: xyz, no, code: ABC", 1, "abc"),
        (Regex(pattern=r"\d+"), "7", (), "7 then 8", 0, "8"),
        (Regex(pattern=r"\d+"), "7", (), "none", 0, None),
        (Regex(pattern=r"(x)?y"), "x", (), "y", 0, None),
        (NumberOrChoice(), "7", (), "Answer: 7", 1, "7"),
        (NumberOrChoice(), "B", ("7", "8"), "Answer: B", 1, "B"),
    ],
)
async def test_an_answer_gets_the_score_of_the_rule(rule, target, choices, answer, value, read):
    assert await rule.score(problem(target, choices), answer) == Score(value=value, answer=read)


@pytest.mark.parametrize("rule", [Number(), Choice(), Exact(), Regex(pattern="x"), NumberOrChoice()])
async def test_without_a_target_there_is_no_score_not_a_zero(rule):
    outcome = await rule.score(problem(None), "Answer: x")
    assert isinstance(outcome, Unscored)
    assert outcome.reason == "no_target"


async def test_a_scorer_is_named_or_described():
    assert parse_scorer("number") == Number()
    assert parse_scorer({"type": "number", "tolerance": 0.1}) == Number(tolerance=0.1)
    assert parse_scorer(r"regex:code: (\w+)") == Regex(pattern=r"code: (\w+)")
    assert parse_scorer(Exact()) == Exact()
    assert parse_scorer("choice").describe() == {"type": "choice"}


@pytest.mark.parametrize(
    "data, message",
    [
        ("numbr", "Did you mean 'number'"),
        ("number:3", "only 'regex' takes a value"),
        ("regex:(", "not a regular expression"),
        ("regex", "required"),
        ({"type": "number", "tolerence": 1}, "Did you mean 'tolerance'"),
        ({"type": "number", "tolerance": -1}, "tolerance"),
        ({}, "unknown scorer ''"),
        (3, "a name or a mapping"),
    ],
)
async def test_a_wrong_scorer_is_refused_with_the_cure(data, message):
    with pytest.raises(SpecError, match=message.replace("(", r"\(")):
        parse_scorer(data)


async def test_every_rule_says_what_it_does():
    for rule in Rule.__subclasses__():
        module = __import__(rule.__module__, fromlist=["__doc__"])
        assert "Rule:" in module.__doc__, rule


def recorded_letters(shared_data):
    """What real models wrote in an exam."""
    for path in sorted((shared_data / "mcqa_temperature" / "responses").glob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            yield Choice(), problem("A", tuple("vwxyz")), json.loads(line)["text"]


def recorded_numbers(shared_data):
    """What real models wrote to word problems."""
    for path in sorted((shared_data / "gsm8k" / "zeroeval_outputs").glob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            yield Number(), problem("3"), json.loads(line)["output"]


@pytest.mark.scale
@pytest.mark.parametrize("recorded", [recorded_letters, recorded_numbers])
async def test_ten_thousand_recorded_answers_are_scored_in_two_seconds(shared_data, recorded):
    asked = (list(recorded(shared_data)) * 10)[:10_000]
    assert len(asked) == 10_000
    began = time.process_time()
    for rule, each, text in asked:
        await rule.score(each, text)
    assert time.process_time() - began < 2
