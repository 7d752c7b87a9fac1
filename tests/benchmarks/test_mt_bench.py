"""MT-Bench: recorded judgments of three judges' files, the official prompts byte by byte, and both ways of grading."""

import gzip
import json
import re
from collections import defaultdict
from typing import Any

import pytest

from itas.benchmarks import open_benchmark as find_benchmark
from itas.benchmarks.judge import Judged, parse_judge_options
from itas.benchmarks.judge.verdicts import parse_rating
from itas.benchmarks.mt_bench import load_mt_bench as read_mt_bench
from itas.core.judging import Judgment
from itas.core.problem import Score, Unscored
from itas.errors import SpecError
from tests.benchmarks.judge.worlds import ScriptedJudge

FILES = ("routellm", "archon", "routers")
OPTIONS = parse_judge_options("judge:fake/judge")


def load_mt_bench(*arguments: Any, **options: Any) -> Any:
    """The benchmark, whose scorer is of a kind of its own."""
    return read_mt_bench(*arguments, **options)


def open_benchmark(*arguments: Any, **options: Any) -> Any:
    """The benchmark, whose scorer is of a kind of its own."""
    return find_benchmark(*arguments, **options)


def recorded(shared_data, name):
    path = shared_data / "mt_bench/model_judgment" / f"gpt-4_single_{name}.jsonl.gz"
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def of_models(shared_data):
    """Every recorded judgment, by file and model."""
    found = defaultdict(list)
    for name in FILES:
        for row in recorded(shared_data, name):
            found[name, row["model"]].append(row)
    return found


def official_reader(text):
    """What FastChat reads: the first rating in double brackets, else the first in single ones, else -1."""
    found = re.search(r"\[\[(\d+\.?\d*)\]\]", text) or re.search(r"\[(\d+\.?\d*)\]", text)
    return float(found[1]) if found else -1.0


def test_every_recorded_judgment_is_read_as_it_was_scored(shared_data):
    rows = [row for rows in of_models(shared_data).values() for row in rows]
    assert len(rows) == 401
    for row in rows:
        if row["score"] == -1:
            continue
        assert parse_rating(row["judgment"]) == row["score"] == official_reader(row["judgment"])
    assert sum(row["score"] == -1 for row in rows) == 0


def test_scores_from_recorded_judgments_are_those_of_fastchats_arithmetic(shared_data):
    benchmark = load_mt_bench(shared_data / "mt_bench", OPTIONS)
    for rows in of_models(shared_data).values():
        by_question = defaultdict(list)
        for row in rows:
            by_question[str(row["question_id"])].append(row)
        judged = [
            Judged(
                problem,
                ("a", "b"),
                Score(value=0.5),
                tuple(_judgment(row) for row in by_question[problem.id]),
            )
            for problem in benchmark.problems
            if problem.id in by_question
        ]
        figures = benchmark.scorer.figures(judged)
        kept = [row for row in rows if row["score"] != -1]
        for name, chosen in (
            ("score", kept),
            ("first_turn", [row for row in kept if row["turn"] == 1]),
            ("second_turn", [row for row in kept if row["turn"] == 2]),
        ):
            if chosen:
                assert figures[name] == pytest.approx(
                    sum(row["score"] for row in chosen) / len(chosen), abs=1e-12
                )


async def test_the_official_prompts_are_rendered_byte_for_byte_as_they_were_sent(shared_data):
    """The answers are cut out of the recorded prompts; put back, the prompts must be the recorded ones."""
    benchmark = load_mt_bench(shared_data / "mt_bench", OPTIONS)
    problems = {problem.id: problem for problem in benchmark.problems}
    checked = 0
    for rows in of_models(shared_data).values():
        second = {row["question_id"]: row for row in rows if row["turn"] == 2}
        texts = {row["user_prompt"]: row["judgment"] for row in rows}
        for id_, row in second.items():
            problem = problems[str(id_)]
            answers = _answers(row["user_prompt"], problem.turns[0])
            judge = ScriptedJudge(
                lambda request, number, texts=texts: texts.get(request.messages[-1].content, "?")
            )
            ruling = await benchmark.scorer.judge(problem, answers, judge)
            by_turn = {each["turn"]: each for each in rows if each["question_id"] == id_}
            for judgment in ruling.judgments:
                if judgment.turn in by_turn:
                    theirs = by_turn[judgment.turn]
                    assert judgment.asked == theirs["user_prompt"]
                    assert judgment.prompt == theirs["judge"][1]
                    assert judgment.value == theirs["score"] / 10
                    checked += 1
    assert checked >= 380


