"""Anthropic messages, streamed: events become the answer that would have come in one piece."""

from collections.abc import Mapping
from typing import Any, cast

from itas.core.model import Listen
from itas.errors import ModelError
from itas.models.providers.events import Event
from itas.models.providers.http import Reply, parse_object
from itas.models.providers.refusal import refuse

_STATUS: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class MessageReader:
    """Takes the events of one answer, and says its text as it comes. Thinking is not said.

    Args:
        provider: For messages.
        listen: Hears the text.
    """

    def __init__(self, provider: str, listen: Listen) -> None:
        self._provider = provider
        self._listen = listen
        self._pieces: list[str] = []
        self._usage: dict[str, Any] = {}
        self._has_usage = False
        self._reason: object = None
        self._is_done = False

    def __call__(self, event: Event) -> bool:
        """Take one event; true if it was the last. Unknown ones are passed over.

        Raises:
            ModelError: It holds an error, or cannot be read.
        """
        data = parse_object(event.data)
        if data is None:
            raise self._broken("a piece of the answer is not a JSON object")
        kind = data.get("type")
        if kind == "error":
            kind = _part(data, "error").get("type")
            status = _STATUS.get(kind, 500) if isinstance(kind, str) else 500
            raise refuse(self._provider, status, data, {})
        if kind == "message_start":
            self._add_usage(_part(data, "message"))
        elif kind == "content_block_start":
            self._say(_part(data, "content_block"), "text")
        elif kind == "content_block_delta":
            self._say(_part(data, "delta"), "text_delta")
        elif kind == "message_delta":
            self._reason = _part(data, "delta").get("stop_reason") or self._reason
            self._add_usage(data)
        elif kind == "message_stop":
            self._is_done = True
        return self._is_done

    def finish(self, reply: Reply) -> Reply:
        """The whole answer in the form of one that is not streamed.

        Raises:
            ModelError: The stream ended too early.
        """
        if not self._is_done and self._reason is None:
            raise self._broken("the answer broke off", reply.request_id)
        content = [{"type": "text", "text": "".join(self._pieces)}]
        usage = self._usage if self._has_usage else None
        data = {"content": content, "stop_reason": self._reason, "usage": usage}
        return Reply(data, reply.headers, reply.request_id, reply.latency_s, is_stream=True)

    def _add_usage(self, data: dict[str, Any]) -> None:
        """The counts are cumulative: a later one replaces an earlier one."""
        found = data.get("usage")
        if isinstance(found, dict):
            self._usage |= {
                name: each for name, each in cast("dict[str, Any]", found).items() if each is not None
            }
            self._has_usage = "output_tokens" in self._usage

    def _say(self, part: dict[str, Any], kind: str) -> None:
        piece = part.get("text")
        if part.get("type") == kind and isinstance(piece, str) and piece:
            self._pieces.append(piece)
            self._listen(piece)

    def _broken(self, message: str, request_id: str | None = None) -> ModelError:
        return ModelError(
            message, provider=self._provider, request_id=request_id, can_retry=True, may_be_billed=True
        )


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
