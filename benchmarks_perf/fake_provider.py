"""A provider of chat completions that answers after 20 ms, whole or streamed in 40 pieces; for `serving.py`.

python fake_provider.py PORT
"""

import asyncio
import json
import sys

TEXT = "The answer is forty-two, as it has always been. " * 4
BODY = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 40, "total_tokens": 60},
    }
).encode()
PIECES = [
    b"data: "
    + json.dumps(
        {
            "id": "x",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "delta": {"content": word + " "}, "finish_reason": None}],
        }
    ).encode()
    + b"\n\n"
    for word in TEXT.split()
]
END = (
    b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},'
    b'"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":40}}\n\n'
    b"data: [DONE]\n\n"
)
LIST = b'{"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "m"}]}'


def whole(body):
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.came = transport, b""

    def data_received(self, data):
        self.came += data
        while (end := self.came.find(b"\r\n\r\n")) >= 0:
            _, found, rest = self.came[:end].lower().partition(b"content-length:")
            length = int(rest.split(b"\r\n")[0]) if found else 0
            if len(self.came) < end + 4 + length:
                return
            head, body = self.came[:end], self.came[end + 4 : end + 4 + length]
            self.came = self.came[end + 4 + length :]
            if head.startswith(b"GET"):
                self.transport.write(whole(LIST))
            else:
                is_stream = b'"stream":true' in body.replace(b": ", b":")
                asyncio.get_running_loop().call_later(0.02, self.answer, is_stream)

    def answer(self, is_stream):
        if self.transport.is_closing():
            return
        if not is_stream:
            self.transport.write(whole(BODY))
            return
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for piece in PIECES:
            self.transport.write(chunk(piece))
        self.transport.write(chunk(END) + b"0\r\n\r\n")


async def main():
    server = await asyncio.get_running_loop().create_server(
        Connection, "127.0.0.1", int(sys.argv[1]), backlog=2048
    )
    await server.serve_forever()


asyncio.run(main())
