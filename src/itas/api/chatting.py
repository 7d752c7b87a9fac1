"""A conversation of several turns with an architecture: models and store are opened once."""

import secrets
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from itas.api.answering import known_problems
from itas.api.opening import Caps, SandboxChoice, open_models, open_raters, open_sandbox
from itas.api.settings import Settings
from itas.core.architecture import Architecture
from itas.core.messages import Message
from itas.core.model import Listen
from itas.engine import Answer, ComponentRecord
from itas.engine import answer as run_architecture

_APART = 2**16
"""Draws of two turns stand so far apart that a question asked again is answered afresh."""


Watch = Callable[[ComponentRecord], None]
AnswerTurn = Callable[[Sequence[Message], Watch | None, Listen | None], Coroutine[Any, Any, Answer]]
"""Gives the answer to a conversation."""


class Chat:
    """Asks turn by turn and remembers what was said.

    Args:
        answer: Gives the answer to a conversation; see `open_chat`.
        system: System message.
    """

    def __init__(self, answer: AnswerTurn, system: str | None = None) -> None:
        self._answer = answer
        self._start = () if system is None else (Message(role="system", content=system),)
        self.messages: tuple[Message, ...] = self._start

    async def ask(
        self,
        question: str,
        *,
        watch: Watch | None = None,
        listen: Listen | None = None,
    ) -> Answer:
        """Answer the next question. Only what was answered is remembered.

        Raises:
            Error: See `itas.engine.answer`.
        """
        asked = (*self.messages, Message(role="user", content=question))
        found = await self._answer(asked, watch, listen)
        self.messages = (*asked, Message(role="assistant", content=found.text))
        return found

    def forget(self) -> None:
        """Begin anew."""
        self.messages = self._start


@asynccontextmanager
async def open_chat(
    architecture: Architecture,
    *,
    settings: Settings,
    system: str | None = None,
    recording: Path | None = None,
    seed: int = 0,
    caps: Caps | None = None,
    sandbox: SandboxChoice = "auto",
) -> AsyncGenerator[Chat]:
    """Open what a conversation needs.

    Args:
        architecture: Who answers.
        settings: How to run.
        system: System message.
        recording: For ``replay`` models.
        seed: Of the run.
        caps: What the whole conversation may spend.
        sandbox: Where code of candidates is run, if a component runs any.

    Raises:
        Error: See `open_models`.
    """
    is_replayed = any(model.startswith("replay/") for model in architecture.models)
    async with (
        open_sandbox(sandbox, needed=architecture.runs_code) as runner,
        open_models(
            settings,
            problems=known_problems([architecture]),
            recording=recording,
            seed=seed,
            caps=caps,
            can_forget=True,
        ) as models,
    ):
        for model in architecture.models:
            models(model)
        raters = open_raters([architecture])

        async def answer(
            conversation: Sequence[Message], watch: Watch | None, listen: Listen | None
        ) -> Answer:
            return await run_architecture(
                architecture,
                conversation,
                models=models,
                raters=raters,
                runner=runner,
                seed=seed,
                first_draw=0 if is_replayed else secrets.randbelow(2**40) * _APART,
                watch=watch,
                listen=listen,
            )

        yield Chat(answer, system)
