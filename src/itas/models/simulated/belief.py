"""What a model believes about a question, and what it says in one sample.

The model of correctness: a sample is right if ``threshold > persistent + sampling noise``. The persistent
part is the sum of the hardness of the question (shared by all models), of what the family and of what the
model itself finds hard about it. All are normal, so the chance of a right answer has a closed form.
"""

from itas.models.simulated.facts import Fact
from itas.models.simulated.memory import Memory
from itas.models.simulated.noise import Noise, normal_at, normal_below, standing
from itas.models.simulated.profiles import Profile

EMPTY_PER_UNREADABLE = 0.01
"""Empty replies for each unreadable one: very rare."""
_SHARED = 0.63
_FAMILY = 0.06
_USUAL_TEMPERATURE = 0.7
_CACHE_LIMIT = 200_000


class Beliefs:
    """Persistent knowledge of every model about every question, worked out when first needed."""

    def __init__(self, seed: int) -> None:
        self._seed = str(seed)
        self._margins: Memory[tuple[str, str], float] = Memory(_CACHE_LIMIT)
        self._favourites: Memory[tuple[str, str], str] = Memory(_CACHE_LIMIT)

    def probability_right(self, profile: Profile, fact: Fact, temperature: float) -> float:
        """Chance that one sample is right, before slips of form, in [0, 1]."""
        if fact.right is None:
            return 0.0
        return normal_below(self.margin(profile, fact) / _spread(profile, temperature))

    def say(self, profile: Profile, fact: Fact, temperature: float, noise: Noise) -> str:
        """The answer of one sample."""
        is_right = self.margin(profile, fact) > _spread(profile, temperature) * noise.normal()
        if is_right and fact.right is not None:
            return fact.right
        if noise.happens(_loyalty(temperature)):
            return self.favourite(profile, fact)
        return popular(fact, noise)

    def belief(self, profile: Profile, fact: Fact) -> str:
        """The answer it leans to, without any noise."""
        if fact.right is not None and self.margin(profile, fact) > 0:
            return fact.right
        return self.favourite(profile, fact)

    def margin(self, profile: Profile, fact: Fact) -> float:
        """How far the question is within (positive) or beyond its knowledge."""
        key = (profile.name, fact.question)
        found = self._margins.get(key)
        if found is None:
            own = 1.0 - _SHARED - _FAMILY - profile.wavering
            family = standing(self._seed, "family", profile.family, fact.question).normal()
            itself = standing(self._seed, "model", profile.name, fact.question).normal()
            persistent = _SHARED**0.5 * fact.hardness + _FAMILY**0.5 * family + own**0.5 * itself
            found = normal_at(profile.generating.on(fact.topic)) - persistent
            self._margins.keep(key, found)
        return found

    def favourite(self, profile: Profile, fact: Fact) -> str:
        """The wrong answer it gives when it is wrong, most of the time."""
        key = (profile.name, fact.question)
        found = self._favourites.get(key)
        if found is None:
            found = popular(fact, standing(self._seed, "favourite", profile.name, fact.question))
            self._favourites.keep(key, found)
        return found


def popular(fact: Fact, noise: Noise) -> str:
    """A wrong answer, drawn by how much it suggests itself."""
    left = noise.uniform()
    for answer, share in zip(fact.wrong, fact.shares, strict=True):
        left -= share
        if left <= 0:
            return answer
    return fact.wrong[-1]


def _spread(profile: Profile, temperature: float) -> float:
    """Standard deviation of the sampling noise; at temperature 0 nearly none is left."""
    return profile.wavering**0.5 * max(0.06, temperature / _USUAL_TEMPERATURE)


def _loyalty(temperature: float) -> float:
    """Chance that a wrong sample is the favourite mistake and not any other."""
    return max(0.2, 0.99 - 0.42 * temperature)
