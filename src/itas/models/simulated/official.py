"""Read the official judge prompts (MT-Bench, AlpacaEval, Arena-Hard) as the simulated models do.

What marks them is the form in which the verdict is asked for, together with the sections in which the answers
stand; a question that merely contains ``[[A]]`` is a question.
"""

import re
from dataclasses import dataclass
from typing import Literal

from itas.core.messages import Conversation

VerdictForm = Literal["own", "rating", "letter", "five", "identifier"]

_FORMS: tuple[tuple[str, VerdictForm], ...] = (
    ("[[A>>B]]", "five"),
    ("[[C]]", "letter"),
    ("[[rating]]", "rating"),
    ('"model_identifier": "m"', "identifier"),
)
_SECTION = re.compile(
    r"(?:\[|<\|)The Start of Assistant(?: [AB])?'s (?:Answer|Conversation with User)(?:\]|\|>)\n"
    r"(.*?)\n(?:\[|<\|)The End of",
    re.DOTALL,
)
_OUTPUT = re.compile(r'"output": """(.*?)"""', re.DOTALL)
_QUESTION = re.compile(
    r'(?:\[(?:User )?Question\]\n|<\|User Prompt\|>\n|### User:\n|"instruction": """)(.*?)'
    r'(?:\n\n\[The Start|\n\n<\|The Start|\n\n### |"""|\Z)',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Official:
    """An official judge prompt, understood."""

    form: VerdictForm
    question: str
    answers: tuple[str, ...]


def read_official(messages: Conversation) -> Official | None:
    """What it asks for; None for any other conversation."""
    last = messages[-1].content
    if messages[0].role != "system" and "[[rating]]" not in last:
        return None
    everything = f"{messages[0].content}\n{last}"
    asked: list[VerdictForm] = [form for mark, form in _FORMS if mark in everything]
    if not asked:
        return None
    form = asked[0]
    pattern = _OUTPUT if form == "identifier" else _SECTION
    answers = tuple(found[1] for found in pattern.finditer(last))
    if len(answers) != (1 if form == "rating" else 2):
        return None
    question = _QUESTION.search(last)
    return Official(form, question[1].strip() if question else "", answers)
