"""Who may look and who may press a button: the wall before every page of the view.

The view listens at loopback only, but every page that a browser shows can send requests to loopback, and so can
every user of the machine. So:

* The ``Host`` must be an address of loopback with our port, or a name of an attacker that points to 127.0.0.1 could
  read the pages (DNS rebinding).
* A page is shown only to a browser that was given the key, which stands in the address that `itas view` prints.
* A button is a POST from one of our own pages: same ``Origin``, and the token of this start in it (CSRF).
* Nothing but our own style sheet and script is loaded, nothing is framed, nothing is kept.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    b"content-security-policy": POLICY.encode("ascii"),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"cache-control": b"no-store",
}
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_MOST_BYTES = 4096


class Guard:
    """The wall, around the pages.

    Args:
        app: The pages.
        port: At which the view listens.
        key: Opens the view.
        token: Must stand in every POST.
    """

    def __init__(self, app: App, *, port: int, key: str = "", token: str = "") -> None:
        self._app = app
        self._hosts = frozenset(f"{name}:{port}".encode("ascii") for name in _NAMES)
        self._cookie = f"itas-view-{port}"
        self.key = key or secrets.token_urlsafe(24)
        self.token = token or secrets.token_urlsafe(24)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = {}
        doubled: set[bytes] = set()
        for name, value in scope["headers"]:
            doubled |= {name} & headers.keys()
            headers[name] = value
        refusal = self._refuse(scope, headers, doubled)
        if refusal is not None:
            await _reply(send, *refusal)
            return
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if scope["method"] != "POST" and self._is_key(asked.get("key", [""])[0]):
            cookie = f"{self._cookie}={self.key}; HttpOnly; SameSite=Strict; Path=/"
            await _reply(send, 303, "", {b"location": b"/", b"set-cookie": cookie.encode("ascii")})
            return
        if not self._is_key(self._key_of(headers)):
            await _reply(send, 403, "Open the address that `itas view` printed; it holds the key.")
            return
        if scope["method"] == "POST":
            body = await _read(receive)
            if body is None:
                await _reply(send, 413, "Too long.")
                return
            sent = parse_qs(body.decode("latin-1")).get("token", [""])[0]
            if not hmac.compare_digest(sent.encode(), self.token.encode()):
                await _reply(send, 403, "The page was made by an earlier start of the view. Load it again.")
                return
        await self._app(scope, receive, _with_headers(send))

    def _refuse(
        self, scope: Scope, headers: dict[bytes, bytes], doubled: set[bytes]
    ) -> tuple[int, str] | None:
        host = headers.get(b"host", b"").lower()
        if host not in self._hosts or b"host" in doubled:
            return 421, "This is not an address of this view."
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "Not allowed."
        is_from_elsewhere = headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none")
        if scope["method"] == "POST" and (
            headers.get(b"origin", b"").lower() != b"http://" + host or is_from_elsewhere
        ):
            return 403, "Buttons are pressed on the pages of this view only."
        return None

    def _key_of(self, headers: dict[bytes, bytes]) -> str:
        try:
            found = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(self._cookie)
        except CookieError:
            return ""
        return "" if found is None else found.value

    def _is_key(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.key.encode("ascii"))


async def _read(receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > _MOST_BYTES:
            return None
        if not message.get("more_body"):
            return body


def _with_headers(send: Send) -> Send:
    """Our headers on every reply; a page that brings a policy of its own keeps that one."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            more = [(name, value) for name, value in _HEADERS.items() if name not in own]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sent


async def _reply(send: Send, status: int, text: str, headers: dict[bytes, bytes] | None = None) -> None:
    body = text.encode()
    about = {**_HEADERS, b"content-type": b"text/plain; charset=utf-8", **(headers or {})}
    about[b"content-length"] = str(len(body)).encode("ascii")
    await send({"type": "http.response.start", "status": status, "headers": list(about.items())})
    await send({"type": "http.response.body", "body": body})
