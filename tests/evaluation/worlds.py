"""Small worlds for the tests of evaluation: models from functions, a benchmark of sums, architectures."""

import inspect

import itas.components  # noqa: F401 - registers the component types
from itas.benchmarks.benchmark import Benchmark
from itas.benchmarks.scorers import Number
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.core.problem import Problem
from itas.core.request import Completion, Usage


class Fake:
    """A model from a function of (request, number of the draw); counts what it was asked."""

    def __init__(self, reply):
        self.samples = 0
        self._reply = reply

    async def sample(self, request, *, n=1, first=0, listen=None):
        completions = []
        for number in range(first, first + n):
            self.samples += 1
            reply = self._reply(request, number)
            if inspect.isawaitable(reply):
                reply = await reply
            completions.append(reply if isinstance(reply, Completion) else said(reply))
        if listen is not None:
            listen(completions[0].text)
        return tuple(completions)


def said(text, *, cost: int | None = 10, latency_s=2.0, is_stored=False):
    return Completion(
        text=text,
        usage=Usage(tokens_in=20, tokens_out=5),
        cost_micro_usd=cost,
        latency_s=latency_s,
        is_stored=is_stored,
    )


def sums(count):
    """Problems ``1 + 1 = ?``, ``2 + 1 = ?`` and so on."""
    return tuple(
        Problem(
            id=f"sum-{number}",
            conversation=user(f"{number} + 1 = ?"),
            target=str(number + 1),
            tags={"parity": "odd" if number % 2 else "even"},
        )
        for number in range(1, count + 1)
    )


def benchmark(count):
    return Benchmark("sums", sums(count), Number(), total=count)


def solve(request, number):
    """The right answer, whatever the draw."""
    first = request.messages[-1].content.split()[0]
    return f"Answer: {int(first) + 1}"


def number_of(request):
    return int(request.messages[-1].content.split()[0])


ONE = Architecture.parse({"name": "one", "layers": [{"type": "generator", "model": "fake/a"}]})
VOTE = Architecture.parse({
    "name": "vote",
    "layers": [{"type": "generator", "models": ["fake/a", "fake/b"], "samples": 2}, {"type": "vote"}],
})  # fmt: skip


def serving(fake):
    """Every model id is that fake."""
    return lambda model: fake
