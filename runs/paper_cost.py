"""Cost per query: the front of quality against dollars.

python runs/paper_cost.py --small
"""

from paper_study import points, read_arguments, search, table, write_page

from itas.core.money import format_usd
from itas.report.words import describe_architecture


def main() -> None:
    setting = read_arguments(__doc__ or "", "paper-cost.md")
    rows: list[list[str]] = []
    for seed in setting.seeds:
        result = search(
            setting,
            seed,
            space="small" if setting.is_small else "open",
            searcher={"type": "front", "cost": "usd"},
            within=0.01,
            cost="usd",
        ).outcome.result
        for point in result.front:
            assert point.architecture is not None
            rows.append([
                str(seed),
                format_usd(point.micro_usd),
                str(point.planned_samples),
                describe_architecture(point.architecture),
                points(point.mean, point.sd),
            ])  # fmt: skip
    write_page(
        setting,
        "Quality against price a question",
        "The front that each search believes in, from cheap to dear, on development problems (posterior mean ± sd).",
        table(["seed", "price", "samples", "architecture", "believed"], rows),
    )


if __name__ == "__main__":
    main()
