"""What is appended to a question so that its answer can be read. In our own words, not those of a paper:
scores are comparable between architectures here, and close to, but not the same as, published ones.

`core/answers.py` reads the line asked for, and what models write instead of it.
"""

from itas.core.messages import Conversation, Message

NUMBER = "Think it through, then finish with one line of the form `Answer: <number>`."
CHOICE = "Think it through, then finish with one line of the form `Answer: <letter>`."
TEXT = "Finish with one line of the form `Answer: <your answer>`."


def with_instruction(conversation: Conversation, instruction: str) -> Conversation:
    """The conversation with an instruction at the end of its last message, unless that already says how to
    answer (contains ``Answer:``)."""
    last = conversation[-1]
    if not instruction or "answer:" in last.content.lower():
        return conversation
    return (*conversation[:-1], Message(role=last.role, content=f"{last.content}\n\n{instruction}"))


def options(choices: tuple[str, ...]) -> str:
    """The options of a multiple-choice question, one a line: ``A) ...``."""
    return "\n".join(f"{chr(ord('A') + number)}) {choice}" for number, choice in enumerate(choices))
