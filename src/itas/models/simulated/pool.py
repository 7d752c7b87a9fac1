"""The pool: one `Model` per profile behind the protocol that every provider stands behind.

The truth comes only from the problems given to the pool. A draw depends on the seed, the model, the
request and the number of the draw, and on nothing else: not on the order of the calls, not on the clock.
"""

import asyncio
import math
from collections.abc import Iterable
from functools import cached_property

from itas.core.model import Listen
from itas.core.problem import Problem
from itas.core.request import Completion, Request, Usage
from itas.core.spec import digest, suggest
from itas.errors import SpecError
from itas.models.listening import Ear
from itas.models.prices import Price, Rates
from itas.models.simulated.belief import Beliefs
from itas.models.simulated.facts import Fact, index_problems, unknown_fact
from itas.models.simulated.memory import Memory
from itas.models.simulated.noise import Noise, digest_of
from itas.models.simulated.profiles import PROFILES, Profile
from itas.models.simulated.prompts import Reader, Reading
from itas.models.simulated.replies import Asked, Replies

PROVIDER = "simulated"
EDITION = 2
"""Raised whenever the same request would be answered otherwise than before."""
_DEFAULT_TEMPERATURE = 1.0
_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4


class SimulatedPool:
    """Simulated models of known skill that know the given problems.

    Args:
        problems: What they have learnt, well or badly. Problems without a target stay unknown to them.
        seed: Decides what every model believes and says.
        profiles: The models; names are unique.
        realtime: Sleep as long as the recorded latency says.
    """

    def __init__(
        self,
        problems: Iterable[Problem],
        seed: int = 0,
        *,
        profiles: Iterable[Profile] = PROFILES,
        realtime: bool = False,
    ) -> None:
        self.seed = seed
        self.realtime = realtime
        self.profiles: dict[str, Profile] = {profile.name: profile for profile in profiles}
        self._facts = index_problems(problems, seed)
        self._unknown: Memory[str, Fact] = Memory(2_000)
        self._beliefs = Beliefs(seed)
        self._models = {name: SimulatedModel(self, profile) for name, profile in self.profiles.items()}
        self.reader = Reader()
        self.replies = Replies(seed, self._beliefs)

    @property
    def names(self) -> tuple[str, ...]:
        """Every model as ``simulated/name``, in the order of the profiles."""
        return tuple(f"{PROVIDER}/{name}" for name in self.profiles)

    def model(self, name: str) -> "SimulatedModel":
        """The model behind ``simulated/name``; usable as a `core.model.ModelSource`.

        Raises:
            SpecError: There is no such model.
        """
        found = self._models.get(name.removeprefix(f"{PROVIDER}/"))
        if found is None:
            raise SpecError(f"unknown model '{name}'. {suggest(name, list(self.names))}")
        return found

    @cached_property
    def edition(self) -> str:
        """Digest of everything that decides a draw beside the request: version, seed, problems, profiles."""
        profiles = [repr(profile) for profile in self.profiles.values()]
        facts = [repr(fact) for fact in self._facts.values()]
        return digest([EDITION, self.seed, profiles, facts])[:16]

    def probability_right(self, model: str, problem: Problem, temperature: float = 0.7) -> float:
        """Chance that one plain sample of a model is right, in [0, 1], in closed form.

        Slips of form (an unreadable or empty reply) are included. 0 for a problem the pool does not know.
        """
        profile = self.model(model).profile
        fact = self._facts.get(problem.conversation[-1].content.strip())
        if fact is None:
            return 0.0
        return (1 - profile.unreadable) * self._beliefs.probability_right(profile, fact, temperature)

    def knows(self, question: str) -> bool:
        """Whether a question was among the problems given."""
        return question.strip() in self._facts

    def fact_for(self, question: str) -> Fact:
        """What is known about a question, or what to make up about it."""
        found = self._facts.get(question) or self._unknown.get(question)
        return found or self._unknown.keep(question, unknown_fact(question, self.seed))


class SimulatedModel:
    """One model of a pool; implements `core.model.Model`."""

    def __init__(self, pool: SimulatedPool, profile: Profile) -> None:
        self.profile = profile
        self.price = Price(Rates(profile.micro_usd_in, profile.micro_usd_out, profile.micro_usd_in))
        self._pool = pool
        self._usages: Memory[tuple[int, int], Usage] = Memory(20_000)

    @property
    def edition(self) -> str:
        """Tells apart draws of pools with other seeds, problems or profiles in one call store."""
        return self._pool.edition

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """Give the draws numbered ``first .. first + n - 1``; see `core.model.Model.sample`."""
        completions = self.draw(request, n=n, first=first)
        if self._pool.realtime:
            await asyncio.sleep(max(completion.latency_s for completion in completions))
        if listen is not None:
            Ear(listen).finish(completions[0].text)
        return completions

    def draw(self, request: Request, *, n: int = 1, first: int = 0) -> tuple[Completion, ...]:
        """The same without an event loop and without sleeping."""
        reading: Reading = self._pool.reader.read(request.messages)
        temperature = _DEFAULT_TEMPERATURE if request.temperature is None else request.temperature
        asked = Asked(self.profile, reading, self._pool.fact_for(reading.question), temperature)
        contents = [part for message in request.messages for part in (message.role, message.content)]
        name = digest_of(str(self._pool.seed), self.profile.name, repr(temperature), *contents)
        characters = sum(map(len, contents))
        tokens_in = characters // _CHARACTERS_PER_TOKEN + _TOKENS_PER_MESSAGE * len(request.messages)
        return tuple(
            self._complete(request, asked, tokens_in, Noise(name + number.to_bytes(8, "little")))
            for number in range(first, first + n)
        )

    def _complete(self, request: Request, asked: Asked, tokens_in: int, noise: Noise) -> Completion:
        haste = noise.normal()
        text = self._pool.replies.write(asked, noise)
        text, was_cut = _cut(text, request)
        tokens_out = -(-len(text) // _CHARACTERS_PER_TOKEN)
        profile = self.profile
        price = tokens_in * profile.micro_usd_in + tokens_out * profile.micro_usd_out
        usage = self._usages.get((tokens_in, tokens_out))
        if usage is None:
            usage = Usage(tokens_in=tokens_in, tokens_out=tokens_out)
            self._usages.keep((tokens_in, tokens_out), usage)
        return Completion.model_construct(
            text=text,
            usage=usage,
            cost_micro_usd=-(-price // 1_000_000),
            latency_s=(profile.first_token_s + tokens_out / profile.tokens_per_s) * math.exp(0.25 * haste),
            finish_reason="length" if was_cut else "stop",
            request_id=None,
            is_stored=False,
        )


def _cut(text: str, request: Request) -> tuple[str, bool]:
    """The text up to the first stop sequence and the token limit, and whether the limit cut it."""
    for stop in request.stop:
        if stop and stop in text:
            text = text[: text.index(stop)]
    if request.max_tokens is not None and len(text) > request.max_tokens * _CHARACTERS_PER_TOKEN:
        return text[: request.max_tokens * _CHARACTERS_PER_TOKEN], True
    return text, False
