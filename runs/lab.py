"""The figures of the search on simulated landscapes with known truth -> docs/results/lab.md.

    python runs/lab.py [--runs 48] [--studies 48] [--workers 2] [--tables .itas/lab] [--out docs/results/lab.md]

Everything in it is simulated and decided by seeds, except the times. About 30 minutes on two quiet cores.
"""

import argparse
import asyncio
import os
import platform
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import itas
import itas.components
from itas.api.lab import SMOOTH
from itas.core.architecture import Architecture
from itas.lab import LANDSCAPES, Contest, Course, find_landscape, run_contest, summarise
from itas.lab.contest import first_below, load_table
from itas.lab.course import find_history
from itas.lab.study import run_lab_study
from itas.lab.table import chances_of
from itas.lab.world import World
from itas.search.searchers import parse_searcher
from itas.search.shipped import load_space

SEARCHERS = {
    "racing": "racing",
    "bayesian (ei)": "bayesian",
    "bayesian (nei)": {"type": "bayesian", "acquisition": "nei"},
    "bayesian (ts)": {"type": "bayesian", "acquisition": "ts"},
    "front": "front",
    "evolution": "evolution",
    "greedy": "greedy",
    "tpe": "tpe",
    "nsga2": "nsga2",
    "random": "random",
    "paper": "paper",
}
ROUGH = ("rough-reasoning", "rough-instruction")
PAID = (10_000, 20_000, 30_000, 40_000)
BETTER = ("instruction", "reasoning", "mathematics", "code", "arena", "chat")
"""Landscapes where the space `small` has something better than one call by 3 points and more."""

