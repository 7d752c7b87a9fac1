"""A study: rank, search, finalists, verdict - every step in a journal, so that a kill loses nothing.

The study never sees a model: it is handed a function that evaluates. All it decides depends on the spec, the
seed and the observations; what was observed or decided before stands in the journal and is not asked again.
Held-out problems are not touched before the winner is named, and then once.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from itas.core.spec import digest
from itas.errors import DataError, SpecError
from itas.search.amounts import Amount
from itas.search.bound import BoundSpace
from itas.search.contestants import find_cheapest, line_up
from itas.search.estimate import estimate_study, guess_rankings
from itas.search.evaluate import Evaluate, MarginalSamples
from itas.search.history import Trial
from itas.search.journal import Journal, read_journal
from itas.search.ledger import Ledger
from itas.search.parts import Parts
from itas.search.ranking import Rankings
from itas.search.records import (
    Budget,
    Compare,
    Progress,
    StudyEstimate,
    StudyResult,
    StudySpec,
    TrialRecord,
    paired_margins,
)
from itas.search.reserve import Reserve
from itas.search.space import Measures, Price
from itas.search.split import Split, split_problems
from itas.search.stages.finals import name_winner
from itas.search.stages.ranking import rank_models
from itas.search.stages.search import Search
from itas.search.stages.verdict import judge, plan, run_contestants

FORMAT = "itas-study"
VERSION = 1


@dataclass(frozen=True)
class Study:
    """A search for the best architecture of a space.

    Attributes:
        spec: What to search.
        problems: Ids of all problems, in any order.
        evaluate: Runs architectures.
        groups: Problem id -> its group, for instance a digest of its conversation: whole groups go to one side of
            the split, so that no held-out question was searched on. None: every problem is a group of its own.
        parts: Problem id -> its benchmark, where there are several: each side of the split has as much of every one.
        clock: Seconds, for `Budget.max_seconds`.
        budget: Caps.
        journal: Where the journal is or shall be; None keeps it in memory.
        price: Estimated cost of one question; needed for caps in dollars.
        judging: What a judge takes for each answered question beside that; in the estimate.
        measures: Estimated tokens and seconds of one question, for goals, fronts and limits in them.
        marginal_samples: What an evaluation would still buy; by default read off the structure.
        compare: Paired comparisons: the winner with one call of each single model, which is the question the
            study asks (a comparison of its own each); the winner with the others as one family; each of those
            calls with the same others as one family.
        paid_before: What was already paid for this study when it is resumed, as a ledger of calls knows it: a kill
            keeps the calls of unfinished evaluations out of the journal. With it, a resumed study plans with what
            is really left of its caps; without it, with a little more (the caps themselves hold elsewhere).
        progress: Told after every step.
        versions: What the journal is to remember about the program and its surroundings.
    """

    spec: StudySpec
    problems: Sequence[str]
    evaluate: Evaluate
    budget: Budget = field(default_factory=Budget)
    journal: Path | None = None
    price: Price | None = None
    judging: Amount | None = None
    measures: Measures | None = None
    marginal_samples: MarginalSamples | None = None
    compare: Compare = paired_margins
    paid_before: Amount | None = None
    progress: Callable[[Progress], None] | None = None
    groups: Mapping[str, str] | None = None
    parts: Mapping[str, str] | None = None
    clock: Callable[[], float] = time.monotonic
    versions: Mapping[str, str] = field(default_factory=dict[str, str])

    def estimate(self) -> StudyEstimate:
        """What it takes, found without asking any model.

        Raises:
            SpecError: Something is wrong, or the budget does not reach a verdict (with the numbers).
        """
        space = self._bind(guess_rankings(self.spec, self.price))
        for kind in self.spec.costs_used:
            space.costs(kind)  # or raise, before anything is paid for
        return estimate_study(self.spec, self.budget, self._split(), space, self.price, judging=self.judging)

    async def run(self) -> StudyResult:
        """Start, or go on where the journal ends.

        Raises:
            SpecError: See `estimate`.
            DataError: The journal is of another study, damaged, or written by another process.
            BudgetExceeded: A cap was hit before there was anything to recommend.
            Error: No model could be ranked, or no trial has a score.
        """
        started = self.clock()
        self.estimate()
        split = self._split()
        with Journal(self.journal) as journal:
            _begin(self, journal, split)
            ledger = Ledger(
                journal,
                self.evaluate,
                self.progress,
                price=None if self.budget.max_cost_usd is None else self.price,
                paid_before=self.paid_before,
                clock=self.clock,
            )
            rankings, dropped = await rank_models(ledger, self.spec, split.search)
            space = self._bind(rankings)
            _check_space(self, journal, space)
            reserve = Reserve(self.spec, self.budget, split, space)
            parts = Parts(self.spec.aggregate, self.parts or {}, rankings, ledger.journal, split)
            search = Search(
                ledger,
                self.spec,
                space,
                split.search,
                reserve,
                parts=parts,
                marginal_samples=self.marginal_samples,
                elapsed=lambda: self.clock() - started,
            )
            history, end = await search.run()
            posterior, finalists, front = await name_winner(
                ledger,
                space,
                history,
                split,
                count=self.spec.finalists,
                reserve=reserve,
                goal=self.spec.goal,
                parts=parts,
            )
            winner = finalists[0].point
            entries, skipped = line_up(
                self.spec, space, winner=winner, cheapest=find_cheapest(space, posterior, winner)
            )
            cap = math.inf if self.budget.max_seconds is None else self.budget.max_seconds
            standing = plan(ledger, entries, reserve, left_s=cap - (self.clock() - started))
            contestants = await run_contestants(
                ledger, standing.entries, split.held_out[: standing.problems], compare=self.compare
            )
            verdict = judge(ledger, contestants)
        return StudyResult(
            spec=self.spec,
            budget=self.budget,
            split=(len(split.search), len(split.fresh), standing.problems),
            rankings=rankings,
            dropped={name: entries for name, entries in dropped.items() if entries},
            space=space.describe(),
            trials=tuple(_record(trial) for trial in history.trials),
            ended=end["kind"],
            ended_reason=end["reason"],
            expected_gap=end.get("expected_gap"),
            finalists=finalists,
            front=front,
            contestants=contestants,
            skipped={**skipped, **standing.left_out},
            verdict=verdict,
            paid_samples=ledger.paid_samples,
            paid_micro_usd=ledger.paid_micro_usd,
            used_samples=ledger.used_samples,
            used_micro_usd=ledger.used_micro_usd,
        )

    def _bind(self, rankings: Rankings) -> BoundSpace:
        return self.spec.space.bind(rankings, price=self.price, measures=self.measures)

    def _split(self) -> Split:
        return split_problems(
            self.problems, seed=self.spec.seed, dev=self.spec.dev, groups=self.groups, parts=self.parts
        )


def load_study(journal: Path) -> tuple[StudySpec, Budget]:
    """The spec and the last budget in a journal, to resume it.

    Raises:
        DataError: Not the journal of a study.
    """
    events = read_journal(journal)
    if not events or events[0]["event"] != "study" or events[0].get("format") != FORMAT:
        raise DataError(f"{journal}: not the journal of a study: its first line is no 'study' event")
    version = events[0].get("version")
    if version != VERSION:
        raise DataError(
            f"{journal}: version {VERSION} can be read, found {version}. Use the itas that wrote it"
        )
    budgets = [event["budget"] for event in events if event["event"] == "budget"]
    try:
        return StudySpec.parse(events[0]["spec"]), Budget.parse(budgets[-1] if budgets else {})
    except SpecError as error:
        raise DataError(f"{journal}, line 1: {error}") from None


def _begin(study: Study, journal: Journal, split: Split) -> None:
    """Write down what is searched, or check that the journal is of the same study."""
    problems = _fingerprint(study)
    started = journal.find("study")
    if started is None:
        journal.write(
            "study",
            format=FORMAT,
            version=VERSION,
            spec=study.spec.model_dump(mode="json"),
            spec_fingerprint=study.spec.fingerprint,
            space_fingerprint=study.spec.space.fingerprint,
            problems=problems,
            split=[len(split.search), len(split.fresh), len(split.held_out)],
            seed=study.spec.seed,
            versions=dict(study.versions),
        )
    elif started.get("spec_fingerprint") != study.spec.fingerprint:
        raise DataError(f"{study.journal}: is the journal of another study. Choose another folder")
    elif started.get("problems") != problems:
        raise DataError(
            f"{study.journal}: the study was begun on other problems (their ids or groups differ). Go on with the same "
            "problems, or begin a new study in another folder"
        )
    budget = study.budget.model_dump(mode="json")
    last = journal.find("budget")
    if last is None or last["budget"] != budget:
        journal.write("budget", budget=budget)


def _fingerprint(study: Study) -> str:
    """Of the problems and of which belong together; groups of one are none."""
    found: dict[str, list[str]] = {}
    for problem in sorted(study.problems):
        if study.groups and problem in study.groups:
            found.setdefault(study.groups[problem], []).append(problem)
    shared = sorted(group for group in found.values() if len(group) > 1)
    return digest([sorted(study.problems), shared] if shared else sorted(study.problems))


def _check_space(study: Study, journal: Journal, space: BoundSpace) -> None:
    """Points are named by number, so the space must have the same points as when the study began."""
    known = journal.find("space")
    if known is None:
        journal.write(
            "space",
            points_fingerprint=space.fingerprint,
            **space.describe().model_dump(mode="json", exclude={"fingerprint"}),
        )
    elif known["points_fingerprint"] != space.fingerprint:
        raise DataError(
            f"{study.journal}: the space has other points than when the study began, because components have "
            "changed. Go on with the itas that began it, or begin a new study in another folder"
        )


def _record(trial: Trial) -> TrialRecord:
    scores = [score for _, score in trial.scores]
    return TrialRecord(
        number=trial.number,
        point=trial.point,
        state=trial.state,
        reason=trial.reason,
        mean=float(np.mean(scores)) if scores else None,
        n=len(scores),
    )
