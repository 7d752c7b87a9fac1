"""The world of one component in one answer: asks models, numbers draws, counts everything."""

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from random import Random
from typing import TypeVar

from itas.core.architecture import Architecture
from itas.core.attempts import collect_failures
from itas.core.candidate import Draft, Mark
from itas.core.component import Component, EventKind
from itas.core.concurrency import elapsed_s, set_elapsed_s
from itas.core.execution import CodeLimits, CodeOutcome, CodeRunner, CodeTest
from itas.core.messages import Conversation, Message, user
from itas.core.model import Listen, ModelSource
from itas.core.rating import RaterSource
from itas.core.request import Completion, Request, UsageSum
from itas.core.seeds import random_for
from itas.engine.answer import CallRecord, ComponentRecord, Cut, EventRecord, FailedCall
from itas.engine.fitting import ContextTokens, check_length, unknown_length
from itas.engine.trace import Tell, Trace
from itas.engine.writing import Writing
from itas.errors import ContractError, Error, ModelError, ParseError
from itas.models.listening import with_listening

T = TypeVar("T")


class Run:
    """What the components of one answer share: models, raters, seed, and the numbers of the draws taken.

    Draws are numbered per request in the order of asking, from `first_draw`. So the same request in two
    architectures means the same draws, and asking the same twice in one answer means two different ones.
    """

    def __init__(
        self,
        *,
        models: ModelSource,
        raters: RaterSource,
        seed: int,
        first_draw: int,
        runner: CodeRunner | None = None,
    ) -> None:
        self.models = models
        self.raters = raters
        self.runner = runner
        self.seed = seed
        self.calls: list[CallRecord] = []
        self.events: list[EventRecord] = []
        self.contexts: list[RunContext] = []
        """Of the layer under way."""
        self.written: dict[int, tuple[Draft, ...]] = {}
        """What its producers have finished, by their number."""
        self.cut: Cut | None = None
        self.may_be_cut = False
        self.context_tokens: ContextTokens = unknown_length
        self.tell: Tell = tell_nobody
        self._first_draw = first_draw
        self._taken: Counter[str] = Counter()
        self._started = time.monotonic()

    def take_draws(self, request: Request, n: int) -> int:
        """Reserve `n` draws of a request and give the number of the first."""
        first = self._first_draw + self._taken[request.key]
        self._taken[request.key] += n
        return first

    def now_s(self) -> float:
        """Seconds since this answer was begun."""
        return time.monotonic() - self._started


def tell_nobody(item: object) -> None:
    """Where there is no trace."""


@contextlib.contextmanager
def telling(run: Run, trace: Trace | None, architecture: Architecture) -> Generator[None]:
    """Tell a trace what happens in a run; where there is no answer, why."""
    if trace is not None:
        run.tell = trace.begin(architecture)
    try:
        yield
    except (Error, asyncio.CancelledError) as error:
        run.tell(str(error) if isinstance(error, Error) else "cancelled")
        raise
    finally:
        run.contexts = []  # they know the run: without this, what was said stays until the garbage is collected


