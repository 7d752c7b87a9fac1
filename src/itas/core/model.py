"""The one protocol behind which every model stands: providers, wrappers, fakes."""

from collections.abc import Callable
from typing import Protocol

from itas.core.request import Completion, Request

Listen = Callable[[str], None]
"""Hears the pieces of one draw's text as they come, none of them empty. Joined, they are exactly the text of the
completion. It must not raise."""


class Model(Protocol):
    """Something that answers requests."""

    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        """Give the draws numbered ``first .. first + n - 1`` of a request.

        The same number is the same draw wherever draws are remembered (store, recording, simulated
        models); a provider draws afresh and ignores `first`.

        Args:
            request: What to ask.
            n: Number of draws, >= 1.
            first: Number of the first draw, >= 0.
            listen: Hears the text while it is written; only with `n` 1. Who has it at once says it in one piece.

        Returns:
            Exactly `n` completions, in the order of their numbers.

        Raises:
            ModelError: No answer came. Marked as cut (`is_cut`) if a part of it had been heard.
            BudgetExceeded: The call was not made because it could pass a cap.
        """
        ...


ModelSource = Callable[[str], Model]
"""Gives the model behind a ``provider/model`` id. Raises SpecError for an unknown provider and MissingKey
where a key is needed and not set; both before anything is sent."""


def is_simulated(model_id: str) -> bool:
    """Whether a model is a simulated one, live or replayed from a recording."""
    return model_id.removeprefix("replay/").startswith("simulated/")
