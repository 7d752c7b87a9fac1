"""HTTP to a provider: one session for the process, deadlines, a limit on replies, no redirects."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import orjson
from yarl import URL

from itas.errors import ModelError
from itas.models.keys import Keys
from itas.models.providers.deadlines import Alarm, Deadlines
from itas.models.providers.events import EventReader, OnEvent
from itas.models.providers.exchange import Exchange, Line
from itas.models.providers.known import Provider
from itas.models.providers.proxy import find_proxy
from itas.models.providers.rate_limits import parse_rate_limits
from itas.models.providers.refusal import Refused, clean, find_request_id, read_refusal
from itas.models.throttle import Throttle

_CHUNK = 256 * 1024
_HEADERS = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "content-type": "application/json",
    "user-agent": "itas",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: its JSON object, the provider's id of the request, and how long it took.

    Of a stream of events `data` is empty: they were taken one by one.
    """

    data: dict[str, Any]
    headers: Mapping[str, str]
    request_id: str | None
    latency_s: float
    is_stream: bool = False


class HttpClient:
    """Posts JSON to one provider.

    Args:
        provider: Where it is, and its limits.
        keys: One is taken in turn for each request.
        environ: For ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``.
        throttle: Is told what the provider says about its limits.
    """

    def __init__(
        self,
        provider: Provider,
        keys: Keys,
        environ: Mapping[str, str],
        *,
        throttle: Throttle | None = None,
    ) -> None:
        self._throttle = throttle
        self._provider = provider
        self._keys = keys
        self._host = urlsplit(provider.base_url).netloc
        self._proxy = find_proxy(provider.base_url, environ)
        self._session: aiohttp.ClientSession | None = None
        self._line: Line | None = None
        self._targets: dict[str, URL] = {}
        self._alarm = Alarm()
        self._is_closed = False

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        on_event: OnEvent | None = None,
    ) -> Reply:
        """Send one request; with another key where one is refused and there are more.

        Args:
            path: Behind the provider's address.
            body: Sent as JSON.
            headers: Beside the usual ones.
            on_event: Takes the events if the reply is a stream of them.

        Raises:
            Refused: The provider answered with an HTTP error.
            ModelError: It did not answer, too late, too much, or not in JSON.
        """
        for _ in range(len(self._keys)):
            key = self._keys.take()
            try:
                return await self._post(path, body, {**(headers or {}), **self._auth(key)}, on_event)
            except Refused as refused:
                if key is None or not refused.is_about_key or not self._keys.set_aside(key, refused.status):
                    raise
        return await self._post(path, body, {**(headers or {}), **self._auth(self._keys.take())}, on_event)

    async def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._is_closed = True
        self._alarm.cancel()
        if self._line is not None:
            self._line.close()
        if self._session is not None:
            await self._session.close()
            self._session = self._line = None
            await asyncio.sleep(0)  # lets transports finish closing

    async def _post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str], on_event: OnEvent | None
    ) -> Reply:
        if self._is_closed:
            raise self._error("the connections are closed")
        deadlines = Deadlines(self._provider, self._alarm)
        started = time.monotonic()
        try:
            async with (
                deadlines,
                self._send(path, _to_json(body), headers) as response,
            ):
                request_id = find_request_id(response.headers)
                self._note_limits(response.headers)
                is_good = 200 <= response.status < 300
                is_stream = is_good and on_event is not None and _is_event_stream(response)
                data: dict[str, Any] = {}
                if is_stream and on_event is not None:
                    await self._read_events(response, deadlines, on_event)
                else:
                    raw = await self._read(response, deadlines)
                    if not is_good:
                        raise read_refusal(self._provider.name, response.status, response.headers, raw)
                    data = self._parse(raw, request_id)
                return Reply(data, response.headers, request_id, time.monotonic() - started, is_stream)
        except aiohttp.ConnectionTimeoutError:
            limit = self._provider.connect_timeout_s
            raise self._error(f"no connection to {self._host} within {limit:g} s", can_retry=True) from None
        except TimeoutError:
            raise self._error(deadlines.describe(), can_retry=True, may_be_billed=True) from None
        except aiohttp.ClientConnectorError as error:
            reason = clean(getattr(error.os_error, "strerror", None) or type(error).__name__)
            raise self._error(f"cannot connect to {self._host}: {reason}", can_retry=True) from None
        except (aiohttp.ClientError, OSError) as error:  # their texts may hold the address with its query
            raise self._error(
                f"the connection broke ({type(error).__name__})", can_retry=True, may_be_billed=True
            ) from None

    def _send(
        self, path: str, body: bytes, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse | Exchange]:
        session = self._open_session()
        headers = {**_HEADERS, **headers}
        url = self._targets.get(path)
        if url is None:
            url = self._targets[path] = URL(self._provider.base_url + path)
        if self._proxy is None and url.raw_user is None and url.raw_password is None:
            if self._line is None:
                self._line = Line(session, url, session.timeout)
            return Exchange(self._line, url.raw_path_qs, headers, body)
        return session.post(
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
            proxy=self._proxy and self._proxy.with_user(None),
            proxy_auth=_auth_of(self._proxy),
        )

    def _note_limits(self, headers: Mapping[str, str]) -> None:
        if self._throttle is not None:
            for each in parse_rate_limits(headers):
                self._throttle.note_limit(
                    each.counted, limit=each.limit, remaining=each.remaining, reset_s=each.reset_s
                )

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),  # the limit is in the chain
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._provider.connect_timeout_s),
                trust_env=False,  # would also read passwords from ~/.netrc
            )
        return self._session

    def _auth(self, key: str | None) -> dict[str, str]:
        if key is None:
            return {}
        if self._provider.auth == "bearer":
            return {"authorization": f"Bearer {key}"}
        return {self._provider.auth: key}

    async def _read(self, response: aiohttp.ClientResponse | Exchange, deadlines: Deadlines) -> bytes:
        """The whole body, counted after decompression."""
        if response.content.is_eof():  # it came together with the head, as short ones do
            raw = response.content.read_nowait()
            self._check_size(len(raw), response)
            return raw
        chunks: list[bytes] = []
        size = 0
        deadlines.heard()
        async for chunk in response.content.iter_chunked(_CHUNK):
            deadlines.heard()
            size += len(chunk)
            self._check_size(size, response)
            chunks.append(chunk)
        return b"".join(chunks)

    async def _read_events(
        self, response: aiohttp.ClientResponse | Exchange, deadlines: Deadlines, on_event: OnEvent
    ) -> None:
        """Hand the events on as they come, up to the last that matters."""
        reader = EventReader()
        size = 0
        deadlines.heard()
        async for chunk in response.content.iter_any():
            deadlines.heard()
            size += len(chunk)
            self._check_size(size, response)
            if any(on_event(event) for event in reader.feed(chunk)):
                return
        any(on_event(event) for event in reader.finish())

    def _check_size(self, size: int, response: aiohttp.ClientResponse | Exchange) -> None:
        most = self._provider.max_reply_bytes
        if size > most:
            response.close()
            raise self._error(f"the reply is longer than {most} bytes", may_be_billed=True)

    def _parse(self, raw: bytes, request_id: str | None) -> dict[str, Any]:
        data = parse_object(raw)
        if data is None:
            raise self._error(
                "the answer is not a JSON object", request_id=request_id, can_retry=True, may_be_billed=True
            )
        return data

    def _error(
        self,
        message: str,
        *,
        request_id: str | None = None,
        can_retry: bool = False,
        may_be_billed: bool = False,
    ) -> ModelError:
        return ModelError(
            message,
            provider=self._provider.name,
            request_id=request_id,
            can_retry=can_retry,
            may_be_billed=may_be_billed,
        )


def parse_object(raw: bytes | str) -> dict[str, Any] | None:
    """A JSON object; None if it is none."""
    try:
        try:
            data: object = orjson.loads(raw)
        except orjson.JSONDecodeError:  # lone surrogates, which only the slow reader takes
            data = json.loads(raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


def _is_event_stream(response: aiohttp.ClientResponse | Exchange) -> bool:
    return response.headers.get("content-type", "").casefold().startswith("text/event-stream")


def _auth_of(proxy: URL | None) -> aiohttp.BasicAuth | None:
    if proxy is None or proxy.user is None:
        return None
    return aiohttp.BasicAuth(proxy.user, proxy.password or "")


def _to_json(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # lone surrogates: escaped
        return json.dumps(body).encode("ascii")
