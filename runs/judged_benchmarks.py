"""What our figures of judged benchmarks are on recorded answers and judgments of real models.

    python runs/judged_benchmarks.py [--data FOLDER] [--out FILE]

FOLDER is the recorded real data (``mt_bench``, ``alpaca_eval``, ``arena_hard``, ``mixeval``); ITAS_SHARED_DATA or
``../shared/data`` by default. No model is called. The figures are written to ``docs/results/judged-benchmarks.md``.
What the official package says of the same preferences stands in ``official_length_control.json`` beside the tests, and
was written by ``runs/official_length_control.py``.
"""

# ruff: noqa: E501 - lines of the page it writes

import argparse
import asyncio
import gzip
import json
import os
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from itas.benchmarks.alpaca_eval import Preference, length_controlled
from itas.benchmarks.alpaca_eval.length_control import load_variants
from itas.benchmarks.arena_hard import load_arena_hard
from itas.benchmarks.judge import Judged, parse_judge_options
from itas.benchmarks.judge.files import load_turns
from itas.benchmarks.judge.verdicts import parse_rating
from itas.benchmarks.mixeval import load_mixeval
from itas.benchmarks.mt_bench import load_mt_bench
from itas.core.judging import Judgment
from itas.core.problem import Score
from itas.core.request import Completion, Request

ROOT = Path(__file__).resolve().parent.parent
OFFICIAL = ROOT / "tests/benchmarks/alpaca_eval/official_length_control.json"
FORMS = ("length_controlled_v1", "length_controlled_noreg", "length_controlled_minimal")
VERDICTS = ("A>>B", "A>B", "A=B", "B>A", "B>>A")


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--data", default=os.environ.get("ITAS_SHARED_DATA", str(ROOT.parent / "shared/data"))
    )
    parser.add_argument("--out", default=str(ROOT / "docs/results/judged-benchmarks.md"))
    given = parser.parse_args()
    data = Path(given.data)
    parts = [
        HEAD,
        mt_bench(data),
        alpaca_eval(data),
        asyncio.run(arena_hard(data)),
        asyncio.run(mixeval(data)),
    ]
    Path(given.out).write_text("\n".join(parts), encoding="utf-8")


HEAD = """\
# Judged benchmarks on recorded data

Made by `runs/judged_benchmarks.py` from recorded answers and judgments of real models; no model was called. The recorded sets are parts of the
official ones (40 of 80 questions of MT-Bench, 100 or 399 of 805 instructions of AlpacaEval, 70 of 500 and 40 of 750 of Arena-Hard, 120 and 90 problems of
MixEval), so no figure here is a leaderboard's.
"""


