"""Chat completions as they go out: whole, and in chunks."""

from typing import Any

from itas.serve.outcome import Choice, Outcome, usage_data
from itas.serve.refusal import Refusal
from itas.serve.wire import DONE, event, to_json


def render_chat(id: str, created: int, outcome: Outcome) -> bytes:
    """One ``chat.completion``."""
    return to_json({
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": outcome.served.id,
        "system_fingerprint": _fingerprint(outcome.served.architecture.fingerprint),
        "choices": [
            {
                "index": choice.index,
                "message": _message(choice),
                "logprobs": None,
                "finish_reason": choice.finish,
            }
            for choice in outcome.choices
        ],
        "usage": usage_data(outcome.usage),
        "itas": outcome.data(),
    })  # fmt: skip


class ChatChunks:
    """A stream of ``chat.completion.chunk``.

    Args:
        id: The same in every chunk.
        created: Likewise.
        model: Likewise.
        fingerprint: Of the architecture.
        n: Choices.
        include_usage: End with a chunk that holds the usage.
    """

    def __init__(
        self, *, id: str, created: int, model: str, fingerprint: str, n: int, include_usage: bool
    ) -> None:
        self._head = {
            "id": id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
            "system_fingerprint": _fingerprint(fingerprint),
        }
        self._before = b"data: " + to_json(self._head)[:-1] + b',"choices":'
        self._after = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._n = n
        self._include_usage = include_usage

    def begin(self) -> bytes:
        """The role of every choice; goes out at once."""
        return b"".join(
            self._chunk([_choice(index, {"role": "assistant", "content": "", "refusal": None}, None)])
            for index in range(self._n)
        )

    def piece(self, index: int, text: str) -> bytes:
        """More text of one choice. Written by hand: it is made for every piece of every stream."""
        return b'%b[{"index":%d,"delta":{"content":%b},"logprobs":null,"finish_reason":null}]%b' % (
            self._before,
            index,
            to_json(text),
            self._after,
        )

    def progress(self, data: dict[str, Any]) -> bytes:
        """A component is done; a chunk without choices, which clients pass over."""
        return self._chunk([], itas={"progress": data})

    def end(self, outcome: Outcome) -> bytes:
        """Why each choice ended, the usage for those who asked, and the end. The last chunk holds ``itas``."""
        parts = [
            self._chunk([_choice(choice.index, delta, None)])
            for choice in outcome.choices
            if (delta := _last_delta(choice))
        ]
        ends = [_choice(choice.index, {}, choice.finish) for choice in outcome.choices]
        parts += [self._chunk([each]) for each in ends[:-1]]
        if self._include_usage:
            parts.append(self._chunk(ends[-1:]))
            parts.append(self._chunk([], usage=usage_data(outcome.usage), itas=outcome.data()))
        else:
            parts.append(self._chunk(ends[-1:], itas=outcome.data()))
        return b"".join(parts) + DONE

    def fail(self, refusal: Refusal) -> bytes:
        """An error after the stream has begun."""
        return event(refusal.data()) + DONE

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        chunk: dict[str, Any] = {**self._head, "choices": choices}
        if self._include_usage:
            chunk["usage"] = None
        return event({**chunk, **more})


def _choice(index: int, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _message(choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None}
    if choice.refusal is not None:
        return {**message, "content": None, "refusal": choice.refusal}
    if choice.calls:
        return {**message, "content": choice.text or None, "tool_calls": list(choice.calls)}
    return message


def _last_delta(choice: Choice) -> dict[str, Any]:
    """What is no text and known at the end: calls of tools, or why there is nothing in the form."""
    if choice.refusal is not None:
        return {"refusal": choice.refusal}
    if choice.calls:
        return {"tool_calls": [{"index": number, **call} for number, call in enumerate(choice.calls)]}
    return {}


def _fingerprint(fingerprint: str) -> str:
    return f"fp_{fingerprint[:12]}"
