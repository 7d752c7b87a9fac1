"""How a model perceives an answer it is shown, and how it puts that into words and reads it out of them.

Perceived quality = what it sees of the truth + whether it agrees with the model's own belief + how the
answer looks to everybody (a persistent deceptive appearance) + how it looks to this model + noise, which
grows with the number of answers in the prompt. Positive means good.
"""

import re

from itas.models.simulated.belief import Beliefs
from itas.models.simulated.facts import Fact
from itas.models.simulated.memory import Memory
from itas.models.simulated.noise import Noise, normal_below, standing
from itas.models.simulated.profiles import Profile

_SEES = 1.7
_SEES_BEYOND = 0.33
_AGREES = 0.5
_LOOKS = 1.2
_LOOKS_TO_ONE = 0.4
_NOISE = 1.1
_CROWDING = 0.07
_CRITIQUE = 0.55
CLOSE_LOOK = 0.4
"""How much of a deceptive appearance is left to who examines an answer, or reads somebody's examination."""
_LEVELS = (-1.1, -0.35, 0.35, 1.1)

Leaning = int
"""From -2 (bad) to 2 (good)."""

_PRAISE = frozenset({"correct", "correctly", "right", "sound", "convincing", "accurate", "flawless", "valid"})
_BLAME = frozenset(
    {
        "wrong",
        "error",
        "errors",
        "incorrect",
        "mistake",
        "mistakes",
        "doubtful",
        "flawed",
        "inaccurate",
        "invalid",
    }
)
_DENIAL = frozenset({"no", "not", "nor", "never", "without", "hardly", "isn't", "aren't", "doesn't"})
_WORD = re.compile(r"[a-z']+|[.;:\n]")


class Judgement:
    """Looks at answers for the models of one pool."""

    def __init__(self, seed: int, beliefs: Beliefs) -> None:
        self._seed = str(seed)
        self._beliefs = beliefs
        self._looks: Memory[tuple[str, str], float] = Memory(200_000)
        self._looks_to_one: Memory[tuple[str, str, str], float] = Memory(400_000)
        self._leanings: Memory[str, Leaning] = Memory(50_000)

    def perceive(
        self,
        profile: Profile,
        skill: float,
        fact: Fact,
        answer: str | None,
        noise: Noise,
        *,
        n_answers: int = 1,
        temperature: float = 0.7,
        critique: str | None = None,
        is_close: bool = False,
    ) -> float:
        """Perceived quality of one answer; 0 is undecided."""
        spread = _NOISE * (1 + _CROWDING * (n_answers - 1)) * (0.55 + 0.45 * min(temperature / 0.7, 1.5))
        value = spread * (1.3 - 0.6 * skill) * noise.normal()
        closeness = CLOSE_LOOK if is_close or critique is not None else 1.0
        value += self.standing_view(profile, skill, fact, answer, closeness)
        if critique is not None:
            value += _CRITIQUE * self.read_leaning(critique)
        return value

    def standing_view(
        self, profile: Profile, skill: float, fact: Fact, answer: str | None, closeness: float = 1.0
    ) -> float:
        """What does not change from one look to the next."""
        if answer is None:
            return -2.5
        value = _LOOKS * closeness * self._look(fact, answer) + _LOOKS_TO_ONE * self._look_to(
            profile, fact, answer
        )
        if fact.right is not None:
            within = normal_below(2.0 * self._beliefs.margin(profile, fact) + 0.5)
            sees = _SEES * skill * (_SEES_BEYOND + (1 - _SEES_BEYOND) * within)
            value += sees * (0.5 if answer == fact.right else -0.5)
            agrees = answer == self._beliefs.belief(profile, fact)
            value += _AGREES * (0.6 if agrees else -0.4)
        return value

    def read_leaning(self, text: str) -> Leaning:
        """Which way a critique or a list of reasons leans, from its words alone."""
        found = self._leanings.get(text)
        return found if found is not None else self._leanings.keep(text, find_leaning(text))

    def _look(self, fact: Fact, answer: str) -> float:
        key = (fact.question, answer)
        found = self._looks.get(key)
        if found is None:
            found = self._looks.keep(key, standing(self._seed, "look", fact.question, answer).normal())
        return found

    def _look_to(self, profile: Profile, fact: Fact, answer: str) -> float:
        key = (profile.name, fact.question, answer)
        found = self._looks_to_one.get(key)
        if found is None:
            drawn = standing(self._seed, "look to", profile.name, fact.question, answer).normal()
            found = self._looks_to_one.keep(key, drawn)
        return found


def leaning_of(quality: float) -> Leaning:
    """Five grades of perceived quality."""
    return sum(quality > level for level in _LEVELS) - 2


def find_leaning(text: str) -> Leaning:
    """Count words of praise and of blame, turned round by a "no" before them; at most 2 either way."""
    balance = 0
    recent = ("", "")
    for word in _WORD.findall(text.lower()):
        value = (word in _PRAISE) - (word in _BLAME)
        balance += -value if recent[0] in _DENIAL or recent[1] in _DENIAL else value
        recent = ("", "") if len(word) == 1 and not word.isalpha() else (recent[1], word)
    return max(-2, min(2, balance))
