"""Sends what Schemathesis makes of the server's document, each request once as it is and three times damaged.

    python fuzzer.py URL REQUESTS SEED      prints how often which status came, as JSON

Only the phase that generates is run: shrinking would repeat requests that say nothing new, since a 5xx already fails.
"""

import http.client
import json
import random
import sys
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.generation import GenerationMode

URL, REQUESTS, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SHARES = {"/v1/chat/completions": 0.35, "/v1/responses": 0.35}
"""Of all requests; the others share the rest."""
DAMAGED = 3
"""Making a request takes much longer than answering it, so each is used more than once."""
PIECES = [
    b"NaN",
    b"1e999",
    b'"\\ud800"',
    b"[" * 300,
    b"\xff",
    b"\0",
    b'"model":1,',
    b"9" * 5000,
    b"}",
    b"null",
    b'"',
]

statuses: Counter[str] = Counter()
rng = random.Random(SEED)
place = urlsplit(URL)
line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)


def send(method: str, path: str, body: bytes | None, headers: dict[str, Any]) -> None:
    try:
        line.request(method, path, body=body, headers=headers)
        reply = line.getresponse()
        text = reply.read()
        statuses[f"{reply.status} {text[:300].decode()}" if reply.status >= 500 else str(reply.status)] += 1
    except (http.client.HTTPException, ConnectionError) as error:
        statuses[type(error).__name__] += 1
        line.close()


def damage(body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    match rng.randrange(4):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + rng.choice(PIECES) + body[at:]
        case 2:
            return body[:at] + rng.choice(PIECES) + body[at + rng.randrange(1, 9) :]
        case _:
            return body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]


def run(operation: Any, most: int, mode: GenerationMode) -> None:
    @seed(SEED)
    @settings(
        max_examples=max(most, 1),
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        given_to = case.as_transport_kwargs(base_url=URL)
        names = ("method", "url", "headers", "params", "json", "data", "cookies")
        try:
            request = requests.Request(
                **{name: given_to[name] for name in names if name in given_to}
            ).prepare()
        except (ValueError, UnicodeError):  # nothing that can be sent
            return
        body = (
            request.body.encode("utf-8", "surrogatepass") if isinstance(request.body, str) else request.body
        )
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        method = request.method or "GET"
        send(method, request.path_url, body, headers)
        for _ in range(DAMAGED):
            if body:
                send(method, request.path_url, damage(body), headers)
            else:
                tail = rng.choice(["%00", "/", "%ff", "?a=%", "x" * 300])
                send(method, request.path_url + tail, None, headers)

    each()


def main() -> None:
    operations = [
        found.ok() for found in schemathesis.openapi.from_url(f"{URL}/openapi.json").get_all_operations()
    ]
    rest = (1 - sum(SHARES.values())) / 2
    for operation in operations:
        share = SHARES.get(operation.path, rest if "{" in operation.path else 0)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                run(operation, round(REQUESTS * share / (1 + DAMAGED) / 2), mode)
            except Exception as error:
                if type(error).__name__ not in ("Unsatisfiable", "InvalidSchema", "FailedHealthCheck"):
                    raise
    print(json.dumps(statuses))


main()
