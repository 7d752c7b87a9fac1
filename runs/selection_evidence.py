"""Majority or weighted vote, one order or both, on recorded votes and verdicts of real models; asks nobody.

Reads the recorded data (ITAS_SHARED_DATA, or ../shared/data beside the checkout) and writes docs/results/selection.md.
Run: python runs/selection_evidence.py
"""

import asyncio
import gzip
import json
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from itas.components import Vote
from itas.core.candidate import Candidate, Origin, State
from itas.core.messages import user
from itas.search.ranking import vote_weight
from itas.testing.contexts import FunctionContext

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("ITAS_SHARED_DATA") or ROOT.parent / "shared" / "data")
OUT = ROOT / "docs" / "results" / "selection.md"
SPLITS = 50


@dataclass(frozen=True)
class Panel:
    """Recorded final answers of several models to the same problems.

    Attributes:
        name: For the table.
        kind: How answers are read by the vote.
        chance: Of guessing right.
        per_model: Votes of each model.
        gold: By problem.
        answers: By model and problem, one per recorded sample.
    """

    name: str
    kind: str
    chance: float
    per_model: int
    gold: dict[Any, str]
    answers: dict[str, dict[Any, list[str]]]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a packed JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def exam_panel() -> Panel:
    """Five models on one multiple-choice exam at temperature 0.7, two votes each."""
    rows = read_lines(DATA / "mcqa_temperature" / "answers.jsonl.gz")
    items = read_lines(DATA / "mcqa_temperature" / "items.jsonl.gz")
    exam = "comprehensive-100"
    gold = {row["problem_id"]: row["correct_answer"] for row in items if row["exam"] == exam}
    answers: dict[str, dict[Any, list[str]]] = {}
    for row in rows:
        if (row["exam"], row["prompting"], row["temperature"]) == (exam, "chain_of_thought", 0.7):
            answers[f"recorded/{row['model']}"] = {
                problem: list(said) for problem, said in zip(row["problem_id"], row["answers10"], strict=True)
            }
    common = set(gold).intersection(*map(set, answers.values()))
    return Panel("exam, five models", "choice", 0.25, 2, {id: gold[id] for id in sorted(common)}, answers)


def date_panel() -> Panel:
    """GPT-4, GPT-3.5 and Llama-2-13b on date problems, three votes each."""
    files = {
        "GPT4_result/date_cot1.json": "recorded/gpt-4",
        "GPT3_result/date_cot1_t=0.8.json": "recorded/gpt-3.5-turbo",
        "llama2_13B_result/date_cot1.json": "recorded/llama-2-13b",
    }
    gold: dict[Any, str] = {}
    answers: dict[str, dict[Any, list[str]]] = defaultdict(dict)
    for row in read_lines(DATA / "multi_sample_answers" / "mot_cascade_answers.jsonl.gz"):
        if row["file"] in files:
            gold[row["item_index"]] = normal(row["gold"])
            answers[files[row["file"]]][row["item_index"]] = [normal(each) for each in row["sample_answers"]]
    return Panel("dates, three models", "text", 0.1, 3, gold, dict(answers))


def normal(answer: object) -> str:
    """A date as the recording spells it, in one spelling."""
    return str(answer).strip().lower() or "-"


async def vote(panel: Panel, votes: Sequence[tuple[str, str]], weights: dict[str, float]) -> str:
    """The winning answer, by the component itself."""
    candidates = tuple(
        Candidate("I do not know." if said == "-" else f"Answer: {said}", Origin(0, 0, model, 0))
        for model, said in votes
    )
    question = "A: \nB: \nC: \nD: \nE: " if panel.kind == "choice" else "When?"
    component = Vote.parse({"answer_kind": panel.kind, "weights": weights})
    (best, *_) = await component.select(State(user(question), candidates), FunctionContext(lambda prompt: ""))
    return votes[best][1]


async def compare_votes(panel: Panel) -> dict[str, dict[Any, list[float]]]:
    """Right or wrong by method and problem, once per split in which the problem is held out."""
    right: dict[str, dict[Any, list[float]]] = defaultdict(lambda: defaultdict(list))
    problems = list(panel.gold)
    for split in range(SPLITS):
        rng = Random(split)
        shuffled = rng.sample(problems, len(problems))
        half = len(problems) // 2
        skills = {
            model: float(np.mean([said == panel.gold[p] for p in shuffled[:half] for said in by_problem[p]]))
            for model, by_problem in panel.answers.items()
        }
        weights = {model: vote_weight(skill, half, chance=panel.chance) for model, skill in skills.items()}
        best = max(skills, key=lambda model: skills[model])
        for problem in shuffled[half:]:
            gold = panel.gold[problem]
            votes = [
                (model, said)
                for model, by_problem in panel.answers.items()
                for said in rng.sample(by_problem[problem], min(panel.per_model, len(by_problem[problem])))
            ]
            rng.shuffle(votes)
            alone = panel.answers[best][problem]
            same = [(best, said) for said in rng.sample(alone, min(len(votes), len(alone)))]
            right["one call of the best"][problem].append(float(np.mean([said == gold for said in alone])))
            right["best alone, voted"][problem].append(float(await vote(panel, same, {}) == gold))
            right["majority"][problem].append(float(await vote(panel, votes, {}) == gold))
            right["weighted"][problem].append(float(await vote(panel, votes, weights) == gold))
    return right


