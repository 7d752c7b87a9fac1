"""A world for one component in a test: replies from a function, everything asked and found is kept."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from itas.core.candidate import Mark
from itas.core.component import EventKind
from itas.core.execution import CodeLimits, CodeOutcome, CodeTest
from itas.core.messages import Conversation, Message, user
from itas.core.request import Completion
from itas.core.seeds import random_for
from itas.errors import ContractError, ParseError

T = TypeVar("T")

Reply = Callable[[str], str | Awaitable[str]]
Judge = Callable[[str, CodeTest], CodeOutcome]


def says_pass(code: str, test: CodeTest) -> CodeOutcome:
    """A sandbox that runs nothing and calls every test passed."""
    del code, test
    return CodeOutcome(verdict="passed", tier="imagined")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a model, for `n` samples."""

    model: str
    messages: Conversation
    n: int
    temperature: float | None
    max_tokens: int | None

    @property
    def prompt(self) -> str:
        """The last message."""
        return self.messages[-1].content


class FunctionContext:
    """`core.component.Context` without an engine.

    Args:
        reply: Gives the text of a sample for the last message of a question; called once per sample. It
            may be async, and raise.
        rating: Gives the number of a text for `rate`.
        judge: Gives the outcome of a test of code for `check_code`; nothing is run.
        seed: Seed of `random`.

    Attributes:
        asked: Every question, in order.
        rated: Every text that was rated, with its rater, in order.
        ran: Every code that was to be run, with its tests, in order.
        samples: Samples drawn so far.
        marks: Every finding, with the number of its candidate.
        events: Everything reported, as kind and detail; unreadable replies too.
    """

    def __init__(
        self,
        reply: Reply,
        *,
        rating: Callable[[str], float] = len,
        judge: Judge = says_pass,
        seed: int = 0,
    ) -> None:
        self.asked: list[Asked] = []
        self.rated: list[tuple[str, str]] = []
        self.ran: list[tuple[str, tuple[CodeTest, ...]]] = []
        self.samples = 0
        self.marks: list[tuple[int, Mark]] = []
        self.events: list[tuple[EventKind, str]] = []
        self._reply = reply
        self._rating = rating
        self._judge = judge
        self._seed = seed

    @property
    def event_kinds(self) -> list[EventKind]:
        """The kinds of the events, in order."""
        return [kind for kind, _ in self.events]

    async def ask(
        self,
        model: str,
        prompt: str | Sequence[Message],
        *,
        n: int = 1,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> tuple[Completion, ...]:
        """See `core.component.Context.ask`."""
        if n < 1:
            raise ContractError(f"a component asked for {n} samples, at least 1 is possible")
        messages = user(prompt) if isinstance(prompt, str) else tuple(prompt)
        asked = Asked(model, messages, n, temperature, max_tokens)
        self.asked.append(asked)
        self.samples += n
        return tuple([Completion(text=await self._draw(asked)) for _ in range(n)])

    async def ask_readable(
        self,
        model: str,
        prompt: str | Sequence[Message],
        read: Callable[[str], T],
        *,
        attempts: int,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> T:
        """See `core.component.Context.ask_readable`."""
        for attempt in range(1, attempts + 1):
            (reply,) = await self.ask(model, prompt, temperature=temperature, max_tokens=max_tokens)
            try:
                return read(reply.text)
            except ParseError as error:
                self.report("unreadable", str(error))
                if attempt == attempts:
                    raise
        raise ContractError(f"a component made {attempts} attempts, at least 1 is needed")

    async def rate(self, rater: str, conversation: Conversation, texts: Sequence[str]) -> tuple[float, ...]:
        """See `core.component.Context.rate`."""
        self.rated += [(rater, text) for text in texts]
        return tuple(float(self._rating(text)) for text in texts)

    async def check_code(
        self,
        code: str,
        tests: Sequence[CodeTest],
        *,
        setup: str = "",
        limits: CodeLimits | None = None,
    ) -> tuple[CodeOutcome, ...]:
        """See `core.component.Context.check_code`."""
        self.ran.append((code, tuple(tests)))
        return tuple(self._judge(code, test) for test in tests)

    def random(self, *material: str) -> Random:
        """See `core.component.Context.random`."""
        return random_for(self._seed, *material)

    def mark(self, candidate: int, mark: Mark) -> None:
        """See `core.component.Context.mark`."""
        self.marks.append((candidate, mark))

    def report(self, kind: EventKind, detail: str) -> None:
        """See `core.component.Context.report`."""
        self.events.append((kind, detail))

    async def _draw(self, asked: Asked) -> str:
        reply = self._reply(asked.prompt)
        return await reply if inspect.isawaitable(reply) else reply
