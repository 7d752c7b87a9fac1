"""Measure the simulated pool beside recorded answers of real models and the published component table.

    python runs/simulated_calibration.py --data PATH [--problems 390] [--seeds 3] [--out docs/results/...]

Writes docs/results/simulated-calibration.md. The recorded data is not part of the repository; without it
those columns stay empty. Everything is decided by the seeds, except the speed at the end.
"""

import argparse
import asyncio
import gzip
import json
import platform
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

import itas
import itas.components
from itas.benchmarks.word_problems import word_problems
from itas.core.answers import find_answer
from itas.core.architecture import Architecture
from itas.core.problem import Problem
from itas.core.request import Request
from itas.engine.run import answer
from itas.errors import ParseError
from itas.models.simulated import PROFILES, SimulatedPool

LARGE = [profile.name for profile in PROFILES if profile.wavering < 0.12]
SMALL = [profile.name for profile in PROFILES if profile.wavering >= 0.12]

# Saad-Falcon et al. 2024 (arXiv:2409.15254 v6), points over the best single model. Table 5: eight open
# models of 70B and more, MixEval-Hard / MATH. Table 38: ten models of 7B, MixEval-Hard. Table 6: GPT-4o,
# ten samples, MixEval-Hard / MATH.
PUBLISHED_LARGE = {
    "fuser": "+1.4 / +1.0",
    "critic, fuser": "+3.0 / +2.7",
    "ranker": "0.0 / −4.1",
    "verifier": "−2.8 / +0.7",
    "tests": "−3.5 / +0.7",
    "ranker, fuser": "+1.0 / +0.8",
    "verifier, fuser": "+9.6 / +2.2",
    "tests, fuser": "+5.2 / +1.9",
    "critic, verifier, fuser": "+7.1 / +1.6",
    "critic, ranker, fuser": "+8.1 / +2.8",
}
PUBLISHED_SMALL = {
    "fuser": "−0.9",
    "critic, fuser": "−3.6",
    "ranker": "+6.8",
    "ranker, fuser": "+0.8",
}
PUBLISHED_ONE = {
    "fuser": "+2.1 / −1.1",
    "critic, fuser": "+4.0 / +0.2",
    "ranker": "−0.1 / −4.8",
    "verifier": "−2.0 / −6.6",
    "tests": "−3.2 / −3.2",
    "ranker, fuser": "+1.6 / 0.0",
    "verifier, fuser": "+3.6 / +1.0",
    "tests, fuser": "+4.3 / +2.2",
    "critic, verifier, fuser": "+5.1 / +3.6",
    "critic, ranker, fuser": "+6.0 / +4.9",
}


@dataclass(frozen=True)
class Ensemble:
    """Generators, the models of the other components, and the published figures to stand beside."""

    title: str
    generators: list[str]
    samples: int
    critic: str
    ranker: str
    verifier: str
    tests: str
    fuser: str
    published: dict[str, str]


ENSEMBLES = (
    Ensemble(
        "Eight large models, one sample each", LARGE, 1,
        "scribe-large", "atlas-large", "euler-large", "turing-large", "scribe-large", PUBLISHED_LARGE,
    ),
    Ensemble(
        "Eight small models, one sample each", SMALL, 1,
        "atlas-small", "atlas-small", "atlas-small", "atlas-small", "atlas-small", PUBLISHED_SMALL,
    ),
    Ensemble(
        "One large model, ten samples", ["atlas-large"], 10,
        "atlas-large", "atlas-large", "atlas-large", "atlas-large", "atlas-large", PUBLISHED_ONE,
    ),
)  # fmt: skip


