"""Read a prompt as the simulated models do: which task, which question, which answers.

A first line ``Task: ...`` that is known, with the blocks it needs, is a task; everything else is a question
to be answered. Reading never fails.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from itas.core.blocks import Block, read_blocks
from itas.core.messages import Conversation
from itas.models.simulated.memory import Memory
from itas.models.simulated.official import VerdictForm, read_official

Task = Literal[
    "answer",
    "rank",
    "choose",
    "criticise",
    "fuse",
    "reason",
    "verify",
    "write tests",
    "write code tests",
    "judge tests",
    "rate",
    "compare",
    "grade",
    "read choice",
]

_TASKS: dict[str, Task] = {
    "Task: answer the request.": "answer",
    "Task: rank the answers.": "rank",
    "Task: choose the most consistent answer.": "choose",
    "Task: criticise the answers.": "criticise",
    "Task: write the best answer.": "fuse",
    "Task: give reasons.": "reason",
    "Task: give a verdict.": "verify",
    "Task: write tests.": "write tests",
    "Task: write tests that can be run.": "write code tests",
    "Task: judge tests.": "judge tests",
    "Task: rate the answer.": "rate",
    "Task: compare the answers.": "compare",
    "Task: grade the answer.": "grade",
    "Task: read the choice.": "read choice",
}
_NEEDS_ANSWERS: frozenset[Task] = frozenset(
    {
        "rank", "choose", "criticise", "fuse", "reason", "verify", "judge tests",
        "rate", "compare", "grade", "read choice",
    }
)  # fmt: skip
_WANTED_TESTS = re.compile(
    r"\b(?:exactly|write|give|list)\s+(?P<count>[1-9]\d?)\s+(?:\w+\s+){0,2}(?:tests|statements)\b",
    re.IGNORECASE,
)
_RANGE_OF_TESTS = re.compile(
    r"\b(?P<low>\d{1,2})\s*(?:to|-|–|and)\s*(?P<high>\d{1,2})\s+(?:\w+\s+){0,2}(?:tests|statements)\b",
    re.IGNORECASE,
)
_NUMBERED_TEST = re.compile(r"^TEST\s+(\d+)\s*:\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer in a prompt, with its critique where there is one."""

    id: str
    text: str
    critique: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt, understood."""

    task: Task
    question: str
    answers: tuple[Shown, ...] = ()
    tests: tuple[str, ...] = ()
    reasons: str | None = None
    n_tests: int = 6
    form: VerdictForm = "own"
    has_ties: bool = True


class Reader:
    """Reads conversations; remembers the last ones, because the same prompt is asked for again and again."""

    def __init__(self) -> None:
        self._readings: Memory[str, Reading] = Memory(4_000)

    def read(self, messages: Conversation) -> Reading:
        """What the last user message asks for, or an official judge prompt."""
        official = read_official(messages)
        if official is not None:
            shown = tuple(Shown(id_, text) for id_, text in zip("AB", official.answers, strict=False))
            task: Task = "rate" if official.form == "rating" else "compare"
            return Reading(task, official.question, shown, form=official.form)
        prompt = messages[-1].content
        if messages[-1].role != "user":
            prompt = next(
                (message.content for message in reversed(messages) if message.role == "user"), prompt
            )
        found = self._readings.get(prompt)
        return found if found is not None else self._readings.keep(prompt, read_prompt(prompt))


def read_prompt(prompt: str) -> Reading:
    """Understand one user message."""
    task = _TASKS.get(prompt[: prompt.find("\n")].strip()) if prompt.startswith("Task: ") else None
    if task is None:
        return Reading("answer", prompt.strip())
    blocks = read_blocks(prompt)
    question = next((block.text for block in blocks if block.label == "request"), None)
    answers = _answers(blocks)
    if question is None or (task in _NEEDS_ANSWERS and not answers):
        return Reading("answer", (question or prompt).strip())
    reasons = next((block.text for block in blocks if block.label == "reasons"), None)
    tests = _tests(blocks)
    if task == "judge tests" and not tests:
        return Reading("answer", question.strip())
    return Reading(
        task,
        question.strip(),
        answers,
        tests,
        reasons,
        _n_tests(prompt) if task in ("write tests", "write code tests") else 6,
        has_ties=task != "compare" or "'=' for" in prompt[prompt.rfind("<<end ") :],
    )


def _answers(blocks: Sequence[Block]) -> tuple[Shown, ...]:
    shown: list[Shown] = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        if block.label == "answer":
            shown.append(Shown(block.id, block.text))
        elif block.label == "critique" and before is not None and before.label == "answer":
            shown[-1] = Shown(shown[-1].id, shown[-1].text, block.text)
    return tuple(shown)


def _tests(blocks: Sequence[Block]) -> tuple[str, ...]:
    """One test per block, or numbered lines in one block."""
    tests: list[str] = []
    for block in blocks:
        if block.label in ("test", "tests"):
            numbered = _NUMBERED_TEST.findall(block.text)
            tests += [text.strip() for _, text in numbered] if len(numbered) > 1 else [block.text.strip()]
    return tuple(tests)


def _n_tests(prompt: str) -> int:
    outside = prompt[: prompt.find("\n<<")] + prompt[prompt.rfind("<<end ") :]
    bounds = _RANGE_OF_TESTS.search(outside)
    if bounds:
        return min(max(int(bounds["low"]), 1) + 1, max(int(bounds["high"]), 1))
    wanted = _WANTED_TESTS.search(outside)
    return int(wanted["count"]) if wanted else 6
