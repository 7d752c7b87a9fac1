"""Word problems: a benchmark that needs no download, with exact answers.

Made for this project, licence as the project. Any number of problems from a seed; 13 kinds, difficulty 1..5
(the number of steps), balanced. Numbers are integers or short decimals; the other problems are multiple
choice. One of them: "In Garda today is Friday. The fair is 12 days after today. On which weekday is the
fair?" with the seven weekdays as options. Everything can be solved from the text alone; ``tests`` solve
each kind a second time, from its text. They are not hard for a current model: they are for trying things
out, for tests, and as the ground truth of simulated models.
"""

from itas.benchmarks.word_problems.logic import LOGIC
from itas.benchmarks.word_problems.mathematics import MATHEMATICS, Kind, is_usable
from itas.benchmarks.word_problems.wording import Puzzle, one_of
from itas.core.messages import user
from itas.core.problem import Problem
from itas.core.seeds import random_for

KINDS: dict[str, Kind] = {**MATHEMATICS, **LOGIC}
"""How to write a puzzle, by the name of its kind."""

_DIFFICULTIES = (1, 2, 3, 4, 5)


TOPICS: dict[str, dict[str, Kind]] = {"mathematics": MATHEMATICS, "logic": LOGIC}


def word_problems(seed: int, count: int, *, topic: str | None = None) -> tuple[Problem, ...]:
    """Make `count` problems with distinct texts.

    Args:
        seed: Decides everything; ids contain it.
        count: How many. The problems of a smaller count are the first ones of a larger.
        topic: Only kinds of this topic.

    Returns:
        Problems tagged with kind, difficulty (1..5) and topic (``mathematics`` or ``logic``); among
        every 65 in a row from a multiple of 65 each kind has each difficulty once.
    """
    kinds = KINDS if topic is None else TOPICS[topic]
    cells = [(kind, difficulty) for kind in kinds for difficulty in _DIFFICULTIES]
    texts: set[str] = set()
    problems: list[Problem] = []
    for index in range(count):
        block, place = divmod(index, len(cells))
        kind, difficulty = random_for(seed, "order", block).sample(cells, len(cells))[place]
        puzzle = _new_puzzle(seed, index, kind, difficulty, texts)
        texts.add(puzzle.text)
        problems.append(_problem(puzzle, seed, index, kind, difficulty))
    return tuple(problems)


def _new_puzzle(seed: int, index: int, kind: str, difficulty: int, known: set[str]) -> Puzzle:
    rng = random_for(seed, "puzzle", index)
    while True:
        puzzle = KINDS[kind](rng, difficulty)
        if is_usable(puzzle) and puzzle.text not in known:
            return puzzle


def _problem(puzzle: Puzzle, seed: int, index: int, kind: str, difficulty: int) -> Problem:
    rng = random_for(seed, "form", index)
    lines = [puzzle.text]
    if puzzle.choices:
        lines += [f"{chr(ord('A') + number)}) {choice}" for number, choice in enumerate(puzzle.choices)]
        form = one_of(
            rng,
            "Finish with a line `Answer: <letter>`.",
            "Think it through, then end with a line that starts with `Answer:` and holds one letter.",
        )
    else:
        form = one_of(
            rng,
            "Finish with a line `Answer: <number>`.",
            "Show your working, then end with a line that starts with `Answer:` and holds only the number.",
        )
    return Problem(
        id=f"wp-{seed}-{index:05}",
        conversation=user("\n".join([*lines, "", form])),
        target=puzzle.target,
        choices=puzzle.choices,
        tags={
            "kind": kind,
            "difficulty": difficulty,
            "topic": "mathematics" if kind in MATHEMATICS else "logic",
        },
    )
