"""The models of the pool: what each is good at, what it costs, how fast it is.

No profile describes a real model. The names are made up so that nobody takes a result of theirs for one.
"""

from dataclasses import dataclass
from typing import Literal

MAX_WAVERING = 0.3
"""The rest of the variance is shared by all models or persists within one."""

Topic = Literal["general", "mathematics", "code", "instruction"]


@dataclass(frozen=True, slots=True)
class Generating:
    """Share of problems of average difficulty answered right in one sample at temperature 0.7, in (0, 1)."""

    general: float
    mathematics: float
    code: float
    instruction: float

    def on(self, topic: Topic) -> float:
        """The share for one topic."""
        if topic == "mathematics":
            return self.mathematics
        if topic == "code":
            return self.code
        return self.instruction if topic == "instruction" else self.general


@dataclass(frozen=True, slots=True)
class Profile:
    """One simulated model.

    Attributes:
        name: What stands behind ``simulated/``.
        family: Models of a family share some of their mistakes.
        generating: How often it is right by itself.
        wavering: Share of the variance of its performance on a problem that one sample has for itself, at
            temperature 0.7, in (0, 0.3]. The rest persists: what it gets wrong it mostly gets wrong again.
        ranking, criticising, verifying, fusing, testing, judging: Skill at that task, in [0, 1]; testing
            is writing tests, judging is judging an answer against tests.
        unreadable: Share of replies that do not keep the form asked for.
        micro_usd_in, micro_usd_out: Price of a million tokens, in millionths of a dollar.
        first_token_s, tokens_per_s: Median time to the first token, and speed after it.
    """

    name: str
    family: str
    generating: Generating
    wavering: float
    ranking: float
    criticising: float
    verifying: float
    fusing: float
    testing: float
    judging: float
    unreadable: float
    micro_usd_in: int
    micro_usd_out: int
    first_token_s: float
    tokens_per_s: float

    def __post_init__(self) -> None:
        generating = self.generating
        shares = (generating.general, generating.mathematics, generating.code, generating.instruction)
        skills = (self.ranking, self.criticising, self.verifying, self.fusing, self.testing, self.judging)
        if not all(0 < share < 1 for share in shares):
            raise ValueError(f"{self.name}: generating must lie between 0 and 1, found {shares}")
        if not all(0 <= skill <= 1 for skill in (*skills, self.unreadable)):
            raise ValueError(f"{self.name}: skills and unreadable must lie in [0, 1], found {skills}")
        if not 0 < self.wavering <= MAX_WAVERING:
            raise ValueError(f"{self.name}: wavering must lie in (0, {MAX_WAVERING}], found {self.wavering}")


def _profile(
    name: str,
    generating: tuple[float, float, float, float],
    skills: tuple[float, float, float, float, float, float],
    *,
    wavering: float,
    unreadable: float,
    usd: tuple[float, float],
    speed: tuple[float, float],
) -> Profile:
    ranking, criticising, verifying, fusing, testing, judging = skills
    return Profile(
        name=name,
        family=name.partition("-")[0],
        generating=Generating(*generating),
        wavering=wavering,
        ranking=ranking,
        criticising=criticising,
        verifying=verifying,
        fusing=fusing,
        testing=testing,
        judging=judging,
        unreadable=unreadable,
        micro_usd_in=round(usd[0] * 1e6),
        micro_usd_out=round(usd[1] * 1e6),
        first_token_s=speed[0],
        tokens_per_s=speed[1],
    )


