"""First stage: rank the models alone, and the fusers by what they make of the same answers.

Source: Saad-Falcon et al. 2024, arXiv:2409.15254: each model alone, one sample; each fuser with one answer of
each of the ten best models. On development problems only (version 1 of the paper ranked on all of them).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from itas.core.architecture import Architecture
from itas.core.concurrency import side_by_side
from itas.errors import BudgetExceeded, Error
from itas.search.ledger import Evaluated, Ledger, why_unscored
from itas.search.ranking import Dropped, Ranked, RankingName, Rankings, rank
from itas.search.records import Stage, StudySpec, scores_of

FUSED_ANSWERS = 10
_STAGES: dict[RankingName, Stage] = {"generators": "ranking models", "fusers": "ranking fusers"}

DroppedModels = dict[RankingName, tuple[Dropped, ...]]


async def rank_models(
    ledger: Ledger, spec: StudySpec, problems: Sequence[str]
) -> tuple[Rankings, DroppedModels]:
    """Both ranked lists; the one of fusers only where the space needs it.

    Raises:
        BudgetExceeded: A cap was hit.
        Error: No model could be ranked.
    """
    singles = {model: spec.space.single(model) for model in spec.models}
    generators, dropped = await _rank(ledger, "generators", singles, problems)
    left_out: DroppedModels = {"generators": dropped}
    fusers: tuple[Ranked, ...] = ()
    if "fusers" in spec.space.rankings_used:
        top = [entry.model for entry in generators[:FUSED_ANSWERS]]
        fusing = {model: spec.space.fusing(model, top) for model in spec.all_fusers}
        if len(fusing) == 1:
            fusers = (Ranked(model=spec.all_fusers[0], skill=0.5),)
        else:
            fusers, left_out["fusers"] = await _rank(ledger, "fusers", fusing, problems)
    rankings = Rankings(generators=generators, fusers=fusers)
    if ledger.journal.find("ranking") is None:
        ledger.journal.write(
            "ranking",
            rankings=rankings.model_dump(mode="json"),
            dropped={name: [entry.model_dump() for entry in found] for name, found in left_out.items()},
        )
    return rankings, left_out


async def _rank(
    ledger: Ledger, name: RankingName, architectures: Mapping[str, Architecture], problems: Sequence[str]
) -> tuple[tuple[Ranked, ...], tuple[Dropped, ...]]:
    finished: list[str] = []

    async def one(model: str, architecture: Architecture) -> Evaluated:
        result = await ledger.once("ranked", architecture, problems, of=name, model=model)
        finished.append(model)
        ledger.tell(_STAGES[name], len(finished), len(architectures))
        return result

    results = await side_by_side([one(model, entry) for model, entry in architectures.items()])
    entries = [_judge(model, result) for model, result in zip(architectures, results, strict=True)]
    ranked = [entry for entry in entries if isinstance(entry, Ranked)]
    dropped = [entry for entry in entries if isinstance(entry, Dropped)]
    if not ranked:
        reasons = "; ".join(f"{entry.model}: {entry.reason}" for entry in dropped)
        raise Error(f"none of the {name} could be ranked, so there is nothing to search. {reasons}")
    return rank(ranked), tuple(dropped)


def _judge(model: str, result: Evaluated) -> Ranked | Dropped:
    """The model with its mean score, or why it has none: it failed, or most problems have no score."""
    if result.state == "over_budget":
        raise BudgetExceeded(
            f"the budget ended while {model} was being ranked: {result.reason}. Raise it and resume the study"
        )
    scores = list(scores_of(result.observations).values())
    if result.state == "failed" or 2 * len(scores) < len(result.observations):
        return Dropped(model=model, reason=result.reason or why_unscored(result.observations))
    se = float(np.std(scores, ddof=1)) / len(scores) ** 0.5 if len(scores) > 1 else 0.0
    seconds = [entry.latency_s for entry in result.observations if entry.latency_s]
    latency = float(np.mean(seconds)) if seconds else None
    return Ranked(model=model, skill=float(np.mean(scores)), se=se, n=len(scores), latency_s=latency)
