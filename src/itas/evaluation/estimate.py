"""What an evaluation will cost, said before anything is paid for.

Tokens of a prompt are guessed as one per four bytes of UTF-8, and answers have lengths that are assumed
(`Lengths`); providers' own counts differ, by up to a third either way for English. *Planned* means that every
reply is readable and of the assumed length; *at most* means that every reply is asked for again as often as
allowed, and is as long as its `max_tokens`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pydantic import Field, NonNegativeInt, PositiveInt

from itas.core.architecture import Architecture
from itas.core.component import Annotator, Component, Producer
from itas.core.money import add_prices
from itas.core.problem import Problem
from itas.core.request import Usage, sum_usage
from itas.core.spec import Spec


class Price(Protocol):
    """What one model costs; `models/prices.py` has it."""

    def cost(self, usage: Usage) -> int:
        """Millionths of a dollar for one request."""
        ...


PriceLookup = Callable[[str], Price | None]
"""Gives the price of a ``provider/model``; None if it is not known."""


class Lengths(Spec):
    """Assumed lengths, in tokens.

    Attributes:
        answer: An answer to the question.
        answers: The same of models of which more is known.
        basis: Why answers are taken to be so long, for people; empty for nothing to say.
        critique: A critique of one answer.
        judgement: A ranking, verdict, or set of tests.
        instructions: What a component's own prompt adds.
        no_limit: Longest reply of a component that sets no `max_tokens`.
    """

    answer: PositiveInt = 400
    answers: dict[str, PositiveInt] = Field(default_factory=dict[str, PositiveInt])
    basis: str = ""
    critique: PositiveInt = 150
    judgement: PositiveInt = 300
    instructions: NonNegativeInt = 200
    no_limit: PositiveInt = 16_384


@dataclass(frozen=True, slots=True)
class JudgePlan:
    """What a scorer will ask.

    Attributes:
        judges: Models it asks; the dearest counts.
        judgments: How many it plans for each problem, in their order.
        attempts: How often one of them may be asked for.
        max_tokens: Longest reply.
    """

    judges: tuple[str, ...]
    judgments: tuple[int, ...]
    attempts: int
    max_tokens: int


class ComponentEstimate(Spec):
    """What one component will take for all problems."""

    layer: NonNegativeInt
    component: NonNegativeInt
    type: str
    models: tuple[str, ...]
    planned_samples: NonNegativeInt
    most_samples: NonNegativeInt
    planned_tokens: NonNegativeInt
    planned_micro_usd: NonNegativeInt | None
    most_micro_usd: NonNegativeInt | None


class Estimate(Spec):
    """What an evaluation will take.

    Attributes:
        problems: How many.
        planned_samples: Model samples when every reply is readable.
        most_samples: Upper bound on samples, asking again included.
        planned_usage: Tokens when every reply is readable and of the assumed length.
        most_usage: Tokens when every reply is as long as it may be, every time it may be asked for.
        planned_micro_usd: Price of the planned tokens, in millionths of a dollar; None while any model is
            unpriced.
        most_micro_usd: Price of the most tokens; likewise.
        unpriced: Models whose price is not known, sorted.
        lengths: What was assumed.
        components: The same by component.
    """

    problems: NonNegativeInt
    planned_samples: NonNegativeInt
    most_samples: NonNegativeInt
    planned_usage: Usage
    most_usage: Usage
    planned_micro_usd: NonNegativeInt | None
    most_micro_usd: NonNegativeInt | None
    unpriced: tuple[str, ...] = ()
    lengths: Lengths = Lengths()
    components: tuple[ComponentEstimate, ...] = Field(default=())

    @property
    def sentence(self) -> str:
        """For people: ``200 problems, 2,400 samples (at most 2,800), about 1.3 M tokens: about $1.20, at
        most $14.``"""
        tokens = self.planned_usage.tokens_in + self.planned_usage.tokens_out
        work = (
            f"{self.problems:,} problems, {self.planned_samples:,} samples (at most {self.most_samples:,}), "
            f"about {_short(tokens)} tokens"
        )
        if self.planned_micro_usd is None or self.most_micro_usd is None:
            return f"{work}: price unknown, because there is none for {', '.join(self.unpriced)}."
        return f"{work}: about {_dollars(self.planned_micro_usd)}, at most {_dollars(self.most_micro_usd)}."


def estimate_cost(
    architecture: Architecture,
    problems: Sequence[Problem],
    *,
    price: PriceLookup,
    lengths: Lengths | None = None,
    judge: JudgePlan | None = None,
) -> Estimate:
    """Estimate what answering all these problems will take, without asking anybody.

    Stored samples are not known here: what is in the call store already will not be paid again.

    Args:
        architecture: What is to be run.
        problems: What is to be asked.
        price: Gives the price of a model, None where it is not known.
        lengths: Assumed lengths; the defaults if None.
        judge: What the scorer will ask, where it asks models.
    """
    return Estimator(problems, price=price, lengths=lengths, judge=judge).estimate(architecture)


class Estimator:
    """Estimates many architectures on the same problems: what two have in common is worked out once.

    Args:
        problems: What is to be asked.
        price: Gives the price of a model, None where it is not known.
        lengths: Assumed lengths; the defaults if None.
        judge: What the scorer will ask, where it asks models.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        *,
        price: PriceLookup,
        lengths: Lengths | None = None,
        judge: JudgePlan | None = None,
    ) -> None:
        self._problems = problems
        self._price = price
        self._lengths = lengths or Lengths()
        self._judge = judge
        self._questions = [tokens for problem in problems for tokens in _turn_tokens(problem, self._lengths)]
        self._known: dict[tuple[int, _Reading], tuple[Component, _Part]] = {}

    def estimate(self, architecture: Architecture) -> Estimate:
        """What answering all the problems will take; see `estimate_cost`."""
        layers = self._parts(architecture)
        parts = [
            replace(part, record=part.record.model_copy(update={"layer": number, "component": index}))
            for number, layer in enumerate(layers)
            for index, part in enumerate(layer)
        ]
        unpriced = sorted({model for part in parts for model in part.unpriced})
        return Estimate(
            problems=len(self._problems),
            planned_samples=sum(part.record.planned_samples for part in parts),
            most_samples=sum(part.record.most_samples for part in parts),
            planned_usage=sum_usage(part.planned for part in parts),
            most_usage=sum_usage(part.most for part in parts),
            planned_micro_usd=None if unpriced else sum(part.record.planned_micro_usd or 0 for part in parts),
            most_micro_usd=None if unpriced else sum(part.record.most_micro_usd or 0 for part in parts),
            unpriced=tuple(unpriced),
            lengths=self._lengths,
            components=tuple(part.record for part in parts),
        )

    def planned(self, architecture: Architecture) -> tuple[int | None, int]:
        """Millionths of a dollar (None while any model is unpriced) and tokens as in `estimate`, and nothing else:
        for whole spaces of architectures."""
        records = [part.record for layer in self._parts(architecture) for part in layer]
        prices = [record.planned_micro_usd for record in records]
        return add_prices(prices), sum(record.planned_tokens for record in records)

    def _parts(self, architecture: Architecture) -> list[list["_Part"]]:
        """Of every layer; last that of the judge, if there is one."""
        parts: list[list[_Part]] = []
        longest_answer = longest_critiques = 0
        for layer, n in zip(architecture.layers, architecture.widths()[:-1], strict=True):
            reading = _Reading(n, longest_answer, longest_critiques)
            parts.append([self._part(component, reading) for component in layer.components])
            longest = max(_limit(component, self._lengths) for component in layer.components)
            if isinstance(layer.components[0], Producer):
                longest_answer, longest_critiques = max(longest_answer, longest), 0
            elif isinstance(layer.components[0], Annotator):
                longest_critiques = longest * len(layer.components)
        if self._judge is not None and self._judge.judges:
            parts.append(
                [_judge_part(self._problems, self._judge, longest_answer, self._price, self._lengths)]
            )
        return parts

    def _part(self, component: Component, reading: "_Reading") -> "_Part":
        """By identity: the architectures of a space share their components."""
        known = self._known.get((id(component), reading))
        if known is None:
            part = _part(component, reading, self._questions, self._price, self._lengths)
            known = component, part  # the component is kept, so that its id stays its own
            self._known[id(component), reading] = known
        return known[1]