# Generating: general, mathematics, code, instruction. Skills: ranking, criticising,
# verifying, fusing, testing, judging.
# Generating and fusing rank the models differently on purpose: scribe-large fuses best and answers
# mathematics worst of the large ones, quarry-large is the other way round.
PROFILES: tuple[Profile, ...] = (
    _profile("atlas-large", (0.66, 0.64, 0.62, 0.68), (0.70, 0.66, 0.46, 0.74, 0.68, 0.68),
             wavering=0.07, unreadable=0.001, usd=(3.0, 15.0), speed=(0.9, 70)),
    _profile("scribe-large", (0.58, 0.49, 0.50, 0.70), (0.66, 0.72, 0.42, 0.90, 0.60, 0.64),
             wavering=0.08, unreadable=0.001, usd=(2.5, 10.0), speed=(0.7, 85)),
    _profile("euler-large", (0.54, 0.68, 0.54, 0.52), (0.62, 0.62, 0.52, 0.66, 0.66, 0.70),
             wavering=0.06, unreadable=0.002, usd=(2.0, 8.0), speed=(1.4, 55)),
    _profile("turing-large", (0.54, 0.55, 0.69, 0.52), (0.60, 0.64, 0.48, 0.62, 0.80, 0.76),
             wavering=0.07, unreadable=0.002, usd=(2.0, 8.0), speed=(1.1, 60)),
    _profile("quarry-large", (0.61, 0.58, 0.54, 0.58), (0.56, 0.52, 0.38, 0.30, 0.54, 0.56),
             wavering=0.08, unreadable=0.004, usd=(0.9, 0.9), speed=(0.5, 90)),
    _profile("harbor-large", (0.53, 0.50, 0.47, 0.54), (0.64, 0.58, 0.41, 0.56, 0.56, 0.58),
             wavering=0.075, unreadable=0.003, usd=(0.9, 0.9), speed=(0.5, 80)),
    _profile("lantern-large", (0.48, 0.45, 0.42, 0.50), (0.54, 0.56, 0.36, 0.50, 0.52, 0.54),
             wavering=0.08, unreadable=0.004, usd=(0.8, 0.8), speed=(0.6, 75)),
    _profile("atlas-medium", (0.48, 0.46, 0.44, 0.52), (0.56, 0.52, 0.36, 0.54, 0.52, 0.54),
             wavering=0.09, unreadable=0.003, usd=(0.5, 1.5), speed=(0.4, 120)),
    _profile("euler-small", (0.36, 0.47, 0.34, 0.34), (0.46, 0.30, 0.28, 0.32, 0.32, 0.36),
             wavering=0.16, unreadable=0.012, usd=(0.15, 0.3), speed=(0.2, 170)),
    _profile("atlas-small", (0.44, 0.41, 0.38, 0.47), (0.62, 0.34, 0.27, 0.38, 0.36, 0.38),
             wavering=0.15, unreadable=0.008, usd=(0.15, 0.6), speed=(0.25, 160)),
    _profile("turing-small", (0.35, 0.38, 0.46, 0.35), (0.46, 0.30, 0.25, 0.30, 0.42, 0.42),
             wavering=0.16, unreadable=0.012, usd=(0.15, 0.3), speed=(0.2, 170)),
    _profile("scribe-small", (0.42, 0.33, 0.32, 0.50), (0.52, 0.36, 0.22, 0.48, 0.34, 0.34),
             wavering=0.17, unreadable=0.010, usd=(0.2, 0.4), speed=(0.2, 150)),
    _profile("quarry-small", (0.40, 0.38, 0.33, 0.42), (0.48, 0.24, 0.21, 0.12, 0.28, 0.30),
             wavering=0.18, unreadable=0.015, usd=(0.1, 0.1), speed=(0.2, 180)),
    _profile("harbor-small", (0.38, 0.35, 0.30, 0.40), (0.52, 0.28, 0.22, 0.28, 0.28, 0.32),
             wavering=0.18, unreadable=0.015, usd=(0.1, 0.1), speed=(0.2, 175)),
    _profile("lantern-small", (0.35, 0.32, 0.28, 0.38), (0.44, 0.24, 0.20, 0.26, 0.26, 0.28),
             wavering=0.19, unreadable=0.020, usd=(0.08, 0.1), speed=(0.15, 200)),
    _profile("pebble-tiny", (0.25, 0.22, 0.18, 0.28), (0.34, 0.16, 0.14, 0.08, 0.18, 0.20),
             wavering=0.2, unreadable=0.035, usd=(0.03, 0.05), speed=(0.1, 260)),
)  # fmt: skip
