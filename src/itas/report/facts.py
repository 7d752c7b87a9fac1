"""What a search report shows, gathered from the result of a study and, where there is one, from its journal.

The result alone gives the contestants, the rankings, the finalists and the mean score of every trial. The
journal adds what every step took, so prices of trials, the course of the search and its stages appear with it.
The posterior of every evaluated point is computed from the journal by the study's own function.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from itas.core.component import EventKind
from itas.core.model import is_simulated
from itas.core.money import add_prices
from itas.core.observation import Observation, event_rates
from itas.core.problem import Score, Unscored
from itas.evaluation.statistics import MeanEstimate, estimate_mean
from itas.report.about import About
from itas.report.effects import Effect, find_effects
from itas.report.verdict import name_contestant
from itas.report.words import describe_architecture
from itas.search.bound import BoundSpace
from itas.search.history import History, Trial
from itas.search.journal import Event
from itas.search.ledger import observations_of
from itas.search.posterior import Estimate, posterior_of
from itas.search.records import SINGLES, Contestant, Margin, StudyResult, number_scores, scores_of

_STAGES = ("Ranking the models", "Ranking the fusers", "Search", "Finalists", "Verdict")


@dataclass(frozen=True, slots=True)
class Standing:
    """A contestant on the held-out problems.

    Attributes:
        name: In plain words.
        roles: What it stands for.
        architecture: On one line.
        samples: For one question, as planned.
        price: Mean micro-dollars of one question; None if unpriced or never asked.
        score: Mean with its interval; None without any score.
        margin: The winner minus it.
        over_single: It minus one call of the best single model.
        latency_s: Median of a question.
        asked: Problems it was asked.
        problems: Problems it was to be asked.
        unscored: Of those asked, by reason.
        reason: Why it did not get through, in words.
        events: Share of its answers in which something did not go as described, by kind.
        truth: Its true quality, where that is known.
    """

    name: str
    roles: tuple[str, ...]
    architecture: str
    samples: int
    price: float | None
    score: MeanEstimate | None
    margin: Margin | None
    over_single: Margin | None
    latency_s: float | None
    asked: int
    problems: int
    unscored: Mapping[str, int]
    reason: str
    events: Mapping[EventKind, float]
    truth: float | None

    @property
    def short_name(self) -> str:
        """By the first thing that it stands for."""
        return self.name.partition(", also ")[0]

    @property
    def kind(self) -> str:
        """``winner``, ``one call`` or ``baseline``."""
        if "winner" in self.roles:
            return "winner"
        return "one call" if set(self.roles) & set(SINGLES) else "baseline"


@dataclass(frozen=True, slots=True)
class PointFacts:
    """An architecture that the search tried, with all trials of it together.

    Attributes:
        point: Its number in the space.
        label: The architecture on one line, or its number where nobody knows.
        samples: For one question; None where unknown.
        price: Mean micro-dollars of one question.
        observed: Mean score of everything observed.
        n: Problems it was observed on.
        mean: Posterior mean.
        sd: Posterior standard deviation.
    """

    point: int
    label: str
    samples: int | None
    price: float | None
    observed: float | None
    n: int
    mean: float | None
    sd: float | None

    @property
    def best_known(self) -> float | None:
        """The posterior mean, or what was observed where there is none."""
        return self.observed if self.mean is None else self.mean


@dataclass(frozen=True, slots=True)
class Step:
    """A trial with what had been paid when it was done."""

    number: int
    label: str
    state: str
    reason: str
    observed: float | None
    n: int
    paid: int | None
    paid_before: int | None


@dataclass(frozen=True, slots=True)
class Recommended:
    """What would have been recommended after so many trials and samples."""

    trials: int
    paid: int
    mean: float
    sd: float
    label: str


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage took; `events` is the share of its answers in which something did not go as described."""

    name: str
    answers: int
    used: int
    paid: int
    paid_micro_usd: int
    unscored: int
    events: Mapping[EventKind, float]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything on the page that is not in the result as it stands."""

    standings: tuple[Standing, ...]
    points: tuple[PointFacts, ...]
    steps: tuple[Step, ...]
    course: tuple[Recommended, ...]
    stages: tuple[StageCost, ...]
    effects: tuple[Effect, ...]
    is_simulated: bool

    @property
    def has_corrected(self) -> bool:
        """Some contestant is tied with the winner or the one call although its own interval leaves out 0."""
        found = [margin for entry in self.standings for margin in (entry.margin, entry.over_single)]
        margins = [margin for margin in found if margin is not None]
        return any(margin.verdict == "tied" and not margin.low <= 0.0 <= margin.high for margin in margins)

    @property
    def singles(self) -> tuple[Standing, ...]:
        """One call of the best single model of the ranking, and of another one that did better on held-out problems."""
        calls = [entry for entry in self.standings if entry.kind == "one call"]
        best = max(calls, key=lambda entry: entry.score.mean if entry.score else -1.0, default=None)
        ranked = [entry for entry in calls if "best single model" in entry.roles]
        return (*ranked, *([best] if best is not None and best not in ranked else ()))

    @property
    def went_as_described(self) -> bool:
        """Every contestant has a score for every held-out problem, and nothing was reported."""
        return all(not entry.unscored and not entry.events and entry.asked for entry in self.standings)

    @property
    def has_prices(self) -> bool:
        """Every contestant that was asked has a price above 0."""
        return all(entry.price for entry in self.standings if entry.asked) and bool(self.standings)


def gather(result: StudyResult, about: About, journal: Sequence[Event]) -> Facts:
    """Read a result and the journal of the same study; without a journal, what that would add is missing."""
    # Read once; each part of the page asks again.
    journal = [
        {**event, "observations": observations_of(event)} if "observations" in event else event
        for event in journal
    ]
    space = _bind(result)
    labels = _label_points(result, journal, space)
    asked = _observations_by_point(journal)
    history = _history(journal, space)
    return Facts(
        standings=tuple(_stand(entry, result, about) for entry in result.contestants),
        points=_read_points(result, history, space, labels, asked),
        steps=_read_steps(result, journal, labels),
        course=_read_course(journal, labels),
        stages=_read_stages(journal),
        effects=() if history is None or space is None else find_effects(history, space),
        is_simulated=about.is_simulated or any(is_simulated(model) for model in _models(result)),
    )


def price_of(observations: Sequence[Observation]) -> float | None:
    """Mean micro-dollars of one question; None if any is unpriced or there are none."""
    total = add_prices(entry.cost_micro_usd for entry in observations)
    return None if total is None or not observations else total / len(observations)


def count_unscored(observations: Iterable[Observation]) -> Counter[str]:
    """Problems without a score, by reason."""
    return Counter(str(entry.outcome.reason) for entry in observations if isinstance(entry.outcome, Unscored))


# --- contestants --------------------------------------------------------------------------------------------


def _stand(entry: Contestant, result: StudyResult, about: About) -> Standing:
    observations = entry.observations
    scores = [each.outcome.value for each in observations if isinstance(each.outcome, Score)]
    answered = [each.latency_s for each in observations if isinstance(each.outcome, Score)]
    truths = about.true_quality or {}
    return Standing(
        name=name_contestant(entry),
        roles=entry.roles,
        architecture=describe_architecture(entry.architecture),
        samples=entry.planned_samples,
        price=price_of(observations),
        score=estimate_mean(scores) if scores else None,
        margin=entry.against_winner,
        over_single=entry.against_single,
        latency_s=median(answered) if any(answered) else None,
        asked=len(observations),
        problems=result.split[2],
        unscored=count_unscored(observations),
        reason=entry.reason,
        events=event_rates(observations),
        truth=truths.get(entry.architecture.fingerprint),
    )


def _models(result: StudyResult) -> set[str]:
    asked = {model for entry in result.contestants for model in entry.architecture.models}
    return asked | set(result.spec.models) | set(result.spec.all_fusers)


# --- points and trials --------------------------------------------------------------------------------------


def _bind(result: StudyResult) -> BoundSpace | None:
    """The space with its points; None where prices and the like took part in making it, which are not known here."""
    if result.spec.space.needs_measures:
        return None
    space = result.spec.space.bind(result.rankings)
    return space if space.describe() == result.space else None


def _label_points(
    result: StudyResult, journal: Sequence[Event], space: BoundSpace | None
) -> Mapping[int, str]:
    """Every point that was tried, on one line: as an architecture, or by its choices."""
    tried = {trial.point for trial in result.trials} | {entry.point for entry in result.finalists}
    if space is not None and all(point < len(space) for point in tried):
        return {point: describe_architecture(space.points[point].architecture) for point in tried}
    labels = {entry.point: _choices(entry.choices) for entry in result.finalists}
    for event in journal:
        for trial in event.get("trials", ()) if event["event"] == "proposed" else ():
            labels.setdefault(int(trial["point"]), _choices(trial["choices"]))
    for trial in result.trials:
        if trial.number < 0:  # known from the ranking of the models, never proposed
            labels.setdefault(trial.point, "one call of one model")
    return {point: labels.get(point, f"point {point}") for point in tried}


def _choices(choices: Mapping[str, str | float]) -> str:
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in choices.items()
    )


def _observations_by_point(journal: Sequence[Event]) -> Mapping[int, tuple[Observation, ...]]:
    found: dict[int, dict[str, Observation]] = {}
    for event in journal:
        if event["event"] in ("trial", "finalist"):
            entries = found.setdefault(int(event["point"]), {})
            entries.update({entry.problem_id: entry for entry in observations_of(event)})
    return {point: tuple(entries.values()) for point, entries in found.items()}


def _read_points(
    result: StudyResult,
    history: History | None,
    space: BoundSpace | None,
    labels: Mapping[int, str],
    asked: Mapping[int, tuple[Observation, ...]],
) -> tuple[PointFacts, ...]:
    posterior = _posterior(history, space)
    finalists = {entry.point: entry for entry in result.finalists}
    facts: list[PointFacts] = []
    for point, label in sorted(labels.items()):
        finalist, estimate = finalists.get(point), posterior.get(point)
        observed, n = _observed(result, point, asked.get(point, ()))
        samples = int(space.planned_samples[point]) if space is not None and point < len(space) else None
        facts.append(
            PointFacts(
                point=point,
                label=label,
                samples=finalist.planned_samples if finalist else samples,
                price=price_of(asked.get(point, ())),
                observed=finalist.observed if finalist else observed,
                n=finalist.n if finalist else n,
                mean=finalist.mean if finalist else estimate.mean if estimate else None,
                sd=finalist.sd if finalist else estimate.sd if estimate else None,
            )
        )
    return tuple(facts)


def _observed(
    result: StudyResult, point: int, observations: Sequence[Observation]
) -> tuple[float | None, int]:
    scores = list(scores_of(observations).values())
    if scores:
        return sum(scores) / len(scores), len(scores)
    trials = [(trial.mean, trial.n) for trial in result.trials if trial.point == point]
    known = [(mean, n) for mean, n in trials if mean is not None and n]
    n = sum(n for _, n in known)
    return (sum(mean * n for mean, n in known) / n if n else None), n


def _history(journal: Sequence[Event], space: BoundSpace | None) -> History | None:
    """The same evidence as the study's own; None without journal or space."""
    begun = next((event for event in journal if event["event"] == "space"), None)
    if space is None or begun is None or begun.get("points_fingerprint") != space.fingerprint:
        return None
    found = [(event, _point_of(event, space)) for event in journal]
    evidence = [(event, point) for event, point in found if point is not None]
    ids = list(dict.fromkeys(entry.problem_id for event, _ in evidence for entry in observations_of(event)))
    order = {"ranked": 0, "trial": 1, "finalist": 2}
    evidence.sort(key=lambda pair: (order[pair[0]["event"]], pair[0].get("trial", -1)))
    trials = [
        Trial(int(event.get("trial", -1)), point, (), number_scores(scores_of(observations_of(event)), ids))
        for event, point in evidence
    ]
    return History(len(ids), tuple(trials))