async def test_pairwise_grading_asks_four_times_and_disagreement_is_a_tie(shared_data):
    options = "judge:fake/judge,grading=pairwise,baseline=Qwen2-72B-Instruct"
    benchmark = open_benchmark(f"mt_bench:{shared_data / 'mt_bench'}", scorer=options, limit=3, seed=1)
    always_first = ScriptedJudge(lambda request, number: "I prefer [[A]]")
    problem = benchmark.problems[0]
    ruling = await benchmark.scorer.judge(problem, ("one", "two"), always_first)
    assert len(always_first.requests) == benchmark.scorer.planned_judgments(problem) == 4
    assert ruling.outcome == Score(value=0.5)
    judged = [Judged(problem, ("one", "two"), ruling.outcome, ruling.judgments)]
    figures = benchmark.scorer.figures(judged)
    assert (figures["win_rate"], figures["ties"]) == (0.5, 2)
    assert (figures["disagreement"], figures["first_place_wins"]) == (1.0, 1.0)

    rows = json.loads(
        benchmark.scorer.official_files("me", judged)["model_judgment/fake_judge_pair.jsonl"].splitlines()[0]
    )
    assert (rows["model_1"], rows["model_2"]) == ("me", "Qwen2-72B-Instruct")
    assert (rows["g1_winner"], rows["g2_winner"]) == ("model_1", "model_2"), "game 1 shows model_1 first"


async def test_unreadable_judgments_are_left_out_and_with_none_left_there_is_no_score(shared_data):
    benchmark = load_mt_bench(shared_data / "mt_bench", OPTIONS)
    problem = benchmark.problems[0]
    half = ScriptedJudge(lambda request, number: "[[4]]" if "two" in request.messages[-1].content else "hm")
    ruling = await benchmark.scorer.judge(problem, ("one", "two"), half)
    assert ruling.outcome == Score(value=0.4)
    assert [each.attempts for each in ruling.judgments] == [2, 1]
    figures = benchmark.scorer.figures([Judged(problem, ("one", "two"), ruling.outcome, ruling.judgments)])
    assert (figures["score"], figures["unreadable"], figures["asked_again"]) == (4.0, 0.5, 1)
    nothing = await benchmark.scorer.judge(
        problem, ("one", "two"), ScriptedJudge(lambda request, number: "hm")
    )
    assert isinstance(nothing.outcome, Unscored)


async def test_only_mathematics_reasoning_and_coding_show_the_judge_a_reference(shared_data):
    for wording in ("official", "own"):
        options = parse_judge_options(f"judge:fake/judge,wording={wording}")
        benchmark = load_mt_bench(shared_data / "mt_bench", options)
        for problem in benchmark.problems:
            judge = ScriptedJudge(lambda request, number: "Rating: [[5]]\nRATING: 5")
            await benchmark.scorer.judge(problem, ("one", "two"), judge)
            shows = ["eference" in request.messages[-1].content for request in judge.requests]
            assert all(shows) == any(shows) == (problem.tags["category"] in ("math", "reasoning", "coding"))


def test_pairwise_grading_needs_a_baseline_and_names_those_that_are_there(shared_data):
    folder = shared_data / "mt_bench"
    with pytest.raises(SpecError, match="needs the name of a recorded model"):
        load_mt_bench(folder, parse_judge_options("judge:a/b,grading=pairwise"))
    with pytest.raises(SpecError, match="WizardLM-2-8x22B"):
        load_mt_bench(folder, parse_judge_options("judge:a/b,grading=pairwise,baseline=gpt-9"))
    with pytest.raises(SpecError, match="for pairwise grading"):
        load_mt_bench(folder, parse_judge_options("judge:a/b,baseline=Qwen2-72B-Instruct"))


def test_what_decides_a_score_is_in_the_fingerprint(shared_data):
    folder = shared_data / "mt_bench"
    texts = (
        "judge:a/b",
        "judge:a/c",
        "judge:a/b,wording=own",
        "judge:a/b,grading=pairwise,baseline=Qwen2-72B-Instruct",
    )
    prints = {load_mt_bench(folder, parse_judge_options(text)).fingerprint for text in texts}
    assert len(prints) == len(texts)


def _judgment(row):
    return Judgment(
        judge=f"openai/{row['judge'][0]}",
        prompt=row["judge"][1],
        turn=row["turn"],
        asked=row["user_prompt"],
        text=row["judgment"],
        verdict=str(row["score"]),
        value=row["score"] / 10,
    )


def _answers(prompt, second_question):
    """The two answers in a recorded prompt about the second turn."""
    talk = prompt[prompt.index("<|The Start of Assistant A's") :]
    first, _, second = talk.partition(f"\n\n### User:\n{second_question}\n\n### Assistant A:\n")
    one = first.partition("\n\n### Assistant A:\n")[2]
    two = second.removesuffix("\n\n<|The End of Assistant A's Conversation with User|>")
    return one, two
