"""How sure a judge is: the log-probabilities of the first token of its reply, where the provider gives them.

They are asked for and given in the fields of OpenAI's API (`Request.extra`, `Completion.extra`); a provider that does
not have them refuses, or leaves them out.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, cast

from itas.core.spec import canonical_json

ASKED_FOR = canonical_json({"logprobs": True, "top_logprobs": 5})
"""For `Request.extra`."""


def find_shares(extra: str, tokens: Sequence[str]) -> tuple[float, ...] | None:
    """The probability of each token as the first one of the reply, among these tokens; None where the reply tells
    nothing about any of them.

    A token that is not among the most probable ones counts as impossible, as in AlpacaEval's own code.
    """
    if not extra:
        return None
    try:
        data: Any = json.loads(extra)
        top = cast("list[dict[str, Any]]", data["logprobs"]["content"][0]["top_logprobs"])
        known = {str(each["token"]): float(each["logprob"]) for each in top}
    except (ValueError, LookupError, TypeError):
        return None
    likelihoods = [math.exp(min(known[token], 0.0)) if token in known else 0.0 for token in tokens]
    total = sum(likelihoods)
    return tuple(each / total for each in likelihoods) if total > 0 else None
