"""How an ablation looks in the terminal."""

from typing import TYPE_CHECKING

from itas.cli.tables import print_table
from itas.cli.terminal import clean, out
from itas.core.money import format_usd

if TYPE_CHECKING:
    from itas.api.ablating import AblatedPart, AblationReport


def print_ablation(report: "AblationReport") -> None:
    """A row per part, then a sentence each."""
    marks = " (simulated models)" if report.is_simulated else ""
    where = f"{report.problems} {'held-out ' if report.held_out else ''}problems"
    score = "" if report.score is None else f", the whole scores {100 * report.score.mean:.1f}"
    print_table(
        ["left out", "adds", "95 % interval", "of the samples", "of the price", "verdict"],
        [_row(part) for part in report.parts],
        numbers=(1, 3, 4),
        title=f"{report.benchmark}, {where}{score}{marks}",
    )
    out().print()
    for part in report.parts:
        out().print(clean(part.sentence))
    out().print(
        "\nverdicts are corrected for the number of parts (Holm); nothing was selected by them. "
        f"{report.paid_samples:,} samples paid, {format_usd(report.paid_micro_usd)}{marks}"
    )


def _row(part: "AblatedPart") -> list[str]:
    found = part.comparison
    return [
        part.without + ("" if part.is_complete else " (cut short)"),
        "" if found is None else f"{100 * found.difference:+.1f}",
        "" if found is None else f"{100 * found.low:.1f} to {100 * found.high:.1f}",
        f"{100 * part.samples_share:.0f} %",
        "" if part.price_share is None else f"{100 * part.price_share:.0f} %",
        "" if found is None else {"better": "helps", "worse": "does harm", "tied": "tied"}[found.verdict],
    ]
