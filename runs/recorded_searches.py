"""Searches over ensembles, samples and weighted votes on recorded answers of real models, many random splits each.

    runs/recorded_searches.sh [DATA] [FOLDER]     # all panels, 50 splits each

The studies are the real ones (ranking, search, finalists, verdict on held-out problems); their architectures are
scored from the recording by the rules of the components (`recorded_panels.py`), and on some of them the engine with
replayed models is asked for the same scores. No model is called; what was not recorded is an error. A seed decides
the split and the order of the recorded draws. What was found lies in FOLDER as one line a split, so that the page can
be written again (`--page-only`).
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from recorded_page import Split, write_page
from recorded_panels import Panel, Recorded
from recorded_sources import SOURCES

from itas.api.opening import open_models
from itas.api.search_verdict import compare_margins
from itas.api.settings import Settings
from itas.benchmarks.registry import open_benchmark
from itas.core.architecture import Architecture
from itas.core.problem import Score
from itas.errors import ModelError
from itas.evaluation.evaluate import evaluate
from itas.report.verdict import describe_verdict
from itas.search import Budget, Study, StudyResult, StudySpec
from itas.search.ranking import Rankings

SPLITS = 50
TRIALS = 80
COMPARED = "mmlu-pro-sets"
"""The panel on which searchers are compared: its space is the largest, and rough."""
SEARCHERS = ("random", "greedy", "evolution", "paper", "bayesian")
CHECKED = 6
"""Architectures of each panel that the engine scores too, on at most so many problems."""
CHECKED_PROBLEMS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/results/recorded-searches.md"))
    parser.add_argument("--splits", type=int, default=SPLITS)
    parser.add_argument("--only", action="append", choices=sorted(SOURCES))
    parser.add_argument("--searcher", action="append", choices=SEARCHERS, help="others, on one panel")
    parser.add_argument("--page-only", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    names = given.only or list(SOURCES)
    for name in [] if given.page_only else names:
        run_panel(SOURCES[name](given.data), given.out, splits=given.splits)
    if COMPARED in names and not given.page_only:
        for searcher in given.searcher or SEARCHERS:
            run_panel(SOURCES[COMPARED](given.data), given.out, splits=given.splits, searcher=searcher)
    sections = [
        (SOURCES[name](given.data), *read_found(given.out, name))
        for name in names
        if (given.out / f"{name}.jsonl").is_file()
    ]
    others = {
        searcher: read_found(given.out, f"{COMPARED}.{searcher}")[1]
        for searcher in SEARCHERS
        if (given.out / f"{COMPARED}.{searcher}.jsonl").is_file()
    }
    write_page(given.page, sections, {COMPARED: others})
    print(f"written: {given.page}")


def run_panel(panel: Panel, out: Path, *, splits: int, searcher: str = "") -> None:
    """All splits of one panel, and the check of some architectures against the engine; with another searcher than
    the usual one if it is named."""
    begun = time.monotonic()
    is_checked = panel.kind is not None and not searcher
    checked = asyncio.run(check_engine(panel, out)) if is_checked else 0
    name = f"{panel.name}.{searcher}" if searcher else panel.name
    with (out / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
        stream.write(json.dumps({"checked": checked}) + "\n")
        for seed in range(splits):
            stream.write(json.dumps(asyncio.run(search(panel, seed, searcher))) + "\n")
    print(f"{name}: {splits} splits in {time.monotonic() - begun:.0f} s", flush=True)


async def search(panel: Panel, seed: int, searcher: str = "") -> dict[str, Any]:
    """One study, and what its contestants score on everything that it did not search on."""
    recorded = Recorded(panel, seed=seed)
    study = Study(
        spec=spec_of(panel, seed, searcher),
        problems=panel.problems,
        evaluate=recorded.evaluate,
        budget=Budget(max_trials=TRIALS),
        compare=compare_margins,
    )
    result = await study.run()
    return {"seed": seed, **figures(panel, recorded, result), "verdict": describe_verdict(result)}


def spec_of(panel: Panel, seed: int, searcher: str = "") -> StudySpec:
    return StudySpec.parse(
        {
            "name": panel.name,
            "space": panel.space,
            "models": panel.models,
            "dev": panel.dev,
            "held_out": panel.held_out,
            "baselines": panel.baselines,
            "seed": seed,
            **({"searcher": searcher} if searcher else {}),
        }
    )


def figures(panel: Panel, recorded: Recorded, result: StudyResult) -> dict[str, Any]:
    """See `recorded_page.Split`."""
    split = study_split(panel, result.spec)
    place = {problem: number for number, problem in enumerate(panel.problems)}
    rest = np.array([place[problem] for problem in split])

    def score(architecture: Architecture) -> float | None:
        try:
            scores = recorded.scores(architecture)[rest]
        except ModelError:
            return None
        return float(np.nanmean(scores))

    space = result.spec.space.bind(result.rankings)
    points = [found for point in space.points if (found := score(point.architecture)) is not None]
    singles = [
        found for model in panel.models if (found := score(result.spec.space.single(model))) is not None
    ]
    winner, first = result.winner, result.contestant("best single model")
    assert first is not None
    voted = result.contestant("sampled and voted")
    believed = result.finalists[0]
    return {
        "problems": [*result.split[:2], len(rest)],
        "points": len(space),
        "winner": score(winner.architecture),
        "choices": believed.choices,
        "samples": winner.planned_samples,
        "is_single": winner.is_single or first is winner,
        "first": score(first.architecture),
        "best_single": max(singles),
        "best_point": max(points),
        "mean_point": statistics.fmean(points),
        "voted": None if voted is None else score(voted.architecture),
        "recommended": score(result.recommended),
        "recommends": result.verdict.recommended,
        "relation": result.verdict.relation,
        "against_first": None if first.against_winner is None else first.against_winner.verdict,
        "believed": believed.mean,
        "sd": believed.sd,
        "observed": believed.observed,
        "paid": result.paid_samples,
        "trials": len(result.trials),
        "ended": result.ended,
    }


def study_split(panel: Panel, spec: StudySpec) -> tuple[str, ...]:
    """Everything that was held out, also what the verdict left alone."""
    from itas.search.split import split_problems

    return split_problems(panel.problems, seed=spec.seed, dev=spec.dev).held_out


# --- the check ------------------------------------------------------------------------------------------------


async def check_engine(panel: Panel, out: Path) -> int:
    """Some architectures on some problems by the engine with replayed models; how many scores were compared.

    Raises:
        AssertionError: The engine finds another score.
    """
    recorded = Recorded(panel, seed=None)
    problems = panel.problems[:CHECKED_PROBLEMS]
    data, recording = out / f"{panel.name}.problems.jsonl", out / f"{panel.name}.recording.jsonl"
    scorer = "exact" if panel.kind == "text" else str(panel.kind)
    rows = [{"id": id, "input": panel.questions[id], "target": panel.gold[id]} for id in problems]
    write_jsonl(data, [{"scorer": scorer}, *rows])
    benchmark = open_benchmark(str(data))
    write_jsonl(recording, list(recording_lines(panel, benchmark.problems)))
    compared = 0
    async with open_models(
        Settings(store="memory"), problems=benchmark.problems, recording=recording
    ) as models:
        for architecture in some_architectures(panel):
            try:
                mine = recorded.scores(architecture)
            except ModelError:
                continue
            found = await evaluate(architecture, benchmark, models=models)
            for place, each in enumerate(found.results):
                wanted = each.outcome.value if isinstance(each.outcome, Score) else 0.0
                assert mine[place] == wanted, (panel.name, architecture.name, each.problem_id, each.text)
                compared += 1
    return compared


def some_architectures(panel: Panel) -> list[Architecture]:
    """Points spread over the space, with the models in the order of the data."""
    space = spec_of(panel, 0).space.bind(Rankings.provisional(panel.models))
    places = np.linspace(0, len(space) - 1, num=min(CHECKED, len(space))).round().astype(int)
    return [space.points[int(place)].architecture for place in places]


def recording_lines(panel: Panel, problems: Sequence[Any]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [{"format": "itas-recording", "version": 1, "about": panel.title}]
    place = {id: number for number, id in enumerate(panel.problems)}
    for (model, temperature), draws in panel.texts.items():
        for problem in problems:
            line = {
                "model": model.removeprefix("replay/"),
                "messages": [message.model_dump() for message in problem.conversation],
                "temperature": 0.0 if temperature is None else temperature,
                "max_tokens": 2048,
                "draws": [{"text": draw[place[problem.id]]} for draw in draws],
            }
            lines.append(line | ({"any_parameters": True} if temperature is None else {}))
    return lines


def write_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def read_found(out: Path, name: str) -> tuple[int, list[Split]]:
    """What `run_panel` wrote."""
    head, *lines = (out / f"{name}.jsonl").read_text("utf-8").splitlines()
    return int(json.loads(head)["checked"]), [Split(**json.loads(line)) for line in lines]


if __name__ == "__main__":
    main()
