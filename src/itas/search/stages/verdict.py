"""Last stage: the winner on held-out problems, once, against simple architectures at the same budget."""

from collections.abc import Sequence

from itas.core.architecture import Architecture
from itas.errors import SpecError
from itas.search.bound import BoundSpace
from itas.search.contestants import build_baseline
from itas.search.ledger import Ledger
from itas.search.posterior import Posterior
from itas.search.ranking import Rankings
from itas.search.records import (
    BASELINES,
    Compare,
    Contestant,
    Margin,
    Role,
    StudySpec,
    Verdict,
    mean_score,
    scores_of,
)

LineUp = tuple[tuple[Architecture, tuple[Role, ...]], ...]


def line_up(
    spec: StudySpec, space: BoundSpace, rankings: Rankings, posterior: Posterior, winner: int
) -> tuple[LineUp, dict[str, str]]:
    """Who stands in the verdict, the winner first, equal architectures once; and who cannot, with reasons."""
    architecture = space.points[winner].architecture
    named: list[tuple[Role, Architecture]] = [
        ("winner", architecture),
        ("best single model", spec.space.single(rankings.generators[0].model)),
    ]
    skipped: dict[str, str] = {}
    for baseline in BASELINES:
        if baseline not in spec.baselines:
            continue
        if baseline == "cheapest":
            named.append((baseline, space.points[find_cheapest(space, posterior, winner)].architecture))
            continue
        try:
            samples = architecture.planned_samples()
            named.append((baseline, build_baseline(baseline, spec.space, rankings, samples)))
        except SpecError as error:
            skipped[baseline] = str(error)
    merged: dict[str, tuple[Architecture, tuple[Role, ...]]] = {}
    for role, entry in named:
        kept, roles = merged.get(entry.fingerprint, (entry, ()))
        merged[entry.fingerprint] = (kept, (*roles, role))
    return tuple(merged.values()), skipped


def find_cheapest(space: BoundSpace, posterior: Posterior, best: int) -> int:
    """The evaluated point with the fewest samples within one standard deviation of the best."""

    def is_as_good(point: int) -> bool:
        behind, sd = posterior.difference(best, point)
        return point == best or behind <= sd

    points = [point for point in posterior.points.tolist() if is_as_good(point)]
    return min(points, key=lambda point: (int(space.planned_samples[point]), -posterior.of(point).mean))


async def run_contestants(
    ledger: Ledger, entries: LineUp, problems: Sequence[str], *, compare: Compare
) -> tuple[Contestant, ...]:
    """Everybody on the held-out problems, one after the other, and the winner against each."""
    if ledger.journal.find("held_out") is None:
        lines = [{"roles": roles, "fingerprint": entry.fingerprint} for entry, roles in entries]
        ledger.journal.write("held_out", problems=len(problems), contestants=lines)
    contestants: list[Contestant] = []
    for architecture, roles in entries:
        result = await ledger.once(
            "contestant", architecture, problems, roles=list(roles), fingerprint=architecture.fingerprint
        )
        contestants.append(
            Contestant(
                roles=roles,
                architecture=architecture,
                planned_samples=architecture.planned_samples(),
                observations=result.observations,
                state=result.state,
                reason=result.reason,
                mean=mean_score(result.observations),
            )
        )
        ledger.tell("verdict", len(contestants), len(entries))
    winner, *others = contestants
    return (winner, *_against(winner, others, compare))


def judge(ledger: Ledger, contestants: Sequence[Contestant]) -> Verdict:
    """What the held-out problems say."""
    winner = contestants[0]
    single = next(entry for entry in contestants if "best single model" in entry.roles)
    margin = single.against_winner
    relation = "tied" if single is winner else "unknown" if margin is None else margin.verdict
    is_as_good = relation in ("tied", "worse")
    verdict = Verdict(
        relation=relation,
        one_call_is_as_good=is_as_good,
        as_good=_cheaper_and_as_good(winner, contestants[1:]),
        recommended="best single model" if is_as_good else _beaten_by(contestants[1:]) or "winner",
        is_complete=all(entry.state == "done" for entry in contestants),
    )
    known = ledger.journal.find("verdict")
    if known is None or known["is_complete"] != verdict.is_complete:
        results = [
            entry.model_dump(mode="json", include={"roles", "mean", "planned_samples", "against_winner"})
            for entry in contestants
        ]
        ledger.journal.write("verdict", **verdict.model_dump(mode="json"), contestants=results)
    return verdict


def _against(winner: Contestant, others: Sequence[Contestant], compare: Compare) -> tuple[Contestant, ...]:
    """The others with their margins: one call of the best single model by itself, the baselines together."""
    scored = scores_of(winner.observations).keys()
    margins: dict[int, Margin] = {}
    for is_single in (True, False):
        family = [
            number
            for number, other in enumerate(others)
            if ("best single model" in other.roles) == is_single
            and scored & scores_of(other.observations).keys()
        ]
        found = compare(winner.observations, [others[number].observations for number in family])
        margins.update(zip(family, found, strict=True))
    return tuple(
        other.model_copy(update={"against_winner": margins.get(number)})
        for number, other in enumerate(others)
    )


def _beaten_by(others: Sequence[Contestant]) -> Role | None:
    """The best of those that are better than the winner, beyond chance; None where there are none."""
    better = [
        entry
        for entry in others
        if entry.against_winner is not None and entry.against_winner.verdict == "worse"
    ]
    best = max(better, key=lambda entry: entry.mean or 0.0, default=None)
    return None if best is None else best.roles[0]


def _cheaper_and_as_good(winner: Contestant, others: Sequence[Contestant]) -> tuple[Role, ...]:
    found = [
        entry
        for entry in others
        if entry.planned_samples < winner.planned_samples
        and entry.against_winner is not None
        and entry.against_winner.verdict != "better"
    ]
    return tuple(
        role for entry in sorted(found, key=lambda entry: entry.planned_samples) for role in entry.roles
    )
