"""Fitting: what surely will not fit into a model's context is seen before it is sent.

Tokens are estimated, since every model counts otherwise: one for each 3.5 characters. For English prose that is a
fifth too many, so there is room; for other scripts it may be too few, and then the provider says so.

*Candidates* go by the estimate. Where all stand in one request, the last ones are dropped first (the worst, where
an order is known), until the conversation, the candidates with their critiques, the tests and the longest reply
fit; the first one always stays, and its end is cut off if it does not fit alone. Where one or two stand in a
request, the end of each that is too long is cut off. *A request* is refused only if it is too long for certain, at
eight characters per token: the caller's messages are never cut.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from itas.core.candidate import Candidate, State
from itas.core.component import Component
from itas.core.request import Request
from itas.errors import ModelError

CHARS_PER_TOKEN = 3.5
SURELY_CHARS_PER_TOKEN = 8
TOKENS_PER_MESSAGE = 16
PROMPT_TOKENS = 600
"""Our own words around the candidates, generously."""
BLOCK_TOKENS = 24
"""The fences of one block."""
REPLY_TOKENS = 2048
"""Kept free for the reply where a component sets no `max_tokens`."""
LEAST_CHARS = 200
"""So much of a candidate always stays."""
CUT_NOTE = "\n[cut: the rest does not fit]"

ContextTokens = Callable[[str], int | None]
"""Most tokens, prompt and reply together, that a ``provider/model`` takes; None if unknown."""


def unknown_length(model: str) -> int | None:
    """Where nothing is known of any model."""
    return None


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has; see the rule above."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def check_length(request: Request, context_tokens: ContextTokens) -> None:
    """Refuse a request that is too long for certain.

    Raises:
        ModelError: Nothing was sent.
    """
    most = context_tokens(request.model)
    if most is None:
        return
    chars = sum(len(message.content) for message in request.messages)
    if chars > most * SURELY_CHARS_PER_TOKEN:
        raise ModelError(
            f"{chars:,} characters do not fit into the {most:,} tokens of '{request.model_name}', so nothing was "
            "sent. Shorten the conversation, or take a model with a longer context (if its length is wrong here, "
            "set context_tokens in the settings)",
            provider=request.provider,
        )


def fit_candidates(component: Component, state: State, context_tokens: ContextTokens) -> State:
    """The state with as much of its candidates as the component's models can read."""
    read = component.texts_read(len(state.candidates)) if state.candidates else 0
    if not read:
        return state
    lengths = [most for model in component.models() if (most := context_tokens(model)) is not None]
    if not lengths:
        return state
    room = min(lengths) - _fixed_tokens(component, state)
    if read < len(state.candidates):
        kept = [_cut(each, room // read) for each in state.candidates]
    else:
        kept = _first_that_fit(state.candidates, room)
        kept[0] = _cut(kept[0], room) if len(kept) == 1 else kept[0]
    return state if tuple(kept) == state.candidates else replace(state, candidates=tuple(kept))


def describe_fitting(before: Sequence[Candidate], after: Sequence[Candidate]) -> str:
    """What was left out, in words; empty if nothing was."""
    dropped = len(before) - len(after)
    cut = sum(old.text != new.text for old, new in zip(before, after, strict=False))
    parts = [f"{dropped} of {len(before)} candidates left out"] if dropped else []
    parts += [f"the end of {cut} cut off"] if cut else []
    return f"{', '.join(parts)}: more does not fit into the model's context" if parts else ""


def _fixed_tokens(component: Component, state: State) -> int:
    """Everything but the candidates."""
    messages = sum(estimate_tokens(message.content) + TOKENS_PER_MESSAGE for message in state.conversation)
    tests = sum(estimate_tokens(test) + BLOCK_TOKENS for test in state.notes.tests)
    reply = getattr(component, "max_tokens", None)
    return messages + tests + PROMPT_TOKENS + (reply if isinstance(reply, int) else REPLY_TOKENS)


def _first_that_fit(candidates: Sequence[Candidate], room: int) -> list[Candidate]:
    kept: list[Candidate] = []
    for candidate in candidates:
        room -= _tokens_of(candidate)
        if kept and room < 0:
            break
        kept.append(candidate)
    return kept


def _tokens_of(candidate: Candidate) -> int:
    tokens = estimate_tokens(candidate.text) + BLOCK_TOKENS
    if candidate.critique:
        tokens += estimate_tokens(candidate.critique) + BLOCK_TOKENS
    return tokens


def _cut(candidate: Candidate, room: int) -> Candidate:
    too_many = _tokens_of(candidate) - room
    if too_many <= 0:
        return candidate
    length = len(candidate.text) - math.ceil(too_many * CHARS_PER_TOKEN) - len(CUT_NOTE)
    text = candidate.text[: max(length, LEAST_CHARS)]
    return candidate if text == candidate.text else replace(candidate, text=text + CUT_NOTE)
