"""What a page says about its run that the result itself does not know."""

from pydantic import Field, NonNegativeInt

from itas.core.spec import Spec
from itas.search.records import Budget


class NextStep(Spec):
    """Something that a reader may want to do now, and the command for it."""

    purpose: str
    command: str


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