def _posterior(history: History | None, space: BoundSpace | None) -> Mapping[int, Estimate]:
    """Of every evaluated point."""
    posterior = None if history is None or space is None else posterior_of(history, space)
    if history is None or posterior is None:
        return {}
    return {point: posterior.of(point) for point in history.scores}


def _point_of(event: Event, space: BoundSpace) -> int | None:
    """The point that an event has observations of."""
    if event["event"] in ("trial", "finalist"):
        return int(event["point"])
    if event["event"] == "ranked" and event["of"] == "generators" and event["state"] == "done":
        return space.index_of(space.space.single(event["model"]))
    return None


# --- the course of the search -------------------------------------------------------------------------------


def _read_steps(result: StudyResult, journal: Sequence[Event], labels: Mapping[int, str]) -> tuple[Step, ...]:
    bought: Counter[int] = Counter()
    before: dict[int, int] = {}
    paid = 0
    for event in journal:
        samples = sum(entry.samples_paid for entry in observations_of(event))
        if event["event"] == "trial":
            number = int(event["trial"])
            before.setdefault(number, paid)
            bought[number] += samples
        paid += samples
    return tuple(
        Step(
            number=trial.number,
            label=labels.get(trial.point, f"point {trial.point}"),
            state=trial.state.replace("_", " "),
            reason=trial.reason,
            observed=trial.mean,
            n=trial.n,
            paid=bought[trial.number] if trial.number in before else None,
            paid_before=before.get(trial.number),
        )
        for trial in result.trials
        if trial.number >= 0
    )


