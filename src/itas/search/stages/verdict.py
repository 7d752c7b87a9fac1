"""Last stage: the winner on held-out problems, once, against simple architectures at the same budget."""

from collections.abc import Sequence

from itas.search.contestants import LineUp
from itas.search.ledger import Ledger
from itas.search.records import Compare, Contestant, Margin, Relation, Role, Verdict, mean_score, scores_of
from itas.search.reserve import Reserve, VerdictPlan


def plan(ledger: Ledger, entries: LineUp, reserve: Reserve, *, left_s: float) -> VerdictPlan:
    """Who stands in the verdict and on how many problems: as the journal has it, or by what is left of the budget and
    of its time.

    It is in the journal before the first held-out problem is asked, so it cannot depend on any answer to one.
    """
    begun = ledger.journal.find("held_out")
    if begun is not None:
        known = {line["fingerprint"] for line in begun["contestants"]}
        standing = tuple(entry for entry in entries if entry[0].fingerprint in known)
        return VerdictPlan(standing, int(begun["problems"]), begun.get("left_out", {}))
    found = reserve.plan_verdict(
        entries, reserve.budget.caps - ledger.paid, ledger.costs, pace=ledger.pace, left_s=left_s
    )
    ledger.journal.write(
        "held_out",
        problems=found.problems,
        contestants=[
            {"roles": roles, "fingerprint": architecture.fingerprint} for architecture, roles in found.entries
        ],
        **({"left_out": dict(found.left_out)} if found.left_out else {}),
    )
    return found


async def run_contestants(
    ledger: Ledger, entries: LineUp, problems: Sequence[str], *, compare: Compare
) -> tuple[Contestant, ...]:
    """Everybody on the held-out problems, one after the other; then the comparisons."""
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
    return _compared(contestants, compare)


def judge(ledger: Ledger, contestants: Sequence[Contestant]) -> Verdict:
    """What the held-out problems say."""
    winner = contestants[0]
    singles = [entry for entry in contestants if entry.is_single]
    relation, single = _relate(winner, singles)
    proven = sorted(
        (entry for entry in contestants if _is_proven(entry, singles)), key=lambda entry: -(entry.mean or 0.0)
    )
    ahead = [entry for entry in proven if entry.against_winner and entry.against_winner.verdict == "worse"]
    verdict = Verdict(
        relation=relation,
        one_call_is_as_good=relation in ("tied", "worse"),
        as_good=_cheaper_and_as_good(winner, contestants[1:]),
        better_than_one_call=tuple(entry.roles[0] for entry in proven),
        better_than_winner=tuple(entry.roles[0] for entry in ahead),
        recommended=_recommend(winner, single, proven, ahead),
        single_model=single.architecture.models[0],
        is_complete=all(entry.state == "done" for entry in contestants),
    )
    known = ledger.journal.find("verdict")
    if known is None or known["is_complete"] != verdict.is_complete:
        results = [
            entry.model_dump(
                mode="json",
                include={
                    "roles",
                    "mean",
                    "planned_samples",
                    "against_winner",
                    "against_single",
                    "against_others",
                },
            )
            for entry in contestants
        ]
        ledger.journal.write("verdict", **verdict.model_dump(mode="json"), contestants=results)
    return verdict


def _single(contestants: Sequence[Contestant]) -> Contestant:
    return next(entry for entry in contestants if "best single model" in entry.roles)


def _relate(winner: Contestant, singles: Sequence[Contestant]) -> tuple[Relation, Contestant]:
    """See `Verdict.relation`; and the one call that stands for a single model."""
    best = _single(singles)
    verdicts = {
        id(entry): entry.against_winner.verdict if entry.against_winner else "unknown" for entry in singles
    }
    if winner.is_single:
        verdicts[id(winner)] = "tied"
    unbeaten = [entry for entry in singles if verdicts[id(entry)] in ("tied", "worse")]
    if unbeaten:
        # The first of equally good ones is the better of the ranking.
        single = max(unbeaten, key=lambda entry: (entry.mean or 0.0, entry is best))
        is_worse = all(verdicts[id(entry)] == "worse" for entry in unbeaten)
        return "worse" if is_worse else "tied", single
    unknown = [entry for entry in singles if verdicts[id(entry)] == "unknown"]
    if unknown:
        return "unknown", best if best in unknown else unknown[0]
    return "better", best


def _is_proven(entry: Contestant, singles: Sequence[Contestant]) -> bool:
    """Better than one call of every single model."""
    margins = [entry.against_single, *entry.against_others.values()]
    return (
        not entry.is_single
        and len(margins) == len(singles)
        and all(margin is not None and margin.verdict == "better" for margin in margins)
    )


def _recommend(
    winner: Contestant, single: Contestant, proven: Sequence[Contestant], ahead: Sequence[Contestant]
) -> Role:
    """See `Verdict.recommended`; both lists best first."""
    if not proven:
        return "best single model" if "best single model" in single.roles else "other single model"
    if winner in proven:
        return ahead[0].roles[0] if ahead else "winner"
    return proven[0].roles[0]


def _compared(contestants: Sequence[Contestant], compare: Compare) -> tuple[Contestant, ...]:
    """The contestants with their margins. Winner against one call is the question of the study and stands alone,
    for every single model; the others are one family against the winner, and one against each of those calls."""
    winner, best = contestants[0], _single(contestants)
    singles = [entry for entry in contestants if entry.is_single]
    others = [entry for entry in contestants if entry is not winner and not entry.is_single]
    against_winner: dict[int, Margin | None] = {
        id(entry): _margins(winner, [entry], compare)[0] for entry in singles if entry is not winner
    }
    families = {id(entry): _turned(_margins(entry, others, compare)) for entry in singles}
    if winner in singles:
        against_winner |= {
            id(entry): None if margin is None else margin.turned
            for entry, margin in zip(others, families[id(winner)], strict=True)
        }
    else:
        behind = _margins(winner, others, compare)
        against_winner |= {id(entry): margin for entry, margin in zip(others, behind, strict=True)}

    def over(entry: Contestant, single: Contestant) -> Margin | None:
        if entry is winner:
            return against_winner.get(id(single))
        return families[id(single)][others.index(entry)] if entry in others else None

    return tuple(
        entry.model_copy(
            update={
                "against_winner": against_winner.get(id(entry)),
                "against_single": over(entry, best),
                "against_others": {
                    single.architecture.models[0]: margin
                    for single in singles
                    if single is not best and (margin := over(entry, single)) is not None
                },
            }
        )
        for entry in contestants
    )


def _turned(margins: Sequence[Margin | None]) -> list[Margin | None]:
    return [None if margin is None else margin.turned for margin in margins]


def _margins(one: Contestant, family: Sequence[Contestant], compare: Compare) -> tuple[Margin | None, ...]:
    """One minus each of a family; None where no problem has a score from both."""
    scored = scores_of(one.observations).keys()
    comparable = [bool(scored & scores_of(other.observations).keys()) for other in family]
    found = iter(
        compare(
            one.observations,
            [
                other.observations
                for other, is_comparable in zip(family, comparable, strict=True)
                if is_comparable
            ],
        )
        if any(comparable)
        else ()
    )
    return tuple(next(found) if is_comparable else None for is_comparable in comparable)


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
