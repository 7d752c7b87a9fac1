"""What people and models say to each other."""

from typing import Literal

from itas.core.spec import Spec

Role = Literal["system", "user", "assistant"]


class Message(Spec):
    """One turn. `content` is text; it is data, whoever wrote it."""

    role: Role
    content: str


Conversation = tuple[Message, ...]


def user(content: str) -> Conversation:
    """A conversation of one question."""
    return (Message(role="user", content=content),)