def _read_course(journal: Sequence[Event], labels: Mapping[int, str]) -> tuple[Recommended, ...]:
    return tuple(
        Recommended(
            trials=int(event["after"]) + 1,
            paid=int(event["paid_samples"]),
            mean=float(event["mean"]),
            sd=float(event["sd"]),
            label=labels.get(int(event["point"]), _choices(event["choices"])),
        )
        for event in journal
        if event["event"] == "recommendation"
    )


def _read_stages(journal: Sequence[Event]) -> tuple[StageCost, ...]:
    by_stage: dict[str, list[Observation]] = {name: [] for name in _STAGES}
    for event in journal:
        stage = _stage_of(event)
        if stage is not None:
            by_stage[stage] += observations_of(event)
    return tuple(
        StageCost(
            name=name,
            answers=len(entries),
            used=sum(entry.samples_used for entry in entries),
            paid=sum(entry.samples_paid for entry in entries),
            paid_micro_usd=sum(entry.paid_micro_usd for entry in entries),
            unscored=sum(count_unscored(entries).values()),
            events=event_rates(entries),
        )
        for name, entries in by_stage.items()
        if entries
    )


def _stage_of(event: Event) -> str | None:
    if event["event"] == "ranked":
        return _STAGES[0] if event["of"] == "generators" else _STAGES[1]
    return {"trial": _STAGES[2], "finalist": _STAGES[3], "contestant": _STAGES[4]}.get(event["event"])
