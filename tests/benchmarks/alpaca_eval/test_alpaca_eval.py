"""AlpacaEval: recorded judgments go in, the official figures and files come out."""

import gzip
import json
import math
from typing import Any

import pytest

from itas.benchmarks import open_benchmark as find_benchmark
from itas.benchmarks.alpaca_eval import load_alpaca_eval as read_alpaca_eval
from itas.benchmarks.judge import Judged, parse_judge_options
from itas.benchmarks.judge.logprobs import find_shares
from itas.core.problem import Score, Unscored
from itas.core.request import Completion
from itas.errors import DataError, SpecError
from tests.benchmarks.alpaca_eval.test_length_control import OFFICIAL
from tests.benchmarks.judge.worlds import ScriptedJudge

OPTIONS = parse_judge_options("judge:fake/judge")
MODELS = ("claude-2", "gpt-3.5-turbo-1106", "vicuna-13b-v1.5", "FuseChat-Llama-3.1-8B-Instruct")


def load_alpaca_eval(*arguments: Any, **options: Any) -> Any:
    """The benchmark, whose scorer is of a kind of its own."""
    return read_alpaca_eval(*arguments, **options)


def open_benchmark(*arguments: Any, **options: Any) -> Any:
    """The benchmark, whose scorer is of a kind of its own."""
    return find_benchmark(*arguments, **options)


@pytest.fixture(scope="module")
def benchmark(shared_data):
    return load_alpaca_eval(shared_data / "alpaca_eval", OPTIONS)


def annotations(shared_data, model):
    path = shared_data / f"alpaca_eval/annotations/{model}.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


@pytest.mark.parametrize("model", MODELS)
def test_figures_from_recorded_preferences_are_the_official_ones(model, benchmark, shared_data):
    rows = {row["instruction"]: row for row in annotations(shared_data, model)}
    judged = []
    for problem in benchmark.problems:
        row = rows[problem.conversation[-1].content]
        assert row["output_1"] == benchmark.scorer.outputs[row["instruction"]], (
            "the baseline is the recorded one"
        )
        judged.append(Judged(problem, (row["output_2"],), Score(value=row["preference"] - 1)))
    figures = benchmark.scorer.figures(judged)
    official = OFFICIAL[f"annotations/{model}"]
    assert 100 * figures["win_rate"] == pytest.approx(official["win_rate"], abs=1e-5)
    assert 100 * figures["discrete_win_rate"] == pytest.approx(official["discrete_win_rate"], abs=1e-5)
    assert 100 * figures["standard_error"] == pytest.approx(official["standard_error"], abs=1e-5)
    assert figures["length_control"] == "length_controlled_minimal", (
        "no file of difficulties lies in the folder"
    )
    assert 100 * figures["length_controlled_win_rate"] == pytest.approx(
        official["length_controlled_minimal"], abs=0.1
    )


async def test_the_preference_is_the_mean_of_both_orders(benchmark):
    problem = benchmark.problems[0]
    first = ScriptedJudge(lambda request, number: _name(request, 0))
    ruling = await benchmark.scorer.judge(problem, ("mine",), first)
    assert ruling.outcome == Score(value=0.5)
    assert len(first.requests) == benchmark.scorer.planned_judgments(problem) == 2


async def test_an_unreadable_judge_is_no_score_and_never_a_half(benchmark):
    ruling = await benchmark.scorer.judge(
        benchmark.problems[0], ("mine",), ScriptedJudge(lambda request, number: "?")
    )
    assert isinstance(ruling.outcome, Unscored)
    assert len(ruling.judgments) == 2


async def test_the_official_prompt_is_used_where_it_lies_in_the_folder(shared_data, tmp_path):
    for name in ("alpaca_eval_questions.json",):
        (tmp_path / name).write_bytes((shared_data / "alpaca_eval" / name).read_bytes())
    (tmp_path / "model_outputs").symlink_to(shared_data / "alpaca_eval/model_outputs")
    template = "<|im_start|>system\ns\n<|im_end|>\n<|im_start|>user\n"
    template += "I: {instruction}\n1: {output_1}\n2: {output_2}\n<|im_end|>"
    (tmp_path / "alpaca_eval_clf.txt").write_text(template)
    benchmark = load_alpaca_eval(tmp_path, OPTIONS)
    assert benchmark.scorer.wording == "official: alpaca_eval_clf.txt"
    problem = benchmark.problems[0]
    judge = ScriptedJudge(
        lambda request, number: "m" if "\n1: mine\n" in request.messages[-1].content else "M"
    )
    ruling = await benchmark.scorer.judge(problem, ("mine",), judge)
    assert ruling.outcome == Score(value=1.0)
    assert judge.requests[0].messages[0].content == "s"
    with pytest.raises(SpecError, match=r"alpaca_eval_clf\.txt"):
        load_alpaca_eval(shared_data / "alpaca_eval", parse_judge_options("judge:a/b,wording=official"))


