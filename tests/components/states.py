"""Small states, and contexts that answer from a table."""

from collections.abc import Mapping, Sequence

from itas.core.blocks import Block, read_blocks
from itas.core.candidate import Candidate, Notes, Origin, State
from itas.core.messages import Conversation, user
from itas.core.seeds import random_for
from itas.testing.contexts import FunctionContext

MODEL = "fake/a"
QUESTION = "What is 6 times 7?"
CONVERSATION = user(QUESTION)


def candidate(text: str, *, model: str = MODEL, critique: str | None = None) -> Candidate:
    return Candidate(text, Origin(layer=0, component=0, model=model, sample=0), critique=critique)


def state(
    *texts: str, conversation: Conversation = CONVERSATION, tests: Sequence[str] = (), shown: bool = False
) -> State:
    return State(conversation, tuple(map(candidate, texts)), Notes(tuple(tests), shown=shown))


def rng(*material: str):
    return random_for(0, *material)


def answers_of(prompt: str) -> dict[str, str]:
    """The answers in a prompt, text by id, in the order shown."""
    return {block.id: block.text for block in read_blocks(prompt) if block.label == "answer"}


def blocks_of(prompt: str, label: str) -> list[Block]:
    return [block for block in read_blocks(prompt) if block.label == label]


def by_task(replies: Mapping[str, str]) -> FunctionContext:
    """Replies by the first line of the prompt."""
    return FunctionContext(lambda prompt: replies[prompt.partition("\n")[0]])


def one_after_the_other(*replies: str) -> FunctionContext:
    left = list(replies)
    return FunctionContext(lambda prompt: left.pop(0))
