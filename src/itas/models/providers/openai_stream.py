"""OpenAI chat completions, streamed: chunks become the answer that would have come in one piece."""

from typing import Any, cast

from itas.core.model import Listen
from itas.errors import ModelError
from itas.models.providers.events import Event
from itas.models.providers.http import Reply, parse_object
from itas.models.providers.openai_reply import BROKEN_OFF, no_choices, read_content

_DONE = "[DONE]"


class ChunkReader:
    """Takes the chunks of one answer, and says its text as it comes.

    A refusal is not said in pieces: whether it is the text is known at the end only.

    Args:
        provider: For messages.
        listen: Hears the text.
    """

    def __init__(self, provider: str, listen: Listen | None) -> None:
        self._provider = provider
        self._listen = listen
        self._pieces: list[str] = []
        self._refusal: list[str] = []
        self._tool_calls: list[object] = []
        self._reason: object = None
        self._usage: object = None
        self._is_done = False

    def __call__(self, event: Event) -> bool:
        """Take one event; true if it was the last.

        Raises:
            ModelError: It holds an error, or cannot be read.
        """
        if event.data.strip() == _DONE:
            self._is_done = True
            return True
        data = parse_object(event.data)
        if data is None:
            raise self._broken("a piece of the answer is not a JSON object")
        if isinstance(data.get("error"), dict | str):
            raise no_choices(Reply(data, {}, None, 0.0), self._provider)
        self._usage = _find_usage(data) or self._usage
        for choice in _choices(data):
            self._take(choice)
        return False

    def finish(self, reply: Reply) -> Reply:
        """The whole answer in the form of one that is not streamed.

        Raises:
            ModelError: The stream ended too early.
        """
        if not self._is_done and self._reason is None:
            raise self._broken("the answer broke off", reply.request_id)
        message = {
            "content": "".join(self._pieces),
            "refusal": "".join(self._refusal),
            "tool_calls": self._tool_calls,
        }
        choice = {"message": message, "finish_reason": self._reason}
        data = {"choices": [choice], "usage": self._usage}
        return Reply(data, reply.headers, reply.request_id, reply.latency_s, is_stream=True)

    def _take(self, choice: dict[str, Any]) -> None:
        if choice.get("index") not in (0, None):
            return
        reason = choice.get("finish_reason")
        if reason in BROKEN_OFF:
            raise self._broken("the answer broke off: no reason was given")
        self._reason = reason or self._reason
        found = choice.get("delta") or choice.get("message")
        if not isinstance(found, dict):
            self._say(choice.get("text"))
            return
        delta = cast("dict[str, Any]", found)
        self._say(read_content(delta.get("content")))
        if isinstance(refusal := delta.get("refusal"), str):
            self._refusal.append(refusal)
        if delta.get("tool_calls"):
            self._tool_calls.append(delta["tool_calls"])

    def _say(self, piece: object) -> None:
        if isinstance(piece, str) and piece:
            self._pieces.append(piece)
            if self._listen is not None:
                self._listen(piece)

    def _broken(self, message: str, request_id: str | None = None) -> ModelError:
        return ModelError(
            message, provider=self._provider, request_id=request_id, can_retry=True, may_be_billed=True
        )


def _choices(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Without those that are none; the chunk with the usage has an empty list, or null."""
    found = data.get("choices")
    if not isinstance(found, list):
        return []
    return [cast("dict[str, Any]", each) for each in cast("list[object]", found) if isinstance(each, dict)]


def _find_usage(data: dict[str, Any]) -> object:
    """Groq puts it into a part of its own."""
    own = data.get("x_groq")
    return data.get("usage") or (cast("dict[str, Any]", own).get("usage") if isinstance(own, dict) else None)
