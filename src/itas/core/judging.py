"""Judging: what a scorer that needs a model may ask, and what it leaves behind.

A benchmark knows no providers. Its scorer is handed an `Ask` by whoever runs the evaluation; every call made
through it is counted, held by the caps and kept in the call store like any other.
"""

from typing import Literal, Protocol

from pydantic import Field, PositiveInt

from itas.core.request import Completion, Request
from itas.core.spec import Spec

Place = Literal["alone", "first", "second"]
"""Where the judged answer stood in the prompt."""


class Ask(Protocol):
    """Asks a model once."""

    async def __call__(self, request: Request) -> Completion:
        """Draw one sample; asking the same again is the next draw.

        Raises:
            ModelError: No answer came.
            BudgetExceeded: A cap was reached before the call.
        """
        ...


class Judgment(Spec):
    """One decision of a judge about one answer.

    Attributes:
        judge: Which model.
        prompt: Name of the prompt, as its file calls it, or ours.
        turn: Which answer of a problem with several turns, from 1.
        place: Where the judged answer stood. The judge is not told whose it is.
        asked: The last message that the judge was sent.
        text: The judge's last reply.
        verdict: What was read from it, in the form of the prompt; None where nothing could be read.
        value: The same for the judged answer, in [0, 1], higher is better; None likewise.
        attempts: How often the judge was asked.
    """

    judge: str
    prompt: str
    turn: PositiveInt = 1
    place: Place = "alone"
    asked: str
    text: str
    verdict: str | None = None
    value: float | None = Field(default=None, ge=0.0, le=1.0)
    attempts: PositiveInt = 1
