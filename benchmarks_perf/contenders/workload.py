"""What every contender does: queries of twelve calls, ten answers, then one that orders them, then one that fuses.

Standard library only: the peers run this in environments of their own.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

WIDTH = 10
_ANSWER = "The answer follows from the two facts in the question, taken one after the other. Answer: 42"


@dataclass(frozen=True)
class Job:
    """Command line of a contender: where, how many queries, how many at once, and a folder to write in."""

    url: str
    queries: int
    at_once: int
    folder: str

    @staticmethod
    def read() -> "Job":
        """From the arguments of the process."""
        url, queries, at_once, folder = sys.argv[1:5]
        return Job(url, int(queries), int(at_once), folder)


def question(number: int) -> str:
    """The text of one query."""
    return (
        f"Question {number}. A train of 214 m passes a signal in 9.5 s and a bridge in 26.3 s. How long is the "
        "bridge, to the nearest metre? Explain the steps in a few short sentences, then give the answer."
    )


def later_prompt(task: str, number: int) -> str:
    """As long as the prompts in which our ranker and fuser read ten answers."""
    answers = "\n\n".join(
        f"<<answer A{each}B{each}>>\n{_ANSWER}\n<<end A{each}B{each}>>" for each in range(WIDTH)
    )
    return f"{task}\n\n{question(number)}\n\n{answers}\n\n{'Read all of them before you write. ' * 8}"


async def run_query(number: int, ask: Callable[[str], Awaitable[str]]) -> str:
    """Ten at once, then one, then one."""
    await asyncio.gather(*(ask(f"{question(number)} ({each})") for each in range(WIDTH)))
    await ask(later_prompt("Order these.", number))
    return await ask(later_prompt("Fuse these.", number))


async def run_all(job: Job, query: Callable[[int], Awaitable[object]]) -> None:
    """All queries, so many at once; prints what it took as JSON."""
    slots = asyncio.Semaphore(job.at_once)

    async def one(number: int) -> None:
        async with slots:
            await query(number)

    await one(-1)  # imports, connections and caches are ready
    cpu, started = time.process_time(), time.monotonic()
    await asyncio.gather(*(one(number) for number in range(job.queries)))
    report(job.queries * (WIDTH + 2), time.process_time() - cpu, time.monotonic() - started)


def report(calls: int, cpu_s: float, wall_s: float, **more: object) -> None:
    """One line of JSON for the caller."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    print(json.dumps({"calls": calls, "cpu_s": cpu_s, "wall_s": wall_s, "peak_mb": peak, **more}), flush=True)


def texts(choices: Sequence[dict[str, dict[str, str]]]) -> list[str]:
    """The texts of an answer of chat completions."""
    return [choice["message"]["content"] for choice in choices]
