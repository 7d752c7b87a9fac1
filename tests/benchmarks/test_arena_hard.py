"""Arena-Hard: recorded answers with scripted judges, the fit against an independent one, both versions' rules."""

import itertools
import json
import random
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from itas.benchmarks.arena_hard import Battle, bootstrap_win_rate, fit_strengths, win_rate
from itas.benchmarks.arena_hard import load_arena_hard as read_arena_hard
from itas.benchmarks.judge import Judged, parse_judge_options
from itas.core.judging import Judgment
from itas.core.problem import Score, Unscored
from itas.errors import DataError, SpecError
from tests.benchmarks.judge.worlds import ScriptedJudge

_ANSWERS = "".join(
    f"\\n\\n<|The Start of Assistant {letter}'s Answer|>"
    f"\\n{{answer_{number}}}\\n<|The End of Assistant {letter}'s Answer|>"
    for number, letter in enumerate("AB", 1)
)
YAML = f'system_prompt: Judge.\nprompt_template: ["<|User Prompt|>\\n{{question_1}}{_ANSWERS}"]\n'
VERDICTS = ("A>>B", "A>B", "A=B", "B>A", "B>>A")
OFFICIAL_V2 = {"A>B": [1], "A>>B": [1] * 3, "A=B": [0.5], "B>A": [0], "B>>A": [0] * 3}


def load_arena_hard(*arguments: Any, **options: Any) -> Any:
    """The benchmark, whose scorer is of a kind of its own."""
    return read_arena_hard(*arguments, **options)


@pytest.fixture
def folder(shared_data, tmp_path):
    """The recorded questions and answers of version 0.1, with a file of settings in the official form."""
    (tmp_path / "question.jsonl").write_bytes((shared_data / "arena_hard/question_v0.1.jsonl").read_bytes())
    (tmp_path / "model_answer").symlink_to(shared_data / "arena_hard/model_answer_v0.1")
    (tmp_path / "judge_config.yaml").write_text(YAML)
    return tmp_path


def recorded_answers(folder, model):
    from itas.benchmarks.judge.files import load_turns

    return {id_: turns[-1] for id_, turns in load_turns(folder / f"model_answer/{model}.jsonl.gz")[1].items()}


async def judge_all(benchmark, answers, reply):
    judge = ScriptedJudge(reply)
    judged = []
    for problem in benchmark.problems:
        ruling = await benchmark.scorer.judge(problem, (answers[problem.id],), judge)
        judged.append(Judged(problem, (answers[problem.id],), ruling.outcome, ruling.judgments))
    return judged


def moody(request, number):
    """A judge whose verdict depends on the prompt alone, with some unreadable ones."""
    verdict = random.Random(request.messages[-1].content).choice([*VERDICTS, *VERDICTS, None])
    return "I cannot decide" if verdict is None else f"Reasons.\nMy final verdict is: [[{verdict}]]"


async def test_the_win_rate_of_version_0_1_is_that_of_an_independent_fit_of_the_official_battles(folder):
    """Battles are made from the official judgment file as the official code makes them, and fitted by statsmodels."""
    benchmark = load_arena_hard(folder, parse_judge_options("judge:fake/judge"))
    assert benchmark.scorer.version == "v0.1"
    judged = await judge_all(benchmark, recorded_answers(folder, "gpt-3.5-turbo-0125"), moody)
    figures = benchmark.scorer.figures(judged)
    text = benchmark.scorer.official_files("gpt-3.5", judged)["model_judgment/fake_judge/gpt-3.5.jsonl"]
    winners = []
    for row in map(json.loads, text.splitlines()):
        for game, (plus, minus) in zip(
            row["games"], (("baseline", "model"), ("model", "baseline")), strict=True
        ):
            winner = {"A>B": plus, "A>>B": plus, "B>A": minus, "B>>A": minus, "A=B": "tie"}.get(game["score"])
            if winner is not None:
                winners += [winner] * (3 if ">>" in game["score"] else 1)
    y = [{"model": 1.0, "baseline": 0.0, "tie": 0.5}[winner] for winner in winners]
    fit = sm.GLM(np.array(y), np.ones((len(y), 1)), family=sm.families.Binomial()).fit()
    assert figures["win_rate"] == pytest.approx(1 / (1 + np.exp(-fit.params[0])), abs=1e-9)
    low, high = figures["official_interval"]
    assert low < figures["win_rate"] < high
    assert figures["interval"][1] - figures["interval"][0] > high - low, "games of one question are alike"
    assert 0 < figures["unreadable"] < 0.2
    assert figures["wording"] == "official: judge_config.yaml"


