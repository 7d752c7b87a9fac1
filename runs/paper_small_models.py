"""Small models: what can be built of models of about 8 billion weights, against one call of a large one.

python runs/paper_small_models.py --small
python runs/paper_small_models.py -m ollama/a -m ollama/b --against openai/gpt-4o --on gsm8k --max-cost 20
"""

from paper_study import (
    SMALL,
    Setting,
    evaluate,
    over_seeds,
    points,
    read_arguments,
    search,
    table,
    truth_of,
    write_page,
)

from itas.api.answering import single_model
from itas.core.observation import Observation
from itas.evaluation.comparison import compare
from itas.evaluation.files import load_results
from itas.report.verdict import name_contestant
from itas.report.words import describe_architecture

SPACES = ("small-models", "small")
LARGE = "simulated/atlas-large"


def main() -> None:
    setting = read_arguments(__doc__ or "", "paper-small-models.md", models=SMALL, against=LARGE)
    rows: list[list[str]] = []
    summary: list[list[str]] = []
    large = {seed: one_call(setting, seed) for seed in setting.seeds}
    for space in SPACES:
        outcomes = [search(setting, seed, space=space).outcome for seed in setting.seeds]
        gaps: list[float] = []
        for seed, outcome in zip(setting.seeds, outcomes, strict=True):
            for entry in (outcome.result.winner, outcome.result.contestant("best single model")):
                if entry is None:
                    continue
                quality = outcome.quality.get(entry.architecture.fingerprint)
                rows.append([
                    space,
                    str(seed),
                    name_contestant(entry),
                    describe_architecture(entry.architecture),
                    str(entry.planned_samples),
                    "" if quality is None else points(quality.mean, quality.se),
                    against_large(entry.observations, large[seed]),
                ])  # fmt: skip
            gaps.append(compare(outcome.result.winner.observations, large[seed]).difference)
        summary.append([
            space,
            over_seeds(outcome.result.winner.mean for outcome in outcomes),
            over_seeds(truth_of(outcome, outcome.result.winner) for outcome in outcomes),
            over_seeds(truth_of(outcome, outcome.result.single) for outcome in outcomes),
            over_seeds(gaps),
        ])  # fmt: skip
    heads = [
        "space",
        "winner, held-out",
        "winner, truth",
        "one call, truth",
        f"winner - one call of {setting.against}",
    ]
    write_page(
        setting,
        "Small models",
        f"`small-models` ranks and votes, `small` may fuse too. Scores are those of held-out problems; one call of "
        f"{setting.against} was asked the same problems, and differences are paired by problem. The first table has "
        "means over the seeds with their standard error; the truth of simulated models is measured on other problems.",
        f"{table(heads, summary)}\n"
        + table(["space", "seed", "who", "architecture", "samples", "score", "against the large one"], rows),
    )


def one_call(setting: Setting, seed: int) -> list[Observation]:
    """One call of the large model on the problems of a search."""
    report = evaluate(setting, seed, [single_model(setting.against)])
    return [result.to_observation() for result in load_results(report.folder / "1" / "results.jsonl")]


def against_large(observations: tuple[Observation, ...], large: list[Observation]) -> str:
    found = compare(observations, large)
    return f"{100 * found.difference:+.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"


if __name__ == "__main__":
    main()
