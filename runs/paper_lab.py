"""In the lab: how many first points, and searchers by calls a question. Simulated landscapes, no model is asked.

python runs/paper_lab.py --small
python runs/paper_lab.py --runs 48 --workers 2     # about 70 minutes of one core
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

from itas import __version__
from itas.api.lab import SMOOTH
from itas.lab import Contest, run_contest
from itas.lab.contest import Mean, summarise
from itas.lab.shipped import find_landscape
from itas.search.shipped import load_space
from itas.search.space import Space

ROOT = Path(__file__).resolve().parents[1]
FIRST_POINTS = (8, 16, 40, 80)
SEARCHERS = ("random", "greedy", "evolution", "paper", "bayesian", "racing")
CALLS = (10, 20, 30, 40, 50)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=48)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--evaluations", type=float, default=80)
    parser.add_argument("--small", action="store_true", help="one run on two landscapes, to see that it runs")
    parser.add_argument("--tables", type=Path, default=ROOT / ".itas" / "lab")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "paper-lab.md")
    given = parser.parse_args()
    if given.small:
        given.runs, given.workers, given.evaluations = 1, 1, 6
    space = load_space("small" if given.small else "paper-3192")
    first = {
        f"bayesian, {count} first": {"type": "bayesian", "first_points": count}
        for count in (FIRST_POINTS[:2] if given.small else FIRST_POINTS)
    }
    searchers = {name: name for name in (SEARCHERS[:2] if given.small else SEARCHERS)}
    lines = [
        "# Searchers in the lab\n",
        "**Simulated landscapes with known truth; no model was asked.** Points below the true best, mean ± standard "
        f"error of {given.runs} runs, after the evaluations (of all development problems) in the head.",
        "Small size: the figures show that the study runs, not what is true." if given.small else "",
        "\n## First points\n",
        *_compare(given, space, first),
        "\n## Searchers by calls a question\n",
    ]
    for calls in CALLS[-1:] if given.small else CALLS:
        under = Space.parse({**space.model_dump(mode="json"), "max_samples": calls})
        points = len(under.bind(find_landscape(SMOOTH[0]).rankings()))
        lines += [
            f"\n### At most {calls} calls\n",
            f"{points:,} points of {space.name}.\n",
            *_compare(given, under, searchers),
        ]
    size = " --small" if given.small else f" --runs {given.runs}"
    lines.append(f"\nMade by `runs/paper_lab.py{size}` with itas {__version__}; seeds from 0.")
    given.page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(given.page)


def _compare(given: argparse.Namespace, space: Space, searchers: Mapping[str, object]) -> list[str]:
    counts = [count for count in (5, 20, 40, 80, 160) if count <= given.evaluations]
    courses = run_contest(
        Contest(
            landscapes=SMOOTH[:1] if given.small else SMOOTH,
            searchers=searchers,
            space=space,
            tables=given.tables,
            runs=given.runs,
            problems=20 if given.small else 100,
            max_evaluations=given.evaluations,
        ),
        workers=given.workers,
    )
    rows = [f"| searcher | {' | '.join(map(str, counts))} | paid |", "|---" * (len(counts) + 2) + "|"]
    for name in searchers:
        found = summarise([each for each in courses if each.searcher == name], evaluations=counts)
        cells = [_say(found.regret_at.get(count)) for count in counts]
        rows.append(f"| {name} | {' | '.join(cells)} | {found.paid:,.0f} |")
    return rows


def _say(regret: Mean | None) -> str:
    return "" if regret is None else f"{regret.mean:.2f} ± {regret.se:.2f}"


if __name__ == "__main__":
    main()
