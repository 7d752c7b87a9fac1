"""What the kinds of local reward models have in common."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Rate = Callable[[str, Sequence[str]], list[float]]
"""Rates texts as answers to a question, in the calling thread."""


class Libraries(NamedTuple):
    """The optional packages, imported. They carry no types that are known here."""

    torch: Any
    transformers: Any
