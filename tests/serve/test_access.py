"""Keys: what opens, what does not, and that no other machine is served without one."""

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from itas.errors import MissingKey, SpecError
from itas.serve.access import VARIABLE, Access, check_exposure, is_loopback, read_access
from itas.serve.gate import Gate
from itas.serve.limits import Limits
from itas.serve.service import Service
from itas.serve.traces import Traces
from tests.serve.running import QUESTION, Writer, running

KEY = "correct-horse-battery-staple"


def access(*keys: str) -> Access:
    return Access(hashlib.sha256(key.encode()).digest() for key in keys)


async def test_a_key_opens_in_every_header_that_clients_use():
    async with running(Writer(), access=access("other-key-other-key", KEY)) as server:
        for headers in (
            {"authorization": f"Bearer {KEY}"},
            {"authorization": f"bearer  {KEY} "},
            {"api-key": KEY},
            {"x-api-key": KEY},
        ):
            assert (await server.get("/v1/models", **headers)).status == 200
        assert (await server.get("/health")).status == 200
        for path in ("/v1/models", "/metrics", "/openapi.json", "/nothing"):
            got = await server.get(path)
            assert (got.status, got.error["code"]) == (401, "invalid_api_key")
            assert got.headers["www-authenticate"] == "Bearer"


def wrong_keys(count: int) -> list[list[tuple[bytes, bytes]]]:
    rng = random.Random(3)
    odd: list[list[tuple[bytes, bytes]]] = [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", KEY.encode())],
        [(b"authorization", b"Basic " + KEY.encode())],
        [(b"authorization", b"Bearer " + KEY[:-1].encode())],
        [(b"authorization", b"Bearer " + KEY.encode() + b"\0")],
        [(b"authorization", b"Bearer " + KEY.upper().encode())],
        [(b"authorization", "Bearer clé-clé-clé-clé".encode())],
        [(b"authorization", b"Bearer \xff\xfe\x00")],
        [(b"authorization", b"Bearer " + b"x" * 1_000_000)],
        [(b"authorization", b"Bearer " + KEY.encode()), (b"authorization", b"Bearer wrong")],
        [(b"authorization", b"Bearer " + KEY.encode()), (b"x-api-key", b"wrong")],
        [(b"x-api-key", b"")],
        [(b"api-key", KEY.encode() * 2)],
    ]
    while len(odd) < count:
        key = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 80)))
        odd.append([(b"authorization", b"Bearer " + key)])
    return odd


async def test_ten_thousand_wrong_keys_are_all_401():
    async def behind(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("a wrong key came through")

    service = Service({}, limits=Limits(), access=access(KEY), traces=Traces())
    gate = Gate(behind, service, {})
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    for headers in wrong_keys(10_000):
        scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}
        await gate(scope, receive, send)
    assert statuses == [401] * 10_000


async def test_no_key_stands_in_an_error_a_trace_or_the_metrics():
    async with running(Writer(), access=access(KEY)) as server:
        headers = {"authorization": f"Bearer {KEY}"}
        got = await server.post("/v1/chat/completions", {"model": "one", "messages": QUESTION}, **headers)
        trace = await server.get(f"/v1/traces/{got.headers['x-itas-trace-id']}", **headers)
        metrics = await server.get("/metrics", **headers)
        wrong = await server.get("/v1/models", authorization="Bearer secret-secret-secret-1")
    for reply in (got, trace, metrics, wrong):
        assert KEY.encode() not in reply.body
        assert b"secret-secret" not in reply.body


async def test_a_trace_opens_for_the_key_that_asked_and_for_no_other():
    other = "another-key-of-somebody-else"
    async with running(Writer(), access=access(KEY, other)) as server:
        body = {"model": "one", "messages": QUESTION}
        got = await server.post("/v1/chat/completions", body, authorization=f"Bearer {KEY}")
        path = f"/v1/traces/{got.headers['x-itas-trace-id']}"
        assert (await server.get(path, authorization=f"Bearer {KEY}")).status == 200
        assert (await server.get(path, authorization=f"Bearer {other}")).status == 404


async def test_a_trace_is_a_page_for_who_asks_for_one():
    seen: list[str] = []

    def render(id: str, lines: list[dict[str, Any]]) -> str:
        seen.append(id)
        return f"<p>{len(lines)}</p>"

    async with running(Writer(), render_trace=render) as server:
        id = (await server.chat()).headers["x-itas-trace-id"]
        page = await server.get(f"/v1/traces/{id}", accept="text/html,application/xhtml+xml")
        lines = await server.get(f"/v1/traces/{id}", accept="application/json")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.body == f"<p>{len(lines.data['lines'])}</p>".encode()
    assert seen == [id]
    async with running(Writer()) as server:
        id = (await server.chat()).headers["x-itas-trace-id"]
        assert (await server.get(f"/v1/traces/{id}", accept="text/html")).status == 406


def test_keys_come_from_the_environment_and_from_a_file_of_keys_or_hashes(tmp_path: Path):
    file = tmp_path / "keys"
    hashed = hashlib.sha256(b"hashed-key-hashed-key").hexdigest()
    file.write_text(f"# mine\nplain-key-plain-key\n\nsha256:{hashed}\n")
    found = read_access({VARIABLE: "first-key-first-key", f"{VARIABLE}_2": "second-key-second-key"}, file)
    for key in (
        "plain-key-plain-key",
        "hashed-key-hashed-key",
        "first-key-first-key",
        "second-key-second-key",
    ):
        assert found.find_caller([(b"authorization", f"Bearer {key}".encode())])
    assert "key-" not in repr(found)


@pytest.mark.parametrize(
    "text", ["short", "has a space in the middle", "clé-clé-clé-clé-clé", "", "# only this"]
)
def test_a_file_with_what_is_no_key_is_refused_without_repeating_it(tmp_path: Path, text: str):
    file = tmp_path / "keys"
    file.write_text(text + "\n")
    with pytest.raises(SpecError) as caught:
        read_access({}, file)
    assert not text or text not in str(caught.value)


def test_a_typographic_quote_in_the_variable_is_named_and_not_shown():
    with pytest.raises(MissingKey, match="U\\+201C"):
        read_access({VARIABLE: "“secret-secret-secret”"})


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.0.1", "example.org", "0", "127.0.0.1.example.org", ""]
)
def test_no_other_machine_is_served_without_a_key(host: str):
    assert not is_loopback(host)
    with pytest.raises(SpecError, match=VARIABLE):
        check_exposure(host, Access())
    check_exposure(host, access(KEY))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_this_machine_is(host: str):
    check_exposure(host, Access())
