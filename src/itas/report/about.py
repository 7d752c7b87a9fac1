"""What a page says about its run that the result itself does not know."""

from typing import Literal

from pydantic import Field, NonNegativeInt

from itas.core.spec import Spec
from itas.evaluation.statistics import MeanEstimate
from itas.search.records import Budget


class NextStep(Spec):
    """Something that a reader may want to do now, and the command for it."""

    purpose: str
    command: str


class AblationLine(Spec):
    """What is lost without one part of the winner.

    Attributes:
        without: The part that was left out.
        difference: The winner minus the rest, as a share; above 0 the part is worth something.
        low: Lower end of its 95 % interval.
        high: Upper end.
        verdict: On the winner: better, worse or tied.
        share_of_price: Of the winner's price that the part takes; None where unpriced. Below 0 it saves some.
        share_of_samples: Of its samples, likewise.
    """

    without: str
    difference: float
    low: float
    high: float
    verdict: Literal["better", "worse", "tied"]
    share_of_price: float | None = None
    share_of_samples: float | None = None


class GapLine(Spec):
    """What one of several benchmarks loses by having no architecture of its own.

    Attributes:
        benchmark: Which.
        general: Held-out mean of the winner for all of them.
        own: Held-out mean of the winner of a search on it alone.
        difference: Own minus general, as a share.
        low: Lower end of its 95 % interval.
        high: Upper end.
        verdict: On the one of its own; unknown where the two were not asked the same problems.
        n: Problems that both were asked; 0 where the two means are of different ones.
    """

    benchmark: str
    general: MeanEstimate
    own: MeanEstimate
    difference: float
    low: float
    high: float
    verdict: Literal["better", "worse", "tied", "unknown"] = "unknown"
    n: NonNegativeInt = 0


class About(Spec):
    """Where a result comes from.

    Attributes:
        title: Heads the page.
        created: When the run was made, ISO 8601 in UTC.
        command: Makes the run again.
        benchmark: Its name.
        n_problems: Problems of the benchmark in this run, development and held-out together.
        metric: What the mean score is called.
        versions: Of the program and its surroundings, by name.
        fingerprints: Further ones than those of space, study and winner, by name.
        is_simulated: A simulated model took part. The page finds that out by itself too.
        true_quality: For simulated runs: quality in [0, 1] of contestants by fingerprint, measured on many other
            problems. None where nobody knows the truth.
        true_problems: On how many.
        caps: As the user gave them; those of the study if None.
        next_steps: What to do now; two commands that fit most runs if empty.
        took: What each component takes for one question, in words: by fingerprint of the architecture, then by layer
            and component (both from 0) as ``0.1``; empty where nobody knows.
        ablation: What each part of the winner adds; empty where nobody found out.
        parts: Of several benchmarks: for each, the held-out mean of every contestant, by fingerprint.
        gaps: What each of several benchmarks loses by having no architecture of its own, where that was asked for.
    """

    title: str
    created: str = ""
    command: str = ""
    benchmark: str = ""
    n_problems: NonNegativeInt = 0
    metric: str = "accuracy"
    versions: dict[str, str] = Field(default_factory=dict)
    fingerprints: dict[str, str] = Field(default_factory=dict)
    is_simulated: bool = False
    true_quality: dict[str, float] | None = None
    true_problems: NonNegativeInt | None = None
    caps: Budget | None = None
    next_steps: tuple[NextStep, ...] = ()
    took: dict[str, dict[str, str]] = Field(default_factory=dict)
    ablation: tuple[AblationLine, ...] = ()
    parts: dict[str, dict[str, MeanEstimate]] = Field(default_factory=dict[str, dict[str, MeanEstimate]])
    gaps: tuple[GapLine, ...] = ()