# Saad-Falcon et al. 2024, arXiv:2409.15254 v6, table 5: points over the best single model, eight open models of 70B
# and more; MT-Bench / MixEval-Hard / CodeContests. Table 38: ten models of 7B, MT-Bench.
PUBLISHED = {
    "fuser": "+3.4 / +1.4 / +0.6 / −1.4",
    "critic, fuser": "+5.9 / +3.0 / +2.4 / −5.2",
    "ranker": "−2.5 / 0.0 / +1.6 / +6.7",
    "verifier": "−1.8 / −2.8 / +2.8 / ",
    "tests": "−3.5 / −3.5 / +2.1 / ",
    "ranker, fuser": "+7.5 / +1.0 / +1.5 / +0.2",
    "verifier, fuser": "+5.5 / +9.6 / +3.8 / ",
    "tests, fuser": "+6.4 / +5.2 / +5.5 / ",
    "critic, ranker, fuser": "+9.7 / +8.1 / +3.0 / ",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=48)
    parser.add_argument("--studies", type=int, default=48)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tables", type=Path, default=Path(".itas/lab"))
    parser.add_argument("--out", type=Path, default=Path("docs/results/lab.md"))
    parser.add_argument("--searchers", nargs="*", default=list(SEARCHERS))
    chosen = parser.parse_args()
    started = time.monotonic()
    smooth = contest(chosen, SMOOTH, chosen.searchers, chosen.runs)
    rough = contest(chosen, ROUGH, [n for n in ("racing", "bayesian (ei)", "random") if n in chosen.searchers],
                    max(chosen.runs // 2, 2))  # fmt: skip
    parts = [
        head(chosen),
        builds(),
        *regrets(smooth, "Smooth landscapes", chosen.runs),
        *regrets(rough, "Rough landscapes", max(chosen.runs // 2, 2)),
        savings(),
        *studies(chosen),
        speed(chosen),
    ]
    chosen.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"{chosen.out} ({time.monotonic() - started:.0f} s)")


def head(chosen: argparse.Namespace) -> str:
    return f"""# Searchers on simulated landscapes

**Everything on this page is simulated.** No model was asked. A landscape is a world of made-up models and problems in
which every architecture of a space has a known true quality (`itas lab --list`, `src/itas/lab/`); "points" are
hundredths of a score. Orderings that hold over all landscapes are the useful part; absolute numbers are no predictions.

Made by `python runs/lab.py --runs {chosen.runs} --studies {chosen.studies}` with itas {itas.__version__}, Python
{platform.python_version()}, numpy {np.__version__}. Space: `paper-3192`, 100 development problems, batches of 8."""


# --- landscapes ---------------------------------------------------------------------------------------------


def builds() -> str:
    names = ("instruction", "reasoning", "code", "small-models")
    found = {name: measure_builds(name) for name in names}
    rows = [
        [
            build,
            *(f"{found[name][build] - found[name]['one call']:+.1f}" for name in names),
            PUBLISHED.get(build, ""),
        ]
        for build in found[names[0]]
        if build != "one call"
    ]
    first = ["one call", *(f"{found[name]['one call']:.1f}" for name in names), ""]
    text = table(
        ["eight models and", *names, "published (MT-Bench / MixEval-Hard / CodeContests / 7B)"],
        [first, *rows],
    )
    return (
        "## Landscapes beside published effects\n\nPoints over one call of the best model. Published: "
        "arXiv:2409.15254 v6, tables 5 and 38. Sizes were set by hand until the signs agreed; they "
        "are a fit, not a "
        f"finding.\n\n{text}"
    )


def measure_builds(name: str) -> dict[str, float]:
    landscape = find_landscape(name)
    world = World(landscape, seed=0, problems=1000, draws=4)
    rankings = landscape.rankings()
    models = [entry.model for entry in rankings.generators]
    fusers = [entry.model for entry in rankings.fusers]
    ensemble = {"type": "generator", "models": models[:8]}
    critic, fuser = {"type": "critic", "model": fusers[0]}, {"type": "fuser", "model": fusers[0]}
    ranker = {"type": "ranker", "model": fusers[0], "top_k": 5}
    verifier = {"type": "verifier", "model": fusers[0]}
    tests = [{"type": "unit_test_generator", "model": fusers[0]},
             {"type": "unit_test_evaluator", "model": fusers[0], "top_k": 5}]  # fmt: skip
    layers = {"type": "fuser", "models": fusers[:8]}, {"type": "fuser", "models": fusers[:6]}
    chosen: dict[str, list[object]] = {
        "one call": [{"type": "generator", "model": models[0]}],
        "fuser": [ensemble, fuser],
        "critic, fuser": [ensemble, critic, fuser],
        "ranker": [ensemble, {**ranker, "top_k": 1}],
        "verifier": [ensemble, verifier],
        "tests": [ensemble, tests[0], {**tests[1], "top_k": 1}],
        "ranker, fuser": [ensemble, ranker, fuser],
        "verifier, fuser": [ensemble, verifier, fuser],
        "tests, fuser": [ensemble, *tests, fuser],
        "critic, ranker, fuser": [ensemble, critic, ranker, fuser],
        "three layers of fusers": [
            ensemble,
            critic,
            ranker,
            layers[0],
            critic,
            ranker,
            layers[1],
            critic,
            ranker,
            fuser,
        ],
    }
    return {
        build: 100 * float(chances_of(world, Architecture.parse({"layers": parts})).mean())
        for build, parts in chosen.items()
    }


# --- searchers ----------------------------------------------------------------------------------------------


def contest(
    chosen: argparse.Namespace, landscapes: Sequence[str], names: Iterable[str], runs: int
) -> dict[str, tuple[Course, ...]]:
    names = tuple(names)
    courses = run_contest(
        Contest(
            landscapes=tuple(landscapes),
            searchers={name: SEARCHERS[name] for name in names},
            space=load_space("paper-3192"),
            tables=chosen.tables,
            runs=runs,
            max_evaluations=160,
        ),
        workers=chosen.workers,
        done=lambda each: print(f"  {each.searcher}, {each.landscape}, seed {each.seed}", flush=True),
    )
    return {name: tuple(each for each in courses if each.searcher == name) for name in names}


def regrets(found: dict[str, tuple[Course, ...]], title: str, runs: int) -> list[str]:
    evaluations = (20, 40, 80, 160)
    rows, money, fronts = [], [], []
    counted = ["searcher", *map(str, evaluations)]
    paid = ["searcher", *[f"{each:,}" for each in PAID]]
    for name, courses in found.items():
        summary = summarise(courses, evaluations=evaluations, paid=PAID)
        at = [summary.regret_at.get(count) for count in evaluations]
        rows.append([
            name,
            *[f"{each.mean:.2f} ± {each.se:.2f}" if each else "" for each in at],
            f"{100 * summary.within_one:.0f} %", f"{100 * summary.within_half:.0f} %",
            f"{summary.optimism.mean:+.2f} ± {summary.optimism.se:.2f}", f"{summary.naive_optimism.mean:+.1f}",
            f"{100 * summary.covered:.0f} %",
        ])  # fmt: skip
        money.append([
            name,
            *[f"{summary.regret_for[count].mean:.2f} ± {summary.regret_for[count].se:.2f}" for count in PAID],
            *[count(first_below(courses, points)) for points in (1.5, 1.0, 0.8)],
            f"{summary.paid:,.0f}", f"{summary.saved:.1f} x", f"{summary.paid * summary.saved:,.0f}",
        ])  # fmt: skip
        shares = [summary.front_at.get(number) for number in evaluations]
        fronts.append([
            name,
            *[f"{each.mean:.3f}" if each else "" for each in shares],
            *["never" if np.isinf(each) else f"{each:.0f}" for each in summary.front_needs],
        ])  # fmt: skip
    return [
        f"## {title}: points below the true best\n\nMean of {runs} runs ± standard error, after so "
        f"many evaluations on all "
        "development problems. *Within*: share of runs that ended at most 1 or half a point below "
        "the best. *Belief*: "
        "posterior mean of the winner minus its truth at the end; *observed*: its observed mean minus its truth; "
        "*covered*: truth within posterior mean ± 1.96 standard deviations.\n\n"
        + table([*counted, "within 1", "within ½", "belief", "observed", "covered"], rows),
        f"## {title}: model samples paid for\n\nPoints below the best by samples paid for, with a "
        f"call store; samples "
        "until the mean stays at or below 1.5, 1.0 and 0.8 points; all samples of a run; what the "
        "store saved; the same "
        "run without one.\n\n"
        + table([*paid, "≤ 1.5", "≤ 1.0", "≤ 0.8", "paid", "store", "without"], money),
        f"## {title}: quality against samples a question\n\nShare of the area under the true front "
        f"that the believed front "
        "covers, at its true quality; median evaluations to 90 and 95 %.\n\n"
        + table([*counted, "90 %", "95 %"], fronts),
    ]  # fmt: skip


def count(paid: int | None) -> str:
    return "never" if paid is None else f"{paid:,}"


def savings() -> str:
    rows: list[list[str]] = []
    for name in ("paper-3192", "paper-9576"):
        space = load_space(name).bind(find_landscape("reasoning").rankings())
        unshared = int(space.planned_samples.sum())
        shared = int(space.sharing.stock(range(len(space))).sum())
        rows.append([name, f"{len(space):,}", f"{unshared:,}", f"{shared:,}", f"{unshared / shared:.1f} x"])
    return "## What a call store saves an exhaustive search\n\nSamples for one problem.\n\n" + table(
        ["space", "points", "without", "with", "saved"], rows
    )


# --- whole studies ------------------------------------------------------------------------------------------


def studies(chosen: argparse.Namespace) -> list[str]:
    tasks = [
        (name, seed) for name in (*BETTER, "flat") for seed in range(max(chosen.studies // len(BETTER), 1))
    ]
    tasks += [("flat", seed) for seed in range(max(chosen.studies // len(BETTER), 1), chosen.studies)]
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(run_one, *zip(*tasks, strict=True)))
    rows: list[list[str]] = []
    for name in (*BETTER, "flat"):
        rows.append(
            [
                name,
                *describe(
                    [each for (landscape, _), each in zip(tasks, found, strict=True) if landscape == name]
                ),
            ]
        )
    better = [
        each for (name, _), each in zip(tasks, found, strict=True) if name != "flat" and each["gain"] >= 0.03
    ]
    flat = [each for (name, _), each in zip(tasks, found, strict=True) if name == "flat"]
    printed = 100 * np.array([each["printed"] - each["winner"] for each in found])
    covered = np.mean([abs(each["printed"] - each["winner"]) <= 1.96 * each["se"] for each in found])
    margins = [
        each["low"] <= each["winner"] - each["single"] <= each["high"]
        for each in found
        if each["low"] is not None
    ]
    text = (
        f"Whole studies on the space `small` (100 development problems, 300 held out, 64 trials): "
        f"ranking, search, "
        f"finalists, verdict. Over all {len(found)}: the printed held-out score of the winner is "
        f"{printed.mean():+.2f} ± "
        f"{printed.std(ddof=1) / len(printed) ** 0.5:.2f} points off the truth on average; its 95 % "
        f"interval covers the "
        f"truth in {100 * covered:.0f} % of studies, the margin over one call in "
        f"{100 * np.mean(margins):.0f} %. Where the "
        f"winner is truly better by 3 points and more, the verdict says better in "
        f"{100 * np.mean([each['relation'] == 'better' for each in better]):.0f} % of {len(better)}; "
        f"on the flat landscape, "
        f"where nothing is, it recommends one call in "
        f"{100 * np.mean([each['is_single'] for each in flat]):.0f} % of {len(flat)}."
    )
    heads = [
        "landscape",
        "studies",
        "true gain of the winner",
        "says better",
        "recommends one call",
        "printed − true",
    ]
    return ["## Verdicts\n\n" + text + "\n\n" + table(heads, rows)]


def describe(found: Sequence[dict[str, float | str | bool | None]]) -> list[str]:
    gains = 100 * np.array([each["gain"] for each in found], dtype=float)
    printed = 100 * np.array([each["printed"] - each["winner"] for each in found], dtype=float)  # type: ignore[operator]
    return [
        str(len(found)),
        f"{gains.mean():+.1f} ({gains.min():+.1f} to {gains.max():+.1f})",
        f"{100 * np.mean([each['relation'] == 'better' for each in found]):.0f} %",
        f"{100 * np.mean([each['is_single'] for each in found]):.0f} %",
        f"{printed.mean():+.1f}",
    ]


def run_one(name: str, seed: int) -> dict[str, float | str | bool | None]:
    from itas.api.search_verdict import compare_margins

    study = asyncio.run(
        run_lab_study(find_landscape(name), load_space("small"), seed=seed, compare=compare_margins)
    )
    winner = study.result.winner
    scores = np.array([each.outcome.value for each in winner.observations])  # type: ignore[union-attr]
    margin = winner.against_single
    return {
        "winner": study.winner,
        "single": study.single,
        "gain": study.winner - study.single,
        "printed": float(scores.mean()),
        "se": float(scores.std(ddof=1) / len(scores) ** 0.5),
        "low": None if margin is None else margin.low,
        "high": None if margin is None else margin.high,
        "relation": study.result.verdict.relation,
        "is_single": study.result.recommended.planned_samples() == 1,
    }


# --- speed --------------------------------------------------------------------------------------------------


def speed(chosen: argparse.Namespace) -> str:
    rows: list[list[str]] = []
    for space_name in ("paper-3192", "paper-9576"):
        landscape = find_landscape("reasoning")
        world = load_table(landscape, load_space(space_name), chosen.tables, problems=100, draws=1)
        for name, batch in (("bayesian (ei)", 1), ("bayesian (ei)", 8), ("racing", 8)):
            searcher = parse_searcher(SEARCHERS[name])
            evaluations = 200 if name.startswith("bayesian") else 60
            history = find_history(world, searcher, name=name, seed=0, evaluations=evaluations)
            found: list[float] = []
            for number in range(9):
                history.derived.clear()
                begun = time.process_time()
                searcher.ask(history, Random(number), space=world.space, batch=batch)
                found.append(time.process_time() - begun)
            rows.append([space_name, name, str(batch), f"{1000 * float(np.median(found)) / batch:.1f}"])
    return (
        "## Time for one suggestion\n\nCPU milliseconds a suggestion, one core, after 200 "
        "evaluations (racing: 60), "
        "median of 9.\n\n" + table(["space", "searcher", "batch", "ms"], rows)
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


if __name__ == "__main__":
    assert set(BETTER) < set(LANDSCAPES)
    main()
