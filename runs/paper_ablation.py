"""Component ablation: the eleven builds of table 5 (v6) on one ensemble, paired by problem.

python runs/paper_ablation.py --small          # minutes, simulated
python runs/paper_ablation.py -m openai/... -m anthropic/... --on gsm8k --limit 200 --max-cost 20
"""

from statistics import fmean, stdev
from typing import Any

from paper_study import evaluate, points, read_arguments, table, write_page

from itas.core.architecture import Architecture

PUBLISHED = {
    "best single": ("1", "55.0 / 84.5"),
    "ensemble + fuser": ("9", "58.4 / 85.5"),
    "ensemble + critic + fuser": ("10", "60.9 / 87.2"),
    "ensemble + ranker": ("9", "52.5 / 80.4"),
    "ensemble + verifier": ("24", "53.2 / 85.2"),
    "ensemble + tests": ("18", "51.5 / 85.2"),
    "ensemble + ranker + fuser": ("10", "62.5 / 85.3"),
    "ensemble + verifier + fuser": ("25", "60.5 / 86.7"),
    "ensemble + tests + fuser": ("17", "61.4 / 86.4"),
    "ensemble + critic + verifier + fuser": ("25", "61.3 / 86.1"),
    "ensemble + critic + ranker + fuser": ("11", "64.7 / 87.3"),
}
"""Build -> calls, and the published values on MT-Bench and MATH."""


def builds(models: tuple[str, ...]) -> list[Architecture]:
    """The eleven, with the first model as judge and fuser."""
    best = models[0]
    parts: dict[str, list[Any]] = {
        "ensemble": [{"type": "generator", "models": list(models)}],
        "critic": [{"type": "critic", "model": best}],
        "ranker": [{"type": "ranker", "model": best, "top_k": 5}],
        "verifier": [{"type": "verifier", "model": best}],
        "tests": [
            {"type": "unit_test_generator", "model": best},
            {"type": "unit_test_evaluator", "model": best, "top_k": 5},
        ],
        "fuser": [{"type": "fuser", "model": best}],
        "best single": [{"type": "generator", "model": best}],
    }
    return [
        Architecture.parse(
            {"name": name, "layers": [layer for part in name.split(" + ") for layer in parts[part]]}
        )
        for name in PUBLISHED
    ]


def main() -> None:
    setting = read_arguments(__doc__ or "", "paper-ablation.md", small_limit=60)
    reports = [evaluate(setting, seed, builds(setting.models)) for seed in setting.seeds]
    rows: list[list[str]] = []
    for place, name in enumerate(PUBLISHED):
        summaries = [report.summaries[place] for report in reports if len(report.summaries) > place]
        scores = [each.score.mean for each in summaries if each.score is not None]
        gains = [report.comparisons[place - 1] for report in reports if place and report.comparisons]
        differences = [each.difference for each in gains]
        said = f"{100 * fmean(differences):+.1f}" if gains else ""
        if len(gains) == 1:
            said += f" ({100 * gains[0].low:.1f} to {100 * gains[0].high:.1f})"
        elif gains:
            said += f" ± {100 * stdev(differences) / len(gains) ** 0.5:.1f}"
        used = sum(each.samples_used for each in summaries) / sum(each.n_problems for each in summaries)
        calls, values = PUBLISHED[name]
        rows.append([name, f"{used:.1f}", points(fmean(scores)), said, calls, values])
    heads = [
        "build",
        "samples",
        "score",
        "over the single model",
        "published calls",
        "published MT-Bench / MATH",
    ]
    write_page(
        setting,
        "Component ablation",
        "The builds of table 5 (v6) on one ensemble; judge and fuser are the first model. Differences are paired by "
        "problem: of one seed with their 95 % interval, of several seeds their mean ± standard error.",
        table(heads, rows),
        is_search=False,
    )


if __name__ == "__main__":
    main()
