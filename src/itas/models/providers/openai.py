"""OpenAI chat completions: the wire format that most servers speak, each a little differently.

Which parameters a model takes is learnt from what the provider's refusal says, once per model: the name of
the token limit, whether it takes a temperature, whether it gives several samples in one request.
"""

import logging
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from itas.core.model import Listen
from itas.core.request import Request
from itas.errors import ModelError
from itas.models.providers.http import HttpClient
from itas.models.providers.known import Provider
from itas.models.providers.openai_reply import parse_reply
from itas.models.providers.openai_stream import ChunkReader
from itas.models.providers.refusal import Refused
from itas.models.providers.wire import WireAnswer, cut_at_stop, read_extra
from itas.models.spread import OneAtATime

_log = logging.getLogger(__name__)

_MOST_DIALECTS = 5
_NOT_TAKEN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|deprecated"
    r"|only the default"
)
_ABOUT_N = re.compile(
    r"['\"`]n['\"`]|\bn\s*(?:>|=|must|is |should|parameter)|multiple (?:choices|completions)"
)
_ABOUT_STREAM = re.compile(r"['\"`]stream['\"`]|\bstreaming\b")
_ABOUT_STOP = re.compile(r"['\"`]stop['\"`]|\bstop (?:sequences?|parameter)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is known about the parameters of one model."""

    max_n: int
    tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    takes_temperature: bool = True
    takes_stop: bool = True
    takes_stream: bool = True
    takes_stream_options: bool = True


class OpenAIWire:
    """See `Wire`."""

    def __init__(self, provider: Provider, client: HttpClient) -> None:
        self._provider = provider
        self._client = client
        self._dialects: dict[str, Dialect] = {}

    def max_n(self, model: str) -> int:
        """See `Wire.max_n`."""
        return self._dialect(model).max_n

    async def ask(self, request: Request, n: int, *, listen: Listen | None = None) -> WireAnswer:
        """See `Wire.ask`.

        Raises:
            OneAtATime: The provider turns out not to give several samples of this model at once.
        """
        for _ in range(_MOST_DIALECTS):
            sent = self._dialect(request.model_name)
            # A text that is cut here at a stop sequence can only be cut when all of it is there.
            is_heard = listen is not None and sent.takes_stream and (sent.takes_stop or not request.stop)
            chunks = ChunkReader(self._provider.name, listen) if is_heard else None
            body = render_body(request, n, sent, is_streamed=is_heard)
            try:
                reply = await self._client.post("/chat/completions", body, on_event=chunks)
            except Refused as refused:
                self._learn(request.model_name, sent, refused)
                if n > self.max_n(request.model_name):
                    raise OneAtATime(
                        str(refused), provider=self._provider.name, status=refused.status
                    ) from None
                continue
            if chunks is not None and reply.is_stream:
                reply = chunks.finish(reply)
            answer = parse_reply(reply, n, provider=self._provider.name)
            if request.stop and not sent.takes_stop:
                answer = cut_at_stop(answer, request.stop)
            if len(answer.samples) < n:
                self._dialects[request.model_name] = replace(self._dialect(request.model_name), max_n=1)
            return answer
        raise ModelError(
            f"'{request.model_name}' refuses one form of the parameters after the other",
            provider=self._provider.name,
        )

    async def close(self) -> None:
        """See `Wire.close`."""
        await self._client.close()

    def _dialect(self, model: str) -> Dialect:
        dialect = self._dialects.get(model)
        if dialect is None:
            dialect = self._dialects[model] = Dialect(self._provider.max_n)
        return dialect

    def _learn(self, model: str, sent: Dialect, refused: Refused) -> None:
        """Remember what the refusal says about parameters; raise it again if it says nothing new."""
        learnt = learn(self._dialect(model), refused)
        if learnt == sent:
            raise refused
        if learnt != self._dialect(model):
            _log.warning("%s/%s: other parameters from now on: %s", self._provider.name, model, refused)
        self._dialects[model] = learnt


def render_body(request: Request, n: int, dialect: Dialect, *, is_streamed: bool = False) -> dict[str, Any]:
    """The JSON that is sent."""
    body: dict[str, Any] = {
        **read_extra(request.extra),
        "model": request.model_name,
        "messages": [
            {"role": message.role, "content": message.content, **read_extra(message.extra)}
            for message in request.messages
        ],
    }
    if request.temperature is not None and dialect.takes_temperature:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body[dialect.tokens_name] = request.max_tokens
    if request.stop and dialect.takes_stop:
        body["stop"] = list(request.stop)
    if n > 1:
        body["n"] = n
    if is_streamed:
        body["stream"] = True
        if dialect.takes_stream_options:
            body["stream_options"] = {"include_usage": True}
    return body


def learn(dialect: Dialect, refused: Refused) -> Dialect:
    """The dialect after a refusal; the same one if it is about something else."""
    if refused.status not in (400, 422):
        return dialect
    text = refused.detail.casefold()
    if "max_completion_tokens" in text and "max_tokens" in text.replace("max_completion_tokens", ""):
        return replace(dialect, tokens_name="max_completion_tokens")
    if not _NOT_TAKEN.search(f"{text} {refused.code.casefold()}"):
        is_about_n = refused.param == "n" or _ABOUT_N.search(
            text
        )  # also "Field 'n': must be between 1 and 2"
        return replace(dialect, max_n=1) if is_about_n else dialect
    if refused.param == "stream_options" or "stream_options" in text or "include_usage" in text:
        return replace(dialect, takes_stream_options=False)
    if refused.param == "stream" or _ABOUT_STREAM.search(text):
        return replace(dialect, takes_stream=False)
    if refused.param == "stop" or _ABOUT_STOP.search(text):
        return replace(dialect, takes_stop=False)
    if refused.param == "temperature" or "temperature" in text:
        return replace(dialect, takes_temperature=False)
    if refused.param == "max_completion_tokens" or "max_completion_tokens" in text:
        return replace(dialect, tokens_name="max_tokens")
    if refused.param == "max_tokens":
        return replace(dialect, tokens_name="max_completion_tokens")
    if refused.param == "n" or _ABOUT_N.search(text):
        return replace(dialect, max_n=1)
    return dialect