async def test_version_2_drops_both_games_of_a_question_where_one_is_unreadable(shared_data, tmp_path):
    (tmp_path / "question.jsonl").write_bytes((shared_data / "arena_hard/question_v2.0.jsonl").read_bytes())
    (tmp_path / "model_answer").symlink_to(shared_data / "arena_hard/model_answer_v2.0")
    (tmp_path / "arena-hard-v2.0.yaml").write_text(
        YAML.replace("question_1", "QUESTION").replace("answer_1", "ANSWER_A").replace("answer_2", "ANSWER_B")
    )
    options = parse_judge_options("judge:fake/judge,baseline=o3-mini-2025-01-31")
    benchmark = load_arena_hard(tmp_path, options)
    assert benchmark.scorer.version == "v2"
    answers = {problem.id: f"An answer to {problem.id}." for problem in benchmark.problems}
    judged = await judge_all(benchmark, answers, moody)
    figures = benchmark.scorer.figures(judged)
    text = benchmark.scorer.official_files("me", judged)["model_judgment/fake_judge/me.jsonl"]
    rows = [json.loads(line) for line in text.splitlines()]
    kept = [row["games"] for row in rows if all(game["score"] for game in row["games"])]
    assert 0 < len(kept) < len(rows)
    scores = [
        s
        for games in kept
        for s in OFFICIAL_V2[games[1]["score"]] + [1 - s for s in OFFICIAL_V2[games[0]["score"]]]
    ]
    assert figures["win_rate"] == pytest.approx(sum(scores) / len(scores), abs=1e-9)
    assert sum(isinstance(each.outcome, Unscored) for each in judged) == len(rows) - len(kept)


async def test_a_judge_that_prefers_the_first_place_gives_one_half_and_is_found_out(folder):
    benchmark = load_arena_hard(folder, parse_judge_options("judge:fake/judge"))
    answers = recorded_answers(folder, "gpt-3.5-turbo-0125")
    judged = await judge_all(benchmark, answers, lambda request, number: "[[A>>B]]")
    figures = benchmark.scorer.figures(judged)
    assert figures["win_rate"] == pytest.approx(0.5)
    assert (figures["disagreement"], figures["first_place_wins"]) == (1.0, 1.0)


async def test_strong_verdicts_weigh_three_times(folder):
    benchmark = load_arena_hard(folder, parse_judge_options("judge:fake/judge"))
    problem = benchmark.problems[0]

    def strong_win_weak_loss(request, number):
        return (
            "[[A>>B]]"
            if "\nmine\n" in request.messages[-1].content.partition("The Start of Assistant B")[0]
            else "[[A>B]]"
        )

    ruling = await benchmark.scorer.judge(problem, ("mine",), ScriptedJudge(strong_win_weak_loss))
    assert ruling.outcome == Score(value=0.75)


async def test_the_contestant_is_never_named_to_the_judge(folder):
    benchmark = load_arena_hard(folder, parse_judge_options("judge:fake/judge"))
    judge = ScriptedJudge(lambda request, number: "[[A=B]]")
    await benchmark.scorer.judge(benchmark.problems[0], ("mine",), judge)
    shown = "\n".join(message.content for request in judge.requests for message in request.messages)
    assert "gpt-4-0314" not in shown