class RunContext:
    """`core.component.Context` for one component; `listen` hears the first draw that is asked for alone."""

    def __init__(
        self,
        run: Run,
        component: Component,
        *,
        layer: int,
        number: int,
        candidates: int,
        listen: Listen | None = None,
        writing: Writing | None = None,
    ) -> None:
        self.marks: dict[int, list[Mark]] = {}
        self._run = run
        self._component = component
        self._layer = layer
        self._number = number
        self._candidates = candidates
        self._listen = listen
        self._writing = writing
        self._start_s = elapsed_s()
        self._end_s = self._start_s
        self._models: set[str] = set()
        self._tier = ""
        self._usage = UsageSum()
        self._used = 0
        self._paid = 0
        self._cost: int | None = 0
        self._paid_micro_usd = 0
        self._events: Counter[EventKind] = Counter()

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
        messages = user(prompt) if isinstance(prompt, str) else tuple(prompt)
        request = Request(model=model, messages=messages, temperature=temperature, max_tokens=max_tokens)
        if self._writing is not None:
            request = self._writing.apply(request)
        check_length(request, self._run.context_tokens)
        completions = await self._draw(request, n)
        check = None if self._writing is None else self._writing.check
        if check is None:
            return completions
        wrong: list[int] = []
        for number, each in enumerate(completions):
            if said := check(each.text):
                self.report("unreadable", said)
                wrong.append(number)
        again = iter(await self._draw(request, len(wrong)) if wrong else ())
        return tuple(next(again) if number in wrong else each for number, each in enumerate(completions))

    async def _draw(self, request: Request, n: int) -> tuple[Completion, ...]:
        """Take the next draws of a request and count them."""
        first = self._run.take_draws(request, n)
        started = self._run.now_s()
        retries = collect_failures()
        place = self._layer, self._number, request, first
        path_s = elapsed_s()
        try:
            completions = await self._sample(request, n, first)
        except Error as error:
            self._run.tell(FailedCall(*place, n, str(error), started, self._run.now_s(), tuple(retries)))
            raise
        if len(completions) != n:
            raise ContractError(f"model '{request.model}' gave {len(completions)} of {n} samples")
        self._count(CallRecord(*place, completions, started, self._run.now_s(), tuple(retries), path_s))
        return completions

    async def _sample(self, request: Request, n: int, first: int) -> tuple[Completion, ...]:
        model = self._run.models(request.model)
        if self._listen is None or n != 1:
            return await model.sample(request, n=n, first=first)
        listen, self._listen = self._listen, None
        return await with_listening(model).sample(request, n=n, first=first, listen=listen)

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
        raise ContractError("'attempts' must be at least 1")

    async def rate(self, rater: str, conversation: Conversation, texts: Sequence[str]) -> tuple[float, ...]:
        """See `core.component.Context.rate`."""
        started = self._run.now_s()
        ratings = await self._run.raters(rater).rate(conversation, texts)
        if len(ratings) != len(texts) or not all(map(math.isfinite, ratings)):
            raise ModelError(f"'{rater}' did not give one number per text: {ratings}", provider="local")
        self._models.add(rater)
        set_elapsed_s(elapsed_s() + self._run.now_s() - started)
        self._end_s = max(self._end_s, elapsed_s())
        return ratings

    async def check_code(
        self,
        code: str,
        tests: Sequence[CodeTest],
        *,
        setup: str = "",
        limits: CodeLimits | None = None,
    ) -> tuple[CodeOutcome, ...]:
        """See `core.component.Context.check_code`. What ran without walls is reported, once per component."""
        if self._run.runner is None or not self._component.runs_code:
            raise ContractError(f"'{self._component.type}' runs code, but does not say so in 'runs_code'")
        started = self._run.now_s()
        outcomes = await self._run.runner.check(code, tests, setup=setup, limits=limits)
        if len(outcomes) != len(tests):
            raise ContractError(f"the sandbox gave {len(outcomes)} outcomes of {len(tests)} tests")
        set_elapsed_s(elapsed_s() + self._run.now_s() - started)
        self._end_s = max(self._end_s, elapsed_s())
        self._tier = next((outcome.tier for outcome in outcomes), self._tier)
        if not self._events["no_walls"] and any(outcome.tier == "none" for outcome in outcomes):
            self.report("no_walls", "generated code was run without a sandbox (--sandbox none)")
        return outcomes

    def random(self, *material: str) -> Random:
        """See `core.component.Context.random`."""
        return random_for(self._run.seed, *material)

    def mark(self, candidate: int, mark: Mark) -> None:
        """See `core.component.Context.mark`."""
        if not 0 <= candidate < self._candidates:
            raise ContractError(
                f"'{self._component.type}' marked candidate {candidate} of {self._candidates}"
            )
        self.marks.setdefault(candidate, []).append(mark)

    def report(self, kind: EventKind, detail: str) -> None:
        """See `core.component.Context.report`."""
        self._events[kind] += 1
        event = EventRecord(self._layer, self._number, kind, detail)
        self._run.events.append(event)
        self._run.tell(event)

    def record(self, *, candidates_out: int) -> ComponentRecord:
        """What the component took so far."""
        return ComponentRecord.trusted(
            layer=self._layer,
            component=self._number,
            type=self._component.type,
            models=tuple(sorted(self._models)),
            samples_planned=self._component.planned_samples(self._candidates),
            samples_used=self._used,
            samples_paid=self._paid,
            usage=self._usage.total(),
            cost_micro_usd=self._cost,
            paid_micro_usd=self._paid_micro_usd,
            latency_s=max(self._end_s - self._start_s, 0.0),
            candidates_in=self._candidates,
            candidates_out=candidates_out,
            tier=self._tier,
            events=dict(self._events),
        )

    def finish(self) -> None:
        """Put the calling task at the end of this component's critical path, also where the component ran
        tasks of its own."""
        set_elapsed_s(max(elapsed_s(), self._end_s))

    def _count(self, call: CallRecord) -> None:
        self._run.calls.append(call)
        self._run.tell(call)
        self._models.add(call.request.model)
        for completion in call.completions:
            self._used += 1
            self._usage.add(completion.usage)
            cost = completion.cost_micro_usd
            self._cost = None if cost is None or self._cost is None else self._cost + cost
            if not completion.is_stored:
                self._paid += 1
                self._paid_micro_usd += cost or 0
        set_elapsed_s(elapsed_s() + max(completion.latency_s for completion in call.completions))
        self._end_s = max(self._end_s, elapsed_s())