def mt_bench(data: Path) -> str:
    """Scores from recorded judgments, and how many of them are read."""
    benchmark = load_mt_bench(data / "mt_bench", parse_judge_options("judge:openai/gpt-4"))
    rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((data / "mt_bench/model_judgment").glob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            row = json.loads(line)
            rows[path.name.partition(".")[0], row["model"]].append(row)
    read = sum(parse_rating(row["judgment"]) == row["score"] for each in rows.values() for row in each)
    table = [
        "| file | model | ratings | score | first turn | second turn | FastChat's arithmetic |",
        "|---|---|---|---|---|---|---|",
    ]
    for (file, model), found in sorted(rows.items()):
        by_id: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in found:
            by_id[str(row["question_id"])].append(row)
        judged = [
            Judged(problem, ("", ""), Score(value=0.5), tuple(map(_judgment, by_id[problem.id])))
            for problem in benchmark.problems
            if problem.id in by_id
        ]
        figures = benchmark.scorer.figures(judged)  # type: ignore[attr-defined]
        theirs = sum(row["score"] for row in found) / len(found)
        cells = [_number(figures[name]) for name in ("score", "first_turn", "second_turn")]
        table.append(f"| {file} | {model} | {len(found)} | {' | '.join(cells)} | {theirs:.4f} |")
    total = sum(map(len, rows.values()))
    return (
        f"## MT-Bench\n\n{read} of {total} recorded judgments are read, each as the score that was recorded with it.\n\n"
        + "\n".join(table)
        + "\n"
    )


def alpaca_eval(data: Path) -> str:
    """Raw and length-controlled win rates against the official package."""
    sys.path.insert(0, str(ROOT / "runs"))
    from official_length_control import made_up_variants, recorded

    official = json.loads(OFFICIAL.read_text())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "df_gamed.csv"
        made_up_variants(path, 805)
        variants = load_variants(path)
    known: dict[str, dict[str, Any]] = {
        FORMS[0]: {"variants": variants}, FORMS[1]: {"difficulty": variants.difficulty}, FORMS[2]: {},
    }  # fmt: skip
    table = [
        "| recorded | n | win rate | official | LC v1 | official | LC noreg | official | LC minimal | official |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    worst_raw, worst = 0.0, dict.fromkeys(FORMS, 0.0)
    for name, annotations in recorded(data).items():
        preferences = [
            Preference(
                index,
                None if each["preference"] is None else float(each["preference"]) - 1,  # type: ignore[arg-type]
                len(str(each["output_2"])),
                len(str(each["output_1"])),
            )
            for index, each in enumerate(annotations)
        ]
        values = [each.value for each in preferences if each.value is not None]
        raw = 100 * sum(values) / len(values)
        worst_raw = max(worst_raw, abs(raw - official[name]["win_rate"]))
        cells = [f"{raw:.3f}", f"{official[name]['win_rate']:.3f}"]
        for form in FORMS:
            control = length_controlled(preferences, **known[form])
            ours = 100 * control.win_rate if control else float("nan")
            worst[form] = max(worst[form], abs(ours - official[name][form]))
            cells += [f"{ours:.3f}", f"{official[name][form]:.3f}"]
        table.append(f"| {name} | {len(values)} | {' | '.join(cells)} |")
    differences = ", ".join(f"{worst[form]:.3f} ({form})" for form in FORMS)
    return f"""\
## AlpacaEval 2.0

In percent, for every model with recorded preferences, ours beside what the official package (`alpaca_eval` 0.6.6) computes from the same preferences. Largest
difference of the raw win rate: {worst_raw:.6f} points; of the length-controlled one: {differences} points.

What could not be done: the official difficulties of the instructions and the judgments of the two length-gamed variants of the baseline stand in
`df_gamed.csv`, which the package fetches from a hub and does not contain. For `v1` and `noreg` a file made up from a seed stands in for it, the same for
the package and for us. So the arithmetic is compared (features, weights, penalty, cross-validation, prediction), and the figures in these columns are
not the published ones; those are over 805 instructions, of which at most 399 are recorded here. The remaining differences are the tolerance of the
official solver.

""" + "\n".join(table) + "\n"  # fmt: skip


async def arena_hard(data: Path) -> str:
    """The recorded answers under scripted judges: what the fit makes of verdicts of known bias."""
    options = parse_judge_options("judge:fake/judge")
    benchmark = load_arena_hard(data / "arena_hard/question_v0.1.jsonl", options)
    answers = load_turns(data / "arena_hard/model_answer_v0.1/gpt-3.5-turbo-0125.jsonl.gz")[1]
    judges = {
        "prefers the longer answer": _longer,
        "prefers the first place, strongly": lambda first, second: ">>",
        "always a tie": lambda first, second: "=",
        "a verdict drawn at random per prompt": lambda first, second: random.Random(first + second).choice(
            [">>", ">", "=", "<", "<<"]
        ),
    }
    table = [
        "| scripted judge | win rate | interval | official interval | disagreement | first place wins |",
        "|---|---|---|---|---|---|",
    ]
    for name, rule in judges.items():
        judged: list[Judged] = []
        for problem in benchmark.problems:
            answer = answers[problem.id][-1]
            other = benchmark.scorer.baselines[problem.id][1]  # type: ignore[attr-defined]

            async def ask(
                request: Request, rule: Any = rule, answer: str = answer, other: str = other
            ) -> Completion:
                return _scripted(request, rule, answer, other)

            ruling = await benchmark.scorer.judge(problem, (answer,), ask)  # type: ignore[attr-defined]
            judged.append(Judged(problem, (answer,), ruling.outcome, ruling.judgments))
        figures = benchmark.scorer.figures(judged)  # type: ignore[attr-defined]
        intervals = [
            f"{low:.3f} to {high:.3f}" for low, high in (figures["interval"], figures["official_interval"])
        ]
        rates = [_number(figures[each]) for each in ("disagreement", "first_place_wins")]
        table.append(
            f"| {name} | {figures['win_rate']:.4f} | {' | '.join(intervals)} | {' | '.join(rates)} |"
        )
    return f"""
## Arena-Hard-Auto

gpt-3.5-turbo-0125 against gpt-4-0314 on {len(benchmark.problems)} recorded questions, under judges whose rule is known; there are no recorded judgments. The
Bradley-Terry fit of these verdicts equals one by statsmodels to 9 digits (`tests/benchmarks/test_arena_hard.py`).

""" + "\n".join(table) + "\n"  # fmt: skip


async def mixeval(data: Path) -> str:
    """What the rules make of right answers, and of the first listed spelling in a sentence."""
    table = [
        "| set | problems | every listed right answer, alone | in a sentence | the letter of the right option | a wrong letter |",
        "|---|---|---|---|---|---|",
    ]
    for name in ("mixeval", "mixeval_hard"):
        benchmark = load_mixeval(data / name)
        targets = benchmark.scorer.targets  # type: ignore[attr-defined]
        counts: dict[str, list[float]] = defaultdict(list)
        for problem in benchmark.problems:
            replies = {
                "alone": targets.get(problem.id, ()),
                "sentence": [f"It is {each}." for each in targets.get(problem.id, ())],
            }
            if problem.choices:
                replies = {"letter": [str(problem.target)], "wrong": ["A" if problem.target != "A" else "B"]}
            for kind, texts in replies.items():
                for text in texts:
                    ruling = await benchmark.scorer.judge(problem, (text,), _nobody)  # type: ignore[attr-defined]
                    counts[kind].append(ruling.outcome.value if isinstance(ruling.outcome, Score) else 0.0)
        cells = [
            f"{100 * sum(counts[kind]) / len(counts[kind]):.1f} % of {len(counts[kind])}"
            for kind in ("alone", "sentence", "letter", "wrong")
        ]
        table.append(f"| {name} | {len(benchmark.problems)} | {' | '.join(cells)} |")
    return """
## MixEval

What the rule parsers say of answers whose truth is known; there are no recorded replies of models. A listed right answer that contains one of the
key words of the rules ("is", "so", "answer") is cut there, by the official rules and by ours.

""" + "\n".join(table) + "\n"  # fmt: skip


async def _nobody(request: Request) -> Completion:
    raise AssertionError("the rules ask nobody")


def _judgment(row: dict[str, Any]) -> Judgment:
    rating = parse_rating(row["judgment"])
    return Judgment(
        judge="openai/gpt-4",
        prompt=row["judge"][1],
        turn=row["turn"],
        asked=row["user_prompt"],
        text=row["judgment"],
        verdict=f"{rating:g}",
        value=rating / 10,
    )


def _longer(first: str, second: str) -> str:
    return "=" if len(first) == len(second) else ">" if len(first) > len(second) else "<"


def _scripted(request: Request, rule: Any, answer: str, other: str) -> Completion:
    """Our own wording asks; the blocks say who stands first."""
    from itas.core.blocks import read_blocks

    shown = [block for block in read_blocks(request.messages[-1].content) if block.label == "answer"]
    assert {block.text for block in shown} <= {answer, other}
    sign = rule(shown[0].text, shown[1].text)
    return Completion(text=f"VERDICT: {shown[0].id} {sign} {shown[1].id}")


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "-"


if __name__ == "__main__":
    main()
