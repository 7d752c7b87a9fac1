"""Second stage: trials, in batches, until a budget ends, nothing is left, or nothing better is expected."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from itas.core.concurrency import side_by_side
from itas.core.seeds import derive_seed, random_for
from itas.errors import Error
from itas.search.amounts import Amount, Costs
from itas.search.bound import BoundSpace
from itas.search.evaluate import MarginalSamples
from itas.search.history import History, Proposal, Trial, TrialState
from itas.search.journal import Event
from itas.search.ledger import Ledger, observations_of, why_unscored
from itas.search.parts import Parts
from itas.search.posterior import expected_gap, posterior_of
from itas.search.records import Budget, EndKind, StudySpec, scores_of
from itas.search.reserve import Reserve

MOST_FAILURES = 8
"""Trials that may fail one after the other before the search gives up."""


class Search:
    """Runs the trials of one study.

    Args:
        ledger: Evaluates and remembers.
        problems: Ids of the search problems; trials name them by number.
        reserve: Says what trials may not touch.
        parts: Says what a score counts.
        elapsed: Seconds since the study was begun or resumed.
        marginal_samples: What an evaluation would still buy; by default read off the structure.
    """

    def __init__(
        self,
        ledger: Ledger,
        spec: StudySpec,
        space: BoundSpace,
        problems: Sequence[str],
        reserve: Reserve,
        *,
        parts: Parts,
        marginal_samples: MarginalSamples | None,
        elapsed: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._journal = ledger.journal
        self._spec = spec
        self._budget: Budget = reserve.budget
        self._space = space
        self._problems = problems
        self._reserve = reserve
        self._parts = parts
        self._marginal_samples = marginal_samples
        self._elapsed = elapsed
        self._longest_s = self._begun_s = 0.0

    async def run(self) -> tuple[History, Event]:
        """All trials, and the event that says why the search ended.

        Raises:
            Error: No trial has a score.
        """
        self._begun_s = self._elapsed()
        history = self._known()
        for event in self._journal.all("proposed"):
            history = history.plus(await self._try(history, event["trials"]))
        end = self._ended_before()
        while end is None:
            end = self._why_stop(history)
            if end is None:
                proposed = self._propose(history)
                if isinstance(proposed, list):
                    begun = self._elapsed()
                    history = history.plus(await self._try(history, proposed))
                    self._longest_s = max(self._longest_s, self._elapsed() - begun)
                else:
                    end = proposed
        if not history.scores:
            reason = next((trial.reason for trial in history.trials if trial.reason), end["reason"])
            raise Error(f"no trial has a score, so there is nothing to recommend. {reason}")
        return history, end

    def _known(self) -> History:
        """What the ranking found out about points of the space, as trials before the first one."""
        trials: list[Trial] = []
        for event in self._journal.all("ranked"):
            if event["of"] == "generators" and event["state"] == "done":
                point = self._space.index_of(self._spec.space.single(event["model"]))
                if point is not None:
                    scores = self._parts.numbered(scores_of(observations_of(event)), self._problems)
                    trials.append(Trial(-1, point, tuple(range(len(self._problems))), scores))
        return History(len(self._problems), tuple(trials))

    def _propose(self, history: History) -> list[dict[str, Any]] | Event:
        """The next batch, in the journal before anything of it is run; or why there is none."""
        count = self._spec.batch
        if (left := self._trials_left(history)) is not None:
            count = min(count, left)
        rng = random_for(self._spec.seed, "search", len(history.trials))
        proposals = self._spec.searcher.ask(history, rng, space=self._space, batch=count)
        if not proposals:
            return self._end("exhausted", "nothing is left to try")
        affordable = self._affordable(history, proposals)
        if not affordable and not _count_trials(history):
            affordable = self._cheapest(history)
        if not affordable:
            return self._end("budget", "what is left of the caps is kept for the finalists and the verdict")
        first = _count_trials(history)
        batch: list[dict[str, Any]] = [
            {
                "trial": first + place,
                "point": proposal.point,
                "choices": self._space.points[proposal.point].choices,
                "problems": list(proposal.problems),
            }
            for place, proposal in enumerate(affordable)
        ]
        self._journal.write("proposed", trials=batch)
        return batch

    async def _try(self, history: History, batch: Sequence[Mapping[str, Any]]) -> list[Trial]:
        trials = await side_by_side([self._run_trial(entry) for entry in batch])
        self._recommend(history.plus(trials), after=int(batch[-1]["trial"]))
        return trials

    async def _run_trial(self, entry: Mapping[str, Any]) -> Trial:
        number, point = int(entry["trial"]), int(entry["point"])
        problems = tuple(int(problem) for problem in entry["problems"])
        architecture = self._space.points[point].architecture
        ids = [self._problems[problem] for problem in problems]
        result = await self._ledger.once("trial", architecture, ids, trial=number, point=point)
        scores = self._parts.numbered(scores_of(result.observations), self._problems)
        state: TrialState = "failed" if result.state == "done" and not scores else result.state
        reason = result.reason or ("" if scores else why_unscored(result.observations))
        return Trial(number, point, problems, scores, state, reason)

    def _recommend(self, history: History, *, after: int) -> None:
        """Write down and tell what would be recommended now."""
        if self._journal.find("recommendation", after=after) is not None:
            return
        posterior = posterior_of(history, self._space)
        if posterior is None:
            return
        best = posterior.best
        point = self._space.points[best.point]
        self._journal.write(
            "recommendation",
            after=after,
            point=best.point,
            choices=point.choices,
            mean=round(best.mean, 4),
            sd=round(best.sd, 4),
            paid_samples=self._ledger.paid_samples,
        )
        self._ledger.tell(
            "search",
            after + 1,
            self._budget.max_trials,
            best_mean=best.mean,
            best_sd=best.sd,
            best_label=point.label,
        )

    # --- ending ---------------------------------------------------------------------------------------------

    def _ended_before(self) -> Event | None:
        """The end in the journal; none if the budget was changed since, and the verdict has not begun."""
        for event in reversed(self._journal.events):
            if event["event"] == "search_ended":
                return event
            if event["event"] == "budget" and self._journal.find("held_out") is None:
                return None
        return None

    def _end(self, kind: EndKind, reason: str, gap: float | None = None) -> Event:
        fields = {} if gap is None else {"expected_gap": round(gap, 5)}
        return self._journal.write("search_ended", kind=kind, reason=reason, **fields)

    def _why_stop(self, history: History) -> Event | None:
        left = self._trials_left(history)
        if left is not None and left <= 0:
            return self._end("trials", f"{_count_trials(history)} trials were made")
        cut_short = [trial.reason for trial in history.trials if trial.state == "over_budget"]
        if cut_short:
            return self._end("budget", cut_short[-1])
        cap = self._budget.max_seconds
        if cap is not None and history.scores and self._is_late(history, cap):
            return self._end("time", f"what is left of {cap:g} s is kept for the finalists and the verdict")
        tail = history.trials[-MOST_FAILURES:]
        if len(tail) == MOST_FAILURES and all(trial.state == "failed" for trial in tail):
            return self._end(
                "failures", f"{MOST_FAILURES} trials failed one after the other: {tail[-1].reason}"
            )
        return self._nothing_better(history)

    def _is_late(self, history: History, cap: float) -> bool:
        """Whether one more batch would leave too little time for finalists and verdict."""
        posterior = posterior_of(history, self._space)
        kept = 0.0
        if posterior is not None:
            kept = self._reserve.seconds(posterior, self._ledger.pace, cap - self._begun_s)
        return self._elapsed() + self._longest_s + kept >= cap

    def _nothing_better(self, history: History) -> Event | None:
        limit = self._spec.stop_gap
        least = min(self._spec.min_evaluations, len(self._space) / 2.0)
        if limit is None or not history.scores or history.n_observations < least * history.n_problems:
            return None
        numbers = np.random.default_rng(derive_seed(self._spec.seed, "gap", len(history.trials)))
        gap = expected_gap(history, self._space, rng=numbers)
        if gap >= limit:
            return None
        points = f"{100 * limit:g} {'point' if limit == 0.01 else 'points'}"
        return self._end("gap", f"nothing is expected to be better by {points} or more", gap)

    def _trials_left(self, history: History) -> int | None:
        cap = self._budget.trials
        return None if cap is None else cap - _count_trials(history)

    # --- budget ---------------------------------------------------------------------------------------------

    def _affordable(self, history: History, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Those that leave enough for finalists and verdict, in their order."""
        if not self._reserve.is_needed:
            return list(proposals)
        costs = self._ledger.costs
        posterior = posterior_of(history, self._space)
        kept = self._reserve.kept(posterior, tuple(history.scores), costs)
        left = self._budget.caps - self._ledger.paid
        found: list[Proposal] = []
        for proposal in proposals:
            pending = [Trial(-1, entry.point, entry.problems, state="pending") for entry in found]
            takes = self._takes(history.plus(pending), proposal, costs)
            then = kept.after(costs.of(self._space.points[proposal.point].architecture))
            if (takes + then.amount).fits(left):
                kept = then
                left -= takes
                found.append(proposal)
        return found

    def _cheapest(self, history: History) -> list[Proposal]:
        """The cheapest point, so that a small budget has one trial; none if even that takes too much, and there
        is something to recommend without it."""
        points = [point for point in range(len(self._space)) if point not in history.asked]
        if not points:
            return []
        point = self._reserve.cheapest_point(points, self._ledger.costs)
        proposals = list(self._spec.searcher.propose([point], history))
        return proposals if not history.scores else self._affordable(history, proposals)

    def _takes(self, history: History, proposal: Proposal, costs: Costs) -> Amount:
        """What a proposal would still buy."""
        n = len(proposal.problems)
        samples = self._missing_samples(history, proposal)
        architecture = self._space.points[proposal.point].architecture
        return costs.missing(architecture, samples / n).times(n) if n else Amount()

    def _missing_samples(self, history: History, proposal: Proposal) -> int:
        """Samples that a proposal would still buy; by structure, or as the call store says."""
        if self._marginal_samples is not None:
            ids = [self._problems[problem] for problem in proposal.problems]
            return self._marginal_samples(self._space.points[proposal.point].architecture, ids)
        sharing = self._space.sharing
        known: dict[tuple[int, ...], int] = {}
        total = 0
        for problem in proposal.problems:
            points = tuple(point for point, asked in history.asked.items() if problem in asked)
            if points not in known:
                known[points] = sharing.missing(proposal.point, sharing.stock(points))
            total += known[points]
        return total


def _count_trials(history: History) -> int:
    return sum(trial.number >= 0 for trial in history.trials)
