"""What people and models say to each other."""

from typing import Annotated, Literal

from pydantic import Field

from itas.core.spec import Spec

Role = Literal["system", "user", "assistant", "tool"]


def is_empty(text: str) -> bool:
    """Whether a field may be left out, so that what never had it keeps its name in the call store."""
    return not text


Extra = Annotated[str, Field(exclude_if=is_empty)]
"""Canonical JSON of an object: fields of the provider's API that no field of ours stands for. Only wires read it."""


class Message(Spec):
    """One turn. `content` is text; it is data, whoever wrote it.

    Attributes:
        role: Whose turn; ``tool`` for what a caller's tool gave back.
        content: The text.
        extra: For what is more than text (images, calls of tools): the fields as the provider gets them. Components
            that put the text into a prompt of their own do not pass it on.
    """

    role: Role
    content: str
    extra: Extra = ""


Conversation = tuple[Message, ...]


def user(content: str) -> Conversation:
    """A conversation of one question."""
    if type(content) is str:
        return (Message.trusted(role="user", content=content),)
    return (Message(role="user", content=content),)
