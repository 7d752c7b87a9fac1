"""Last stage: the winner on held-out problems, once, against simple architectures at the same budget."""

from collections.abc import Sequence

from itas.search.contestants import LineUp
from itas.search.ledger import Ledger
from itas.search.records import Compare, Contestant, Margin, Role, Verdict, mean_score, scores_of
from itas.search.reserve import Reserve, VerdictPlan


def plan(ledger: Ledger, entries: LineUp, reserve: Reserve) -> VerdictPlan:
    """Who stands in the verdict and on how many problems: as the journal has it, or by what is left of the budget.

    It is in the journal before the first held-out problem is asked, so it cannot depend on any answer to one.
    """
    begun = ledger.journal.find("held_out")
    if begun is not None:
        known = {line["fingerprint"] for line in begun["contestants"]}
        standing = tuple(entry for entry in entries if entry[0].fingerprint in known)
        return VerdictPlan(standing, int(begun["problems"]), begun.get("left_out", {}))
    found = reserve.plan_verdict(entries, reserve.budget.caps - ledger.paid, ledger.costs)
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
    single = _single(contestants)
    margin = single.against_winner
    relation = "tied" if single is winner else "unknown" if margin is None else margin.verdict
    proven = sorted(
        (entry for entry in contestants if entry.against_single and entry.against_single.verdict == "better"),
        key=lambda entry: -(entry.mean or 0.0),
    )
    ahead = [entry for entry in proven if entry.against_winner and entry.against_winner.verdict == "worse"]
    verdict = Verdict(
        relation=relation,
        one_call_is_as_good=relation in ("tied", "worse"),
        as_good=_cheaper_and_as_good(winner, contestants[1:]),
        better_than_one_call=tuple(entry.roles[0] for entry in proven),
        better_than_winner=tuple(entry.roles[0] for entry in ahead),
        recommended=_recommend(winner, proven, ahead),
        is_complete=all(entry.state == "done" for entry in contestants),
    )
    known = ledger.journal.find("verdict")
    if known is None or known["is_complete"] != verdict.is_complete:
        results = [
            entry.model_dump(
                mode="json", include={"roles", "mean", "planned_samples", "against_winner", "against_single"}
            )
            for entry in contestants
        ]
        ledger.journal.write("verdict", **verdict.model_dump(mode="json"), contestants=results)
    return verdict


def _single(contestants: Sequence[Contestant]) -> Contestant:
    return next(entry for entry in contestants if "best single model" in entry.roles)


def _recommend(winner: Contestant, proven: Sequence[Contestant], ahead: Sequence[Contestant]) -> Role:
    """See `Verdict.recommended`; both lists best first."""
    if not proven:
        return "best single model"
    if winner in proven:
        return ahead[0].roles[0] if ahead else "winner"
    return proven[0].roles[0]


def _compared(contestants: Sequence[Contestant], compare: Compare) -> tuple[Contestant, ...]:
    """The contestants with their margins. Winner against one call is the question of the study and stands alone;
    the others are one family against the winner, and one against that call."""
    winner, single = contestants[0], _single(contestants)
    others = [entry for entry in contestants if entry is not winner and entry is not single]
    question = None if single is winner else _margins(winner, [single], compare)[0]
    behind_winner = _margins(winner, others, compare)
    behind_single = _margins(single, others, compare)
    families = {
        id(entry): (to_winner, None if to_single is None else to_single.turned)
        for entry, to_winner, to_single in zip(others, behind_winner, behind_single, strict=True)
    }
    families[id(single)] = (question, None)
    families.setdefault(id(winner), (None, question))
    return tuple(
        entry.model_copy(
            update={"against_winner": families[id(entry)][0], "against_single": families[id(entry)][1]}
        )
        for entry in contestants
    )


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
