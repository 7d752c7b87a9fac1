"""Small models: what can be built of models of about 8 billion weights, against one call of a large one.

python runs/paper_small_models.py --small
"""

from paper_study import SMALL, points, read_arguments, search, table, write_page

from itas.cli.searches import name_contestant
from itas.report.words import describe_architecture

SPACES = ("small-models", "small")


def main() -> None:
    setting = read_arguments(__doc__ or "", "paper-small-models.md", models=SMALL)
    rows: list[list[str]] = []
    for space in SPACES:
        for seed in setting.seeds:
            outcome = search(setting, seed, space=space).outcome
            for entry in outcome.result.contestants[:3]:
                quality = outcome.quality.get(entry.architecture.fingerprint)
                rows.append([
                    space,
                    str(seed),
                    name_contestant(entry),
                    describe_architecture(entry.architecture),
                    str(entry.planned_samples),
                    "" if quality is None else points(quality.mean, quality.se),
                ])  # fmt: skip
    write_page(
        setting,
        "Small models",
        "`small-models` ranks and votes, `small` may fuse too; scores are those of held-out problems.",
        table(["space", "seed", "who", "architecture", "samples", "score"], rows),
    )


if __name__ == "__main__":
    main()
