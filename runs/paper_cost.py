"""Cost per query: the front of quality against dollars.

python runs/paper_cost.py --small
"""

from paper_study import points, read_arguments, search, table, write_page

from itas.core.money import format_usd, to_micro_usd
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
                "" if point.cost is None else format_usd(to_micro_usd(point.cost)),
                format_usd(point.micro_usd),
                str(point.planned_samples),
                describe_architecture(point.architecture),
                points(point.mean, point.sd),
            ])  # fmt: skip
    write_page(
        setting,
        "Quality against price a question",
        "The front that each search believes in, on development problems (posterior mean ± sd): no architecture whose "
        "estimated price is lower is believed to be as good. The sd is mostly that of the choice of problems, "
        "which all points share; *seen* is what a question took in the study.",
        table(["seed", "estimated", "seen", "samples", "architecture", "believed"], rows),
    )


if __name__ == "__main__":
    main()
