"""Choice: the chosen letter is the target.

Rule: the letter in the last ``Answer:`` line (or another mark, see `core/marks.py`), else a letter in the
form of an option. Where no letter can be read, a marked answer that is the text of exactly one option counts
as its letter. Several letters ("A or B") are no answer.
"""

from typing import ClassVar

from itas.benchmarks.instructions import CHOICE
from itas.benchmarks.scorers.rule import Rule
from itas.core.answers import find_choice, find_marked, normal_text
from itas.core.problem import Problem


class Choice(Rule):
    """See the module."""

    type: ClassVar = "choice"
    instruction: ClassVar = CHOICE

    def read(self, problem: Problem, answer: str) -> str | None:
        letter = find_choice(answer, n_choices=len(problem.choices) or 26)
        if letter is not None:
            return letter
        marked = find_marked(answer)
        return None if marked is None else letter_of(marked, problem.choices)

    def is_right(self, problem: Problem, found: str, target: str) -> bool:
        return found == target.strip().upper()

    def objection(self, problem: Problem) -> str | None:
        if problem.target is None:
            return None
        if not problem.choices and (len(problem.target.strip()) != 1 or not problem.target.strip().isalpha()):
            return f"the target {problem.target!r} is not a letter; give 'choices', or use 'exact'"
        if problem.choices:
            letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(problem.choices)]
            if problem.target.strip().upper() not in tuple(letters):
                return f"the target {problem.target!r} is neither one of {letters} nor one of the choices"
        return None


def letter_of(text: str, choices: tuple[str, ...]) -> str | None:
    """The letter of the only choice with that text; None if none or several have it."""
    wanted = normal_text(text)
    places = [number for number, choice in enumerate(choices) if normal_text(choice) == wanted]
    return chr(ord("A") + places[0]) if len(places) == 1 else None
