"""What one request may take, and how many are worked on at the same time."""

from pydantic import PositiveFloat, PositiveInt

from itas.core.spec import Spec


class Limits(Spec):
    """Limits of a server. Whatever passes one is refused with a 4xx before anything is paid for.

    Attributes:
        body_bytes: Longest body of a request.
        header_bytes: Longest head of a request.
        header_timeout_s: Seconds in which the head of a request must have come.
        body_timeout_s: Seconds in which its body must have come.
        idle_s: Seconds that an open connection may wait for its next request; longer than clients keep theirs.
        stall_timeout_s: Seconds in which a client that does not read must begin again.
        messages: Most messages of a conversation.
        n: Most answers to one request.
        max_tokens: Most tokens that a caller may ask for.
        concurrency: Requests that are worked on at the same time; each of the `n` answers counts.
        queue: Requests that may wait for their turn; beyond them 429.
        connections: Open connections; beyond them 503 for new requests.
        keepalive_s: Seconds of silence in a stream after which a comment is sent.
        drain_s: Seconds that requests in work get after SIGTERM.
    """

    body_bytes: PositiveInt = 10 * 1024 * 1024
    header_bytes: PositiveInt = 64 * 1024
    header_timeout_s: PositiveFloat = 10.0
    body_timeout_s: PositiveFloat = 60.0
    idle_s: PositiveFloat = 75.0
    stall_timeout_s: PositiveFloat = 60.0
    messages: PositiveInt = 1000
    n: PositiveInt = 16
    max_tokens: PositiveInt = 131_072
    concurrency: PositiveInt = 64
    queue: PositiveInt = 256
    connections: PositiveInt = 4096
    keepalive_s: PositiveFloat = 10.0
    drain_s: PositiveFloat = 600.0
