"""Models that give numbers instead of text: reward models, which run where the program runs."""

from collections.abc import Callable, Sequence
from typing import Protocol

from itas.core.messages import Conversation


class Rater(Protocol):
    """Rates texts as answers to a conversation."""

    async def rate(self, conversation: Conversation, texts: Sequence[str]) -> tuple[float, ...]:
        """Give one number per text, in order; higher is better.

        The numbers compare texts of one call and nothing else: a pairwise model rates each text against the
        others. Whatever stands in a text is data.

        Raises:
            ModelError: The model failed.
        """
        ...


RaterSource = Callable[[str], Rater]
"""Gives the rater behind a ``local/...`` id. Raises SpecError where there is none, or the extra is missing."""