def interval(values: Sequence[float]) -> str:
    """Mean in per cent, with a 95 % interval over problems."""
    found = np.array(values)
    half = 1.96 * found.std(ddof=1) / np.sqrt(len(found))
    return f"{100 * found.mean():.1f} ± {100 * half:.1f}"


def vote_rows(panel: Panel) -> list[str]:
    """The table rows of one panel."""
    right = asyncio.run(compare_votes(panel))
    by_problem = {
        name: {p: float(np.mean(scores)) for p, scores in found.items()} for name, found in right.items()
    }
    base = by_problem["majority"]
    rows: list[str] = []
    for name, found in by_problem.items():
        difference = "" if name == "majority" else interval([found[p] - base[p] for p in found])
        rows.append(
            f"| {panel.name} | {name} | {len(found)} | {interval(list(found.values()))} | {difference} |"
        )
    return rows


def judge_rows() -> list[str]:
    """One row per kind of pairs and judge, over its four promptings; intervals over pairs."""
    verdicts: dict[tuple[str, str], list[tuple[str, str, str, str]]] = defaultdict(list)
    for path in sorted((DATA / "llmbar" / "judgments").glob("*.jsonl.gz")):
        pairs, judge, _ = path.name.removesuffix(".jsonl.gz").split("__")
        for row in read_lines(path):
            if {row["winner"], row["winner_swapped"]} <= {"1", "2"}:
                verdict = (row["input_md5"], str(row["label"]), row["winner"], row["winner_swapped"])
                verdicts[pairs.partition("_")[0], judge].append(verdict)
    rows: list[str] = []
    for (pairs, judge), found in sorted(verdicts.items(), reverse=True):
        one = over_pairs(found, lambda label, first, second: float(first == label))
        both = over_pairs(found, lambda label, first, second: ((first == label) + (second == label)) / 2)
        agree = over_pairs(found, lambda label, first, second: float(first == second))
        agreed = [verdict for verdict in found if verdict[2] == verdict[3]]
        right = over_pairs(agreed, lambda label, first, second: float(first == label))
        by_place = over_pairs(found, lambda label, first, second: float((first, second) == ("1", "2")))
        rows.append(
            f"| {pairs.lower()} | {judge} | {len({id for id, *_ in found})} | {interval(one)} | {interval(both)} "
            f"| {interval(right)} | {100 * float(np.mean(agree)):.0f} | {100 * float(np.mean(by_place)):.0f} |"
        )
    return rows


def over_pairs(
    verdicts: Sequence[tuple[str, str, str, str]], value: Callable[[str, str, str], float]
) -> list[float]:
    """The mean value of each pair of outputs, over the promptings."""
    by_pair: dict[str, list[float]] = defaultdict(list)
    for id, *verdict in verdicts:
        by_pair[id].append(value(*verdict))
    return [float(np.mean(values)) for values in by_pair.values()]


PAGE = """\
# Selection on recorded votes and verdicts

Made by `runs/selection_evidence.py` from recorded answers of real models (see its docstring for the data). Nobody
was asked. The vote is the component `vote` itself, the weights are those that a search learns (`vote_weight`).

## Majority or weighted vote

{splits} random splits: weights and the best model are learned on one half of the problems, figures are from the
other. A problem's figure is its mean over the splits in which it was held out; ± is a 95 % interval over problems.
*Best alone* is the model that was best on the learning half, with as many votes as the panel where that many
samples were recorded.

| votes | method | problems | right, % | against the majority, points |
|---|---|---|---|---|
{votes}

## One order or both

LLMBar: two outputs, one follows the instruction, people agree which. In the natural pairs the better one is mostly
the one that looks better; in the adversarial ones the worse one was chosen to look better. Each judge saw each pair
in both orders, with four promptings; ± is a 95 % interval over pairs. *One order* is the order as recorded. *Both*
gives half a point where the orders disagree, as `tournament` does. *By place*: the output shown first won in both
orders.

| pairs | judge | pairs | one order, right % | both, right % | where both agree, right % | agree, % | by place, % |
|---|---|---|---|---|---|---|---|
{judges}

## What it shows

{lessons}
"""

LESSONS = """\
* **Weights repair a panel of unequal models; they do not beat its best model.** On the dates, where GPT-4 votes
  with two much weaker models, the weighted vote gains over the majority and no more than reaches GPT-4 alone. On
  the exam, 43 problems of which 21 teach the weights, nothing can be told apart. Compare a vote with the best model
  alone at the same number of votes, not with the majority only.
* **Both orders do not make a judge right more often on average.** With half a point for a disagreement the expected
  score is the mean of the two orders, by arithmetic; it varies less (the intervals are narrower) and takes twice
  the calls.
* **What both orders buy is knowing when the judge went by place.** These judges, old and weak ones, let the place
  decide in a tenth (LLaMA2, natural) to three quarters (Falcon) of the comparisons. Where the orders agree, natural
  pairs are judged better than by one order. On adversarial pairs the agreement is often agreement on the wrong one:
  two orders repair a bias of place, not one of looks.
"""


def main() -> None:
    """Measure and write the page."""
    votes = [row for panel in (exam_panel(), date_panel()) for row in vote_rows(panel)]
    page = PAGE.format(
        splits=SPLITS,
        votes="\n".join(votes),
        judges="\n".join(judge_rows()),
        lessons=LESSONS.rstrip(),
    )
    OUT.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
