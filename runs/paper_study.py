"""What the studies of the paper (arXiv:2409.15254) share: arguments, models, searches, the page of results.

Each study is a file `runs/paper_*.py` that runs on any pool of models. Without keys it runs on simulated models,
and its page says so.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from itas import __version__
from itas.api.evaluating import EvaluationReport, evaluate_architectures
from itas.api.opening import Caps
from itas.api.search_outcome import Outcome
from itas.api.search_spec import SearchSpec, make_search
from itas.api.searching import Finished, run_search
from itas.api.settings import Settings, load_settings
from itas.cli.evaluations import EvaluationProgress
from itas.core.architecture import Architecture
from itas.search import Contestant, Progress, StudyEstimate

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results"
LARGE = (
    *(
        f"simulated/{name}-large"
        for name in ("atlas", "scribe", "euler", "turing", "quarry", "harbor", "lantern")
    ),
    "simulated/atlas-medium",
)
"""Eight, as in the ablation of the paper; the best of them first."""
SMALL = tuple(
    f"simulated/{name}-small" for name in ("euler", "atlas", "turing", "scribe", "quarry", "harbor")
)


@dataclass(frozen=True)
class Setting:
    """What the arguments of every study say.

    Attributes:
        models: The pool.
        on: Benchmarks.
        seeds: One search or evaluation for each.
        limit: Problems of each benchmark.
        trials: Trials of a search.
        truth_problems: Fresh problems on which simulated truth is found; 0 for none.
        max_cost_usd: Cap of each search; None for none.
        output: Folder of run folders.
        settings: How to run.
        yes: Spend without a cap.
        is_small: The size that finishes in minutes on simulated models.
        page: Where the page goes.
        against: A model that others are held against; empty where there is none.
    """

    models: tuple[str, ...]
    on: tuple[str, ...]
    seeds: tuple[int, ...]
    limit: int | None
    trials: int
    truth_problems: int
    max_cost_usd: float | None
    output: Path
    settings: Settings
    yes: bool
    is_small: bool
    page: Path
    against: str = ""

    @property
    def is_simulated(self) -> bool:
        """Some model is simulated."""
        return any(model.startswith("simulated/") for model in (*self.models, self.against))


def read_arguments(
    about: str,
    page: str,
    *,
    models: Sequence[str] = LARGE,
    on: Sequence[str] = ("itas/word-problems",),
    small_limit: int = 100,
    limit: int | None = 500,
    small_trials: int = 8,
    trials: int = 160,
    against: str = "",
) -> Setting:
    """The arguments of a study; the defaults are simulated, `--small` is the size for continuous integration."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("-m", "--model", action="append", help="a model; several times")
    parser.add_argument("--on", action="append", help="a benchmark; several times")
    parser.add_argument("--seeds", type=int, help="how many, from 0")
    parser.add_argument("--limit", type=int, help="problems of each benchmark")
    parser.add_argument("--max-trials", type=int)
    parser.add_argument("--truth", type=int, help="problems for the truth of simulated models")
    parser.add_argument("--max-cost", type=float, help="dollars for each search")
    parser.add_argument("--settings", type=Path)
    parser.add_argument(
        "--output", type=Path, default=ROOT / ".itas" / "studies", help="folder of run folders"
    )
    parser.add_argument("--page", type=Path, default=RESULTS / page, help="where the page goes")
    if against:
        parser.add_argument("--against", default=against, help="the model to hold them against")
    parser.add_argument("--yes", action="store_true", help="spend without a cap")
    parser.add_argument("--small", action="store_true", help="the size that takes minutes")
    given = parser.parse_args()
    found = Setting(
        models=tuple(given.model or models),
        on=tuple(given.on or on),
        seeds=tuple(range(given.seeds or (1 if given.small else 5))),
        limit=given.limit or (small_limit if given.small else limit),
        trials=given.max_trials or (small_trials if given.small else trials),
        truth_problems=(0 if given.small else 1000) if given.truth is None else given.truth,
        max_cost_usd=given.max_cost,
        output=given.output,
        settings=load_settings(given.settings),
        yes=given.yes,
        is_small=given.small,
        page=given.page,
        against=given.against if against else "",
    )
    asked = (*found.models, *([found.against] if found.against else []))
    is_free = all(model.startswith("simulated/") for model in asked)
    if not is_free and found.max_cost_usd is None and not found.yes:
        parser.error("these models may cost money: give --max-cost for each search, or --yes")
    return found