def test_strengths_of_many_players_are_those_of_an_independent_fit():
    rng = np.random.default_rng(5)
    players = ["a", "b", "c", "d"]
    truth = {"a": 0.0, "b": 0.7, "c": -0.4, "d": 1.5}
    battles = []
    for _ in range(400):
        one, other = rng.choice(players, size=2, replace=False)
        chance = 1 / (1 + np.exp(truth[other] - truth[one]))
        battles.append(
            Battle(str(one), str(other), float(rng.random() < chance), weight=float(rng.integers(1, 4)))
        )
    found = fit_strengths(battles, anchor="a")
    x = np.array([[(b.first == p) - (b.second == p) for p in players[1:]] for b in battles], dtype=float)
    y = np.array([b.share for b in battles])
    fit = sm.GLM(
        y, x, family=sm.families.Binomial(), freq_weights=np.array([b.weight for b in battles])
    ).fit()
    assert [found[p] for p in players[1:]] == pytest.approx(list(fit.params), abs=1e-7)
    assert found["a"] == 0.0


def test_who_wins_every_game_has_a_win_rate_of_one_and_nothing_breaks():
    battles = [Battle("x", "base", 1.0, group=str(n)) for n in range(20)]
    assert win_rate(fit_strengths(battles, anchor="base"), "x", "base") == pytest.approx(1.0)
    assert bootstrap_win_rate(battles, "x", anchor="base", seed=0) == (1.0, 1.0)
    with pytest.raises(DataError, match="nobody played against 'other'"):
        fit_strengths(battles, anchor="other")


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        battles = []
        for question, chance in enumerate(rng.beta(2, 2, size=60)):
            battles += [
                Battle("x", "base", float(rng.random() < chance), group=str(question)) for _ in range(2)
            ]
        low, high = bootstrap_win_rate(battles, "x", anchor="base", seed=seed, rounds=300)
        hits += low <= 0.5 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_every_verdict_in_either_place_has_one_meaning(folder):
    benchmark = load_arena_hard(folder, parse_judge_options("judge:fake/judge"))
    for verdict, place in itertools.product(VERDICTS, ("first", "second")):
        own = verdict if place == "first" else verdict.translate(str.maketrans("AB", "BA"))
        value = {"A": 1.0, "B": 0.0}[own[0]] if "=" not in verdict else 0.5
        game = Judgment(
            judge="f/j", prompt="p", place=place, asked="?", text="!", verdict=verdict, value=value
        )
        problem = benchmark.problems[0]
        figures = benchmark.scorer.figures([Judged(problem, ("a",), Score(value=value), (game,))])
        assert figures["win_rate"] == pytest.approx(value)
        assert sum(figures["verdicts"].values()) == 1


def test_the_older_form_of_the_questions_is_the_same_benchmark(shared_data):
    options = parse_judge_options("judge:fake/judge")
    new = load_arena_hard(shared_data / "arena_hard/question_v0.1.jsonl", options)
    old = load_arena_hard(shared_data / "arena_hard/arena_questions_archon_format.jsonl", options)
    assert new.fingerprint == old.fingerprint
    assert len(new.problems) == 70


def test_wrong_options_and_files_are_refused(shared_data, tmp_path):
    with pytest.raises(SpecError, match="no single grading"):
        load_arena_hard(tmp_path, parse_judge_options("judge:a/b,grading=single"))
    with pytest.raises(DataError, match=r"no question\.jsonl"):
        load_arena_hard(tmp_path, parse_judge_options("judge:a/b"))
    with pytest.raises(SpecError, match=r"gemini-2\.0-flash-001"):
        load_arena_hard(shared_data / "arena_hard/question_v2.0.jsonl", parse_judge_options("judge:a/b"))
    (tmp_path / "question.jsonl").write_text('{"uid": "x"}\n')
    with pytest.raises(DataError, match=r"question\.jsonl:1: needs 'uid' and 'prompt'"):
        load_arena_hard(tmp_path, parse_judge_options("judge:a/b"))
