"""One architecture for all tasks against one for each: the general setting of the paper, and its gap.

python runs/paper_general.py --small
"""

from paper_study import over_seeds, points, read_arguments, search, table, write_page

from itas.api.gaps import find_gaps

TASKS = ("itas/word-problems:mathematics", "itas/word-problems:logic")


def main() -> None:
    setting = read_arguments(__doc__ or "", "paper-general.md", on=TASKS, small_limit=80, limit=400)
    space = "small" if setting.is_small else "open"
    rows: list[list[str]] = []
    gaps: dict[str, list[float]] = {}
    for seed in setting.seeds:
        general = search(setting, seed, space=space).folder
        alone = [search(setting, seed, space=space, on=name).folder for name in setting.on]
        for gap in find_gaps(general, alone):
            by_problem = gap.comparison
            gaps.setdefault(gap.benchmark, []).append(gap.difference)
            rows.append([
                gap.benchmark,
                str(seed),
                points(gap.general.mean, gap.general.se),
                points(gap.specific.mean, gap.specific.se),
                f"{100 * gap.difference:+.1f}"
                + (f" ({100 * by_problem.low:.1f} to {100 * by_problem.high:.1f})" if by_problem else ""),
            ])  # fmt: skip
    write_page(
        setting,
        "One architecture for all tasks, or one for each",
        "Held-out scores of the winner of one search on all tasks, and of a search on each; the gap is own minus "
        "general, paired by problem where both have a score. The first table has means over the seeds with their "
        "standard error.",
        table(["task", "gap"], [[name, over_seeds(found)] for name, found in gaps.items()])
        + "\n"
        + table(["task", "seed", "general winner", "own winner", "gap"], rows),
    )


if __name__ == "__main__":
    main()
