"""Responses as they go out: whole, and as a stream of events with numbers."""

from typing import Any

from itas.core.request import Usage
from itas.serve.outcome import Outcome
from itas.serve.refusal import Refusal
from itas.serve.wire import event, to_json


def render_response(id: str, created: int, outcome: Outcome, echo: dict[str, Any]) -> bytes:
    """One ``response``."""
    return to_json(_finished(id, created, outcome, echo))


class ResponseEvents:
    """The events of one streamed response.

    Args:
        id: Of the response.
        created: Seconds since 1970.
        model: What is served.
        echo: Fields of the request that a response repeats.
    """

    def __init__(self, *, id: str, created: int, model: str, echo: dict[str, Any]) -> None:
        self._id = id
        self._created = created
        self._model = model
        self._echo = echo
        self._item = _message_id(id)
        self._number = 0
        self._texts: list[str] = []

    def begin(self) -> bytes:
        """The response exists; goes out at once."""
        running = _response(self._id, self._created, self._model, self._echo, status="in_progress")
        return b"".join(
            [
                self._event("response.created", response=running),
                self._event("response.in_progress", response=running),
            ]
        )

    def piece(self, index: int, text: str) -> bytes:
        """More text."""
        before = b"" if self._texts else self._open(_part(""))
        self._texts.append(text)
        return before + self._event("response.output_text.delta", **self._place(), delta=text, logprobs=[])

    def progress(self, data: dict[str, Any]) -> bytes:
        """A component is done; an event of ours, which clients pass over."""
        return self._event("itas.progress", progress=data)

    def end(self, outcome: Outcome) -> bytes:
        """The text whole, and the finished response."""
        finished = _finished(self._id, self._created, outcome, self._echo)
        item = finished["output"][0]
        return b"".join(
            [
                *self._close(outcome.choices[0].refusal),
                self._event("response.output_item.done", output_index=0, item=item),
                self._event(f"response.{finished['status']}", response=finished),
            ]
        )

    def _close(self, refusal: str | None) -> list[bytes]:
        """The end of the part that was opened, or the whole of it if none was."""
        if refusal is not None:
            return [
                self._open(_refused("")),
                self._event("response.refusal.delta", **self._place(), delta=refusal),
                self._event("response.refusal.done", **self._place(), refusal=refusal),
                self._event("response.content_part.done", **self._place(), part=_refused(refusal)),
            ]
        text = "".join(self._texts)
        return [
            b"" if self._texts else self._open(_part("")),
            self._event("response.output_text.done", **self._place(), text=text, logprobs=[]),
            self._event("response.content_part.done", **self._place(), part=_part(text)),
        ]

    def _open(self, part: dict[str, Any]) -> bytes:
        item: dict[str, Any] = {
            "id": self._item,
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        return self._event("response.output_item.added", output_index=0, item=item) + self._event(
            "response.content_part.added", **self._place(), part=part
        )

    def fail(self, refusal: Refusal) -> bytes:
        """An error after the stream has begun."""
        failed = _response(self._id, self._created, self._model, self._echo, status="failed")
        failed["error"] = {"code": refusal.code or "server_error", "message": refusal.message}
        return self._event("response.failed", response=failed)

    def _place(self) -> dict[str, Any]:
        return {"item_id": self._item, "output_index": 0, "content_index": 0}

    def _event(self, type: str, **fields: Any) -> bytes:
        number = self._number
        self._number += 1
        return event({"type": type, "sequence_number": number, **fields}, name=type)


def _finished(id: str, created: int, outcome: Outcome, echo: dict[str, Any]) -> dict[str, Any]:
    (choice,) = outcome.choices
    is_whole = choice.finish == "stop"
    status = "completed" if is_whole else "incomplete"
    response = _response(id, created, outcome.served.id, echo, status=status)
    if not is_whole:
        reason = "max_output_tokens" if choice.finish == "length" else "content_filter"
        response["incomplete_details"] = {"reason": reason}
    response["output"] = [
        {
            "id": _message_id(id),
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [_part(choice.text) if choice.refusal is None else _refused(choice.refusal)],
        }
    ]
    response["usage"] = _usage(outcome.usage)
    response["itas"] = outcome.data()
    return response


def _response(id: str, created: int, model: str, echo: dict[str, Any], *, status: str) -> dict[str, Any]:
    return {
        "id": id,
        "object": "response",
        "created_at": created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
        **echo,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.tokens_in,
        "input_tokens_details": {"cached_tokens": usage.tokens_cached},
        "output_tokens": usage.tokens_out,
        "output_tokens_details": {"reasoning_tokens": usage.tokens_reasoning},
        "total_tokens": usage.tokens_in + usage.tokens_out,
    }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _refused(why: str) -> dict[str, Any]:
    return {"type": "refusal", "refusal": why}


def _message_id(id: str) -> str:
    return f"msg_{id.removeprefix('resp_')}"
