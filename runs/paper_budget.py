"""Budget sweep: the best architecture of the open space under 1 to 50 calls a question.

python runs/paper_budget.py --small
"""

from paper_study import points, read_arguments, search, table, write_page

from itas.api.searching import find_space
from itas.report.words import describe_architecture

CALLS = (1, 5, 10, 20, 30, 40, 50)
SMALL_CALLS = (1, 5, 10)


def main() -> None:
    setting = read_arguments(__doc__ or "", "paper-budget.md")
    rows: list[list[str]] = []
    space = find_space("small" if setting.is_small else "open").model_dump(mode="json")
    for calls in SMALL_CALLS if setting.is_small else CALLS:
        for seed in setting.seeds:
            result = search(setting, seed, space={**space, "max_samples": calls}).outcome.result
            single = result.single
            rows.append([
                str(calls),
                str(seed),
                describe_architecture(result.winner.architecture),
                str(result.winner.planned_samples),
                points(result.winner.mean),
                "" if single is None else points(single.mean),
            ])  # fmt: skip
    write_page(
        setting,
        "Quality by calls a question",
        "For each cap on calls one search; scores are those of held-out problems.",
        table(["at most", "seed", "winner", "samples", "score", "one call"], rows),
    )


if __name__ == "__main__":
    main()