def estimate_judging(
    problems: Sequence[Problem], judge: JudgePlan, *, price: PriceLookup, lengths: Lengths | None = None
) -> ComponentEstimate:
    """What judging the answers to these problems will take; the most counts answers of no length, because nobody
    says who answers."""
    return _judge_part(problems, judge, 0, price, lengths or Lengths()).record


def count_tokens(problem: Problem) -> int:
    """Guessed tokens of a problem's conversation: one per four bytes, and four per message."""
    return sum(4 + math.ceil(len(m.content.encode("utf-8", "replace")) / 4) for m in problem.conversation)


@dataclass(frozen=True, slots=True)
class _Part:
    record: ComponentEstimate
    planned: Usage
    most: Usage
    unpriced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a component finds: at most `candidates`, the longest as long as `longest_answer` tokens, and
    critiques of together at most `longest_critiques` tokens."""

    candidates: int
    longest_answer: int
    longest_critiques: int


def _part(
    component: Component,
    reading: _Reading,
    questions: Sequence[int],
    price: PriceLookup,
    lengths: Lengths,
) -> _Part:
    n, limit = reading.candidates, _limit(component, lengths)
    out = min(reply_tokens(component, n, lengths), limit)
    texts = component.texts_read(n)
    has_critiques = component.uses_critiques and reading.longest_critiques > 0
    read = texts * (lengths.answer + (lengths.critique if has_critiques else 0))
    longest = texts * reading.longest_answer + (reading.longest_critiques if has_critiques else 0)
    own = lengths.instructions if component.needs_candidates or not isinstance(component, Producer) else 0
    planned_work = (component.planned_samples(n), own + read, out)
    most_work = (component.max_samples(n), own + longest, limit)
    planned, most = (
        [(Usage(tokens_in=question + tokens_in, tokens_out=tokens_out), count) for question in questions]
        for count, tokens_in, tokens_out in (planned_work, most_work)
    )
    models = component.models()
    planned_total, most_total = _multiplied(planned), _multiplied(most)
    record = ComponentEstimate(
        layer=0,
        component=0,
        type=component.type,
        models=models,
        planned_samples=sum(count for _, count in planned),
        most_samples=sum(count for _, count in most),
        planned_tokens=planned_total.tokens_in + planned_total.tokens_out,
        planned_micro_usd=_cost(planned, models, price),
        most_micro_usd=_cost(most, models, price),
    )
    unpriced = tuple(model for model in models if price(model) is None)
    return _Part(record, planned_total, most_total, unpriced)


def _turn_tokens(problem: Problem, lengths: Lengths) -> list[int]:
    """Guessed tokens of the conversation at each turn of a problem, earlier answers included."""
    found = [count_tokens(problem)]
    for turn in problem.turns:
        found.append(found[-1] + lengths.answer + 8 + math.ceil(len(turn.encode("utf-8", "replace")) / 4))
    return found


def _judge_part(
    problems: Sequence[Problem],
    judge: JudgePlan,
    longest_answer: int,
    price: PriceLookup,
    lengths: Lengths,
) -> _Part:
    """Each judgment reads the last conversation, and two answers (the judged one and the baseline's)."""
    planned: list[tuple[Usage, int]] = []
    most: list[tuple[Usage, int]] = []
    for problem, count in zip(problems, judge.judgments, strict=True):
        read = _turn_tokens(problem, lengths)[-1] + lengths.instructions
        likely = Usage(
            tokens_in=read + 2 * lengths.answer, tokens_out=min(lengths.judgement, judge.max_tokens)
        )
        worst = Usage(tokens_in=read + lengths.answer + longest_answer, tokens_out=judge.max_tokens)
        planned.append((likely, count))
        most.append((worst, count * judge.attempts))
    planned_total, most_total = _multiplied(planned), _multiplied(most)
    record = ComponentEstimate(
        layer=0,
        component=0,
        type="judge",
        models=judge.judges,
        planned_samples=sum(count for _, count in planned),
        most_samples=sum(count for _, count in most),
        planned_tokens=planned_total.tokens_in + planned_total.tokens_out,
        planned_micro_usd=_cost(planned, judge.judges, price),
        most_micro_usd=_cost(most, judge.judges, price),
    )
    unpriced = tuple(model for model in judge.judges if price(model) is None)
    return _Part(record, planned_total, most_total, unpriced)


def _limit(component: Component, lengths: Lengths) -> int:
    """Longest reply of a component, in tokens."""
    limit = getattr(component, "max_tokens", None)
    return limit if isinstance(limit, int) else lengths.no_limit


def reply_tokens(component: Component, n: int, lengths: Lengths) -> int:
    """Assumed length of one reply of a component that finds n candidates."""
    if isinstance(component, Producer):
        models = component.models() if not component.needs_candidates else ()
        known = [lengths.answers[model] for model in models if model in lengths.answers]
        return max(known) if known else lengths.answer
    if isinstance(component, Annotator):
        return lengths.critique * max(1, component.texts_read(n))
    return lengths.judgement


def _cost(work: Sequence[tuple[Usage, int]], models: Sequence[str], price: PriceLookup) -> int | None:
    """Price of all samples; of several models, that of the dearest, so that it is not too low."""
    if not models:
        return 0
    prices = [price(model) for model in models]
    known = [each for each in prices if each is not None]
    if len(known) != len(prices):
        return None
    return sum(count * max(each.cost(usage) for each in known) for usage, count in work)


def _multiplied(work: Sequence[tuple[Usage, int]]) -> Usage:
    return Usage(
        tokens_in=sum(usage.tokens_in * count for usage, count in work),
        tokens_out=sum(usage.tokens_out * count for usage, count in work),
    )


def _short(tokens: int) -> str:
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f} M"
    return f"{tokens / 1000:.0f} k" if tokens >= 1000 else str(tokens)


def _dollars(micro_usd: int) -> str:
    dollars = micro_usd / 1_000_000
    if micro_usd == 0:
        return "$0"
    return (
        f"${dollars:,.0f}" if dollars >= 100 else f"${dollars:.2f}" if dollars >= 0.01 else f"${dollars:.4f}"
    )