def test_official_files_have_the_official_form(benchmark, shared_data):
    problem = benchmark.problems[3]
    judged = [Judged(problem, ("mine",), Score(value=0.25))]
    files = benchmark.scorer.official_files("me", judged)
    outputs, written = json.loads(files["model_outputs.json"]), json.loads(files["annotations.json"])
    theirs = annotations(shared_data, "claude-2")[3]
    assert set(outputs[0]) == {"dataset", "instruction", "output", "generator"}
    assert written[0]["preference"] == 1.25
    same = ("instruction", "output_1", "generator_1", "dataset")
    assert {key: written[0][key] for key in same} == {key: theirs[key] for key in same}
    assert set(written[0]) <= set(theirs)


def test_every_recorded_file_of_outputs_can_be_the_baseline(shared_data):
    folder = shared_data / "alpaca_eval"
    for path in sorted((folder / "model_outputs").glob("*.json.gz")):
        name = path.name.removesuffix(".json.gz")
        options = parse_judge_options(f"judge:a/b,baseline={name}")
        assert len(load_alpaca_eval(folder, options).scorer.outputs) == 100
    options = parse_judge_options(f"judge:a/b,baseline={folder / 'archon/archon-1-110F-2-110M.json.gz'}")
    assert load_alpaca_eval(folder, options).scorer.baseline


def test_subsets_are_drawn_at_random_and_keep_the_official_numbers(shared_data):
    small = open_benchmark(f"alpaca_eval:{shared_data / 'alpaca_eval'}", scorer="judge:a/b", limit=10, seed=4)
    numbers = [problem.tags["index"] for problem in small.problems]
    assert len(set(numbers)) == 10
    assert numbers != list(range(10))
    assert all(problem.id == f"alpaca-{problem.tags['index']:05}" for problem in small.problems)


def test_wrong_files_and_options_are_refused_with_place_and_cure(shared_data, tmp_path):
    with pytest.raises(SpecError, match="no single grading"):
        load_alpaca_eval(shared_data / "alpaca_eval", parse_judge_options("judge:a/b,grading=single"))
    with pytest.raises(DataError, match=r"no alpaca_eval\.json"):
        load_alpaca_eval(tmp_path, OPTIONS)
    (tmp_path / "alpaca_eval.json").write_text('[{"instruction": ""}]')
    with pytest.raises(DataError, match="item 1: needs the text 'instruction'"):
        load_alpaca_eval(tmp_path, OPTIONS)
    (tmp_path / "alpaca_eval.json").write_text('[{"instruction": "x"}]')
    with pytest.raises(SpecError, match="no recorded answers of 'gpt4_1106_preview'"):
        load_alpaca_eval(tmp_path, OPTIONS)
    with pytest.raises(SpecError, match="--judge provider/model"):
        open_benchmark(f"alpaca_eval:{tmp_path}")


def _name(request, place):
    """A verdict for the answer in that place."""
    from itas.core.blocks import read_blocks

    ids = [block.id for block in read_blocks(request.messages[-1].content) if block.label == "answer"]
    return f"VERDICT: {ids[place]} > {ids[1 - place]}"


async def test_preferences_are_weighted_by_the_log_probabilities_of_the_verdict(shared_data, tmp_path):
    (tmp_path / "alpaca_eval_questions.json").symlink_to(
        shared_data / "alpaca_eval/alpaca_eval_questions.json"
    )
    (tmp_path / "model_outputs").symlink_to(shared_data / "alpaca_eval/model_outputs")
    with pytest.raises(SpecError, match="weighted preferences need the official prompt"):
        load_alpaca_eval(tmp_path, parse_judge_options("judge:a/b,weighted=true"))
    (tmp_path / "alpaca_eval_clf.txt").write_text(
        "<|im_start|>user\nI: {instruction}\n1: {output_1}\n2: {output_2}\n<|im_end|>"
    )
    benchmark = load_alpaca_eval(tmp_path, parse_judge_options("judge:a/b,weighted=true"))
    top = [
        {"token": "M", "logprob": -0.017597131},
        {"token": "m", "logprob": -4.048847},
        {"token": "The", "logprob": -15.7},
    ]
    extra = json.dumps({"logprobs": {"content": [{"top_logprobs": top}]}})
    theirs = 1 - math.exp(-4.048847) / (math.exp(-4.048847) + math.exp(-0.017597131))  # P(M): 2 - preference
    sure = ScriptedJudge(lambda request, number: Completion(text="M", extra=extra))
    ruling = await benchmark.scorer.judge(benchmark.problems[0], ("mine",), sure)
    by_place = {game.place: game.value for game in ruling.judgments}
    assert by_place["second"] == pytest.approx(theirs)
    assert by_place["first"] == pytest.approx(1 - theirs)
    assert json.loads(sure.requests[0].extra) == {"logprobs": True, "top_logprobs": 5}
    plain = await benchmark.scorer.judge(
        benchmark.problems[0], ("mine",), ScriptedJudge(lambda request, number: "M")
    )
    assert {game.place: game.value for game in plain.judgments} == {"second": 1.0, "first": 0.0}
    judged = [
        Judged(benchmark.problems[0], ("mine",), each.outcome, each.judgments) for each in (ruling, plain)
    ]
    assert benchmark.scorer.figures(judged)["weighted"] == 0.5


def test_what_is_no_log_probability_tells_nothing():
    for extra in (
        "",
        "{}",
        '{"logprobs": {"content": []}}',
        '{"logprobs": {"content": [{"top_logprobs": [{}]}]}}',
        "x",
    ):
        assert find_shares(extra, ("m", "M")) is None