def main() -> None:
    """Measure everything and write the page."""
    options = _options()
    problems = word_problems(1, options.problems)
    pools = [SimulatedPool(problems, seed) for seed in range(options.seeds)]
    parts = [
        "# The simulated models beside recorded ones\n",
        f"Made by `runs/simulated_calibration.py`: itas {itas.__version__}, "
        f"Python {platform.python_version()}, "
        f"numpy {np.__version__}; {options.problems} word problems of seed 1, "
        f"pool seeds 0 to {options.seeds - 1}. "
        "Simulated figures are simulated: they say how the pool behaves, not how real models do.\n",
        _models(pools[0], problems),
        _correlations(pools[0], problems, options.data),
    ]
    for ensemble in ENSEMBLES:
        parts.append(asyncio.run(_ablation(ensemble, pools, problems)))
        print(parts[-1], flush=True)
    parts.append(_speed(problems))
    options.out.write_text("\n".join(parts), encoding="utf-8")
    print("\n".join(parts[:4]), parts[-1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--data", type=Path, default=None, help="folder of recorded answers")
    parser.add_argument("--problems", type=int, default=390)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=root / "docs" / "results" / "simulated-calibration.md")
    return parser.parse_args()


def _models(pool: SimulatedPool, problems: tuple[Problem, ...]) -> str:
    rows = [
        "## Models\n",
        "Right samples in per cent, closed form; correlation of the correctness of two samples.\n",
    ]
    rows += [
        "| model | T 0.7 | mathematics | logic | pass@10 | within, T 0 | T 0.7 | T 1 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in pool.names:
        cold, usual, hot = (_chances(pool, name, problems, t) for t in (0.0, 0.7, 1.0))
        is_mathematics = np.array([problem.tags["topic"] == "mathematics" for problem in problems])
        passed = np.mean(1 - (1 - usual) ** 10)
        shown = [usual.mean(), usual[is_mathematics].mean(), usual[~is_mathematics].mean(), passed]
        cells = [f"{100 * share:.0f}" for share in shown] + [f"{_within(p):.2f}" for p in (cold, usual, hot)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*rows, ""])


def _correlations(pool: SimulatedPool, problems: tuple[Problem, ...], data: Path | None) -> str:
    chances = {name: _chances(pool, name, problems, 1.0) for name in pool.names}
    between = [_between(chances[one], chances[two]) for one, two in combinations(pool.names, 2)]
    within = {name: _within(p) for name, p in chances.items()}
    large = [within[f"simulated/{name}"] for name in LARGE]
    small = [within[f"simulated/{name}"] for name in SMALL]
    across, inside = _simulated_agreement(pool, problems[:300])
    recorded = _recorded(data) if data is not None else defaultdict(lambda: "not at hand")
    cold = [_within(_chances(pool, name, problems, 0.0)) for name in pool.names]
    measured = {
        "two samples of one model, T 1, large": (_range(large), "large"),
        "two samples of one model, T 1, small": (_range(small), "small"),
        "two samples of one model, T 0": (_range(cold), "cold"),
        "two models": (f"{_range(between)}, median {np.median(between):.2f}", "between"),
        "two models, both wrong: same answer": (f"{across:.2f}", "across"),
        "one model, both wrong: same answer": (f"{inside:.2f}", "inside"),
    }
    rows = ["## Correlations\n", "| | simulated | recorded |", "|---|---|---|"]
    rows += [f"| {what} | {figure} | {recorded[key]} |" for what, (figure, key) in measured.items()]
    return "\n".join([*rows, ""])


def _simulated_agreement(pool: SimulatedPool, problems: tuple[Problem, ...]) -> tuple[float, float]:
    across, inside = [0, 0], [0, 0]
    for problem in problems:
        drawn = {
            name: [
                _read(problem, completion.text)
                for completion in pool.model(name).draw(_request(name, problem), n=3)
            ]
            for name in pool.names
        }
        for one, two in combinations(pool.names, 2):
            _count(across, [drawn[one][0], drawn[two][0]], problem.target)
        for answers in drawn.values():
            _count(inside, answers, problem.target)
    return across[0] / across[1], inside[0] / inside[1]


def _request(name: str, problem: Problem) -> Request:
    return Request(model=name, messages=problem.conversation, temperature=1.0)


def _count(tally: list[int], answers: Any, target: str | None) -> None:
    for one, two in combinations([each for each in answers if each != target], 2):
        tally[0] += one == two
        tally[1] += 1


def _recorded(data: Path) -> dict[str, str]:
    """Multiple-choice answers (10 samples, 5 models), dates and GSM8K answers; see the README of the data."""
    right = {
        (row["exam"], row["problem_id"]): row["correct_answer"]
        for row in _rows(data / "mcqa_temperature/items.jsonl.gz")
    }
    within: dict[tuple[str, float], float] = {}
    hot: dict[str, dict[int, str]] = {}
    inside, across = [0, 0], [0, 0]
    exam = "comprehensive-100"
    for row in _rows(data / "mcqa_temperature/answers.jsonl.gz"):
        if (
            row["exam"] != exam
            or row["prompting"] != "chain_of_thought"
            or row["temperature"] not in (0.0, 1.0)
        ):
            continue
        answers = dict(zip(row["problem_id"], row["answers10"], strict=True))
        correct = np.array(
            [[letter == right[exam, number] for letter in text] for number, text in answers.items()]
        )
        within[row["model"], row["temperature"]] = _intraclass(correct)
        if row["temperature"] == 1.0:
            hot[row["model"]] = answers
            for number, text in answers.items():
                _count(inside, text, right[exam, number])
    phis: list[float] = []
    for one, two in combinations(hot, 2):
        pairs: list[tuple[bool, bool]] = []
        for number in hot[one].keys() & hot[two].keys():
            target = right[exam, number]
            for first, second in zip(hot[one][number], hot[two][number], strict=True):
                pairs.append((first == target, second == target))
                _count(across, [first, second], target)
        phis.append(float(np.corrcoef(np.array(pairs).T)[0, 1]))
    matrix = list(_rows(data / "gsm8k/zeroeval_gsm_matrix.jsonl.gz"))[1:]
    gsm = np.corrcoef(np.array([[int(mark) for mark in row["correct"]] for row in matrix]))[
        np.triu_indices(len(matrix), 1)
    ]
    dates = _dates(data)
    weak, cold = "llama-2-70b-chat", [value for (_, t), value in within.items() if t == 0.0]
    strong = [value for (model, t), value in within.items() if t == 1.0 and model != weak]
    gpt, llama = dates["GPT4_result/date_cot1.json"], dates["llama2_13B_result/date_cot1.json"]
    low, high = np.quantile(gsm, [0.1, 0.9])
    letters = "multiple choice"
    return {
        "large": f"{_range(strong)} (four models, {letters}); GPT-4 {gpt:.2f} (dates)",
        "small": f"Llama 2 70B {within[weak, 1.0]:.2f} ({letters}), 13B {llama:.2f} (dates)",
        "cold": f"{_range(cold)} ({letters})",
        "between": f"{_range(phis)}, median {np.median(phis):.2f} ({letters}); "
        f"{low:.2f} to {high:.2f}, median {np.median(gsm):.2f} (GSM8K, 20 models, middle 80 %)",
        "across": f"{across[0] / across[1]:.2f} ({letters})",
        "inside": f"{inside[0] / inside[1]:.2f} ({letters})",
    }


def _dates(data: Path) -> dict[str, float]:
    samples: dict[str, list[list[bool]]] = defaultdict(list)
    for row in _rows(data / "multi_sample_answers/mot_cascade_answers.jsonl.gz"):
        samples[row["file"]].append([answer == row["gold"] for answer in row["sample_answers"]])
    found: dict[str, float] = {}
    for file, rows in samples.items():
        (width, _), *_ = Counter(map(len, rows)).most_common(1)
        if "date" in file and width > 1:
            found[file] = _intraclass(np.array([row for row in rows if len(row) == width]))
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _intraclass(correct: np.ndarray) -> float:
    """Correlation of two columns, estimated from all of them; rows are problems."""
    values = correct.astype(float)
    n, k = values.shape
    means = values.mean(axis=1)
    between = k * ((means - values.mean()) ** 2).sum() / (n - 1)
    within = ((values - means[:, None]) ** 2).sum() / (n * (k - 1))
    return float((between - within) / (between + (k - 1) * within))


def _chances(pool: SimulatedPool, name: str, problems: tuple[Problem, ...], temperature: float) -> np.ndarray:
    return np.array([pool.probability_right(name, problem, temperature) for problem in problems])


def _within(p: np.ndarray) -> float:
    return float(p.var() / (p.mean() * (1 - p.mean())))


def _between(p: np.ndarray, q: np.ndarray) -> float:
    return float(
        np.cov(p, q, bias=True)[0, 1] / (p.mean() * (1 - p.mean()) * q.mean() * (1 - q.mean())) ** 0.5
    )


def _range(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def _read(problem: Problem, text: str) -> str | None:
    return find_answer(text, "choice" if problem.choices else "number")


def _builds(ensemble: Ensemble) -> dict[str, list[Any]]:
    def by(type: str, name: str, **fields: Any) -> dict[str, Any]:
        return {"type": type, "model": f"simulated/{name}", **fields}

    models = [f"simulated/{name}" for name in ensemble.generators]
    start: list[Any] = [{"type": "generator", "models": models, "samples": ensemble.samples}]
    critic, verifier = by("critic", ensemble.critic), by("verifier", ensemble.verifier)
    ranker, fuser = by("ranker", ensemble.ranker, top_k=5), by("fuser", ensemble.fuser)
    tests = [by("unit_test_generator", ensemble.tests), by("unit_test_evaluator", ensemble.tests, top_k=5)]
    return {
        "vote": [*start, {"type": "vote"}],
        "fuser": [*start, fuser],
        "critic, fuser": [*start, critic, fuser],
        "ranker": [*start, ranker],
        "critic, ranker": [*start, critic, ranker],
        "verifier": [*start, verifier],
        "tests": [*start, *tests],
        "ranker, fuser": [*start, ranker, fuser],
        "verifier, fuser": [*start, verifier, fuser],
        "tests, fuser": [*start, *tests, fuser],
        "critic, verifier, fuser": [*start, critic, verifier, fuser],
        "critic, ranker, fuser": [*start, critic, ranker, fuser],
    }


async def _ablation(ensemble: Ensemble, pools: list[SimulatedPool], problems: tuple[Problem, ...]) -> str:
    """Points over the best single model: of every pool, and the mean with its standard error over pools."""
    alone = [
        {name: _chances(pool, f"simulated/{name}", problems, 0.7).mean() for name in ensemble.generators}
        for pool in pools
    ]
    best = [max(shares.values()) for shares in alone]
    rows = [
        f"## {ensemble.title}\n",
        f"Best single model {100 * np.mean(best):.1f} %, mean of the members "
        f"{100 * np.mean([list(shares.values()) for shares in alone]):.1f} %. "
        "Points over the best single model:\n",
        "| build | simulated | standard error | published |",
        "|---|---|---|---|",
    ]
    for name, layers in _builds(ensemble).items():
        architecture = Architecture.model_validate({"layers": layers})
        gains = [
            100 * (await _accuracy(architecture, pool, problems) - top)
            for pool, top in zip(pools, best, strict=True)
        ]
        error = np.std(gains, ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else float("nan")
        rows.append(f"| {name} | {np.mean(gains):+.1f} | {error:.1f} | {ensemble.published.get(name, '')} |")
    return "\n".join([*rows, ""])


async def _accuracy(architecture: Architecture, pool: SimulatedPool, problems: tuple[Problem, ...]) -> float:
    right = 0
    for problem in problems:
        try:
            result = await answer(architecture, problem.conversation, models=pool.model)
        except ParseError:
            continue  # an empty last reply: no answer, counted as wrong
        right += _read(problem, result.text) == problem.target
    return right / len(problems)


def _speed(problems: tuple[Problem, ...]) -> str:
    pool = SimulatedPool(problems, 0)
    requests = [
        Request(model=name, messages=problem.conversation, temperature=0.7)
        for problem in problems[:200]
        for name in pool.names
    ]

    async def ask_all() -> None:
        for request in requests:
            await pool.model(request.model).sample(request)

    started = time.process_time()
    asyncio.run(ask_all())
    cost = (time.process_time() - started) / len(requests)
    return (
        f"## Speed\n\nA plain question costs {cost * 1e6:.0f} microseconds of CPU "
        f"({1 / cost:,.0f} calls a second).\n"
    )


if __name__ == "__main__":
    main()
