"""A fixed-latency endpoint of chat completions on loopback, in a process of its own.

It speaks just enough HTTP/1.1 to serve every client that is compared here, and answers the prompts of rankers and
critics in the form they ask for. It costs little, so that what is measured is the client.

    python endpoint.py LATENCY_MS      prints its port and serves until its input ends
"""

import asyncio
import json
import re
import sys

from itas.testing.replies import readable_reply

ANSWER = "The answer follows from the two facts in the question, taken one after the other. Answer: 42"
_LENGTH = re.compile(rb"content-length: *(\d+)")


class Connection(asyncio.Protocol):
    """One connection; requests on it are answered in order."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._waiting = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while True:
            end = self._waiting.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._waiting[:end].lower()
            found = _LENGTH.search(head)
            length = int(found[1]) if found else 0
            if len(self._waiting) < end + 4 + length:
                return
            body = self._waiting[end + 4 : end + 4 + length]
            self._waiting = self._waiting[end + 4 + length :]
            asyncio.get_running_loop().call_later(self._latency_s, self._answer, body)

    def _answer(self, body: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        reply = render(body)
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req-1\r\ncontent-length: "
            + str(len(reply)).encode()
            + b"\r\n\r\n"
            + reply
        )


_PLAIN = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}
        ],
        "usage": {"prompt_tokens": 200, "completion_tokens": 25, "total_tokens": 225},
    }
).encode()


def render(body: bytes) -> bytes:
    """The reply to one request."""
    if b"Task: " not in body and b'"n":' not in body:
        return _PLAIN
    data = json.loads(body)
    prompt = data["messages"][-1]["content"]
    reply = json.loads(_PLAIN)
    first = reply["choices"][0]
    first["message"]["content"] = readable_reply(prompt) if "Task: " in prompt[:6] else ANSWER
    reply["choices"] = [{**first, "index": number} for number in range(data.get("n") or 1)]
    return json.dumps(reply).encode()


async def serve(latency_s: float) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(latency_s), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) / 1000))
