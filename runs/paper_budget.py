"""Budget sweep: the best architecture of the open space under 1 to 50 calls a question.

python runs/paper_budget.py --small
"""

from paper_study import over_seeds, points, read_arguments, search, table, truth_of, write_page

from itas.api.search_spec import find_space
from itas.report.words import describe_architecture

CALLS = (1, 5, 10, 20, 30, 40, 50)
SMALL_CALLS = (1, 5, 10)


def main() -> None:
    setting = read_arguments(__doc__ or "", "paper-budget.md")
    rows: list[list[str]] = []
    summary: list[list[str]] = []
    space = find_space("small" if setting.is_small else "open").model_dump(mode="json")
    for calls in SMALL_CALLS if setting.is_small else CALLS:
        outcomes = [
            search(setting, seed, space={**space, "max_samples": calls}).outcome for seed in setting.seeds
        ]
        for seed, outcome in zip(setting.seeds, outcomes, strict=True):
            result = outcome.result
            rows.append([
                str(calls),
                str(seed),
                describe_architecture(result.winner.architecture),
                str(result.winner.planned_samples),
                points(result.winner.mean),
                "" if result.single is None else points(result.single.mean),
                result.verdict.relation,
            ])  # fmt: skip
        summary.append([
            str(calls),
            over_seeds(outcome.result.winner.mean for outcome in outcomes),
            over_seeds(outcome.result.single and outcome.result.single.mean for outcome in outcomes),
            over_seeds(truth_of(outcome, outcome.result.winner) for outcome in outcomes),
            over_seeds(truth_of(outcome, outcome.result.single) for outcome in outcomes),
        ])  # fmt: skip
    heads = ["at most", "winner, held-out", "one call, held-out", "winner, truth", "one call, truth"]
    write_page(
        setting,
        "Quality by calls a question",
        "For each cap on calls one search a seed. The first table has means over the seeds, with their standard error "
        "where there are several; the truth of simulated models is measured on other problems of the same generator.",
        f"{table(heads, summary)}\n"
        + table(["at most", "seed", "winner", "samples", "score", "one call", "verdict on one call"], rows),
    )


if __name__ == "__main__":
    main()