def evaluate(setting: Setting, seed: int, architectures: Sequence[Architecture]) -> EvaluationReport:
    """Architectures on the first benchmark of the setting, on the problems that a search with that seed has."""
    watch = EvaluationProgress(quiet=True, max_samples=None, max_cost=setting.max_cost_usd, ask=False)
    return asyncio.run(
        evaluate_architectures(
            architectures,
            on=setting.on[0],
            limit=setting.limit,
            seed=seed,
            output=setting.output,
            settings=setting.settings,
            caps=Caps(max_usd=setting.max_cost_usd),
            watch=watch,
        )
    )


class Quiet:
    """A `SearchWatch` that says one line per search."""

    def confirm(self, estimate: StudyEstimate, search: SearchSpec, *, unpriced: Sequence[str]) -> bool:
        return True

    def begin(self, folder: Path) -> None:
        print(f"  {folder}", file=sys.stderr, flush=True)

    def progress(self, progress: Progress) -> None:
        pass

    def say(self, text: str) -> None:
        pass


def search(setting: Setting, seed: int, **fields: Any) -> Finished:
    """One search with the models, benchmarks and caps of the setting; `fields` are those of a study file."""
    study: dict[str, Any] = {
        "models": setting.models,
        "on": setting.on,
        "limit": setting.limit,
        "seed": seed,
        "max_trials": setting.trials,
        "truth_problems": setting.truth_problems,
        **fields,
    }
    if setting.max_cost_usd is not None:
        study["max_cost_usd"] = setting.max_cost_usd
    return asyncio.run(
        run_search(
            make_search(study),
            settings=setting.settings,
            output=setting.output,
            watch=Quiet(),
            with_report=False,
        )
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]
    return "\n".join(lines) + "\n"


def write_page(setting: Setting, title: str, about: str, body: str, *, is_search: bool = True) -> None:
    """The page with what it was made by: command, version, models, seeds."""
    trials = f", at most {setting.trials} trials a search" if is_search else ""
    marks = (
        "**Simulated models; nothing here is a measurement of a real one.** " if setting.is_simulated else ""
    )
    size = "Small size: the figures show that the study runs, not what is true. " if setting.is_small else ""
    script = Path(sys.argv[0]).name
    made = (
        f"Made by `runs/{script}{' --small' if setting.is_small else ''}` with itas {__version__} on "
        f"{datetime.now(UTC):%Y-%m-%d}. Models: {', '.join(setting.models)}. Benchmarks: {', '.join(setting.on)}, "
        f"{setting.limit or 'all'} problems each{trials}. Seeds: {', '.join(map(str, setting.seeds))}."
    )
    setting.page.write_text(
        f"# {title}\n\n{marks}{size}{about}\n\n{body.rstrip()}\n\n{made}\n", encoding="utf-8"
    )
    print(setting.page)


def truth_of(outcome: Outcome, entry: Contestant | None) -> float | None:
    """Simulated truth of a contestant; None where there is none."""
    if outcome.truth is None or entry is None:
        return None
    found = outcome.truth.quality.get(entry.architecture.fingerprint)
    return None if found is None else found.mean


def over_seeds(values: Iterable[float | None]) -> str:
    """Mean in points, with the standard error of several."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    return points(fmean(known), stdev(known) / len(known) ** 0.5 if len(known) > 1 else None)


def points(value: float | None, se: float | None = None) -> str:
    """``71.3 ± 2.1``."""
    if value is None:
        return ""
    return f"{100 * value:.1f}" + ("" if se is None else f" ± {100 * se:.1f}")
