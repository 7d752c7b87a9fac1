"""HTTP to a provider: one session for the process, deadlines, a limit on replies, no redirects."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import orjson
from yarl import URL

from itas.errors import ModelError
from itas.models.keys import Keys
from itas.models.providers.known import Provider
from itas.models.providers.refusal import clean, find_request_id, read_refusal

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: its JSON object, the provider's id of the request, and how long it took."""

    data: dict[str, Any]
    headers: Mapping[str, str]
    request_id: str | None
    latency_s: float


class HttpClient:
    """Posts JSON to one provider.

    Args:
        provider: Where it is, and its limits.
        keys: One is taken in turn for each request.
        environ: For ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``.
    """

    def __init__(self, provider: Provider, keys: Keys, environ: Mapping[str, str]) -> None:
        self._provider = provider
        self._keys = keys
        self._host = urlsplit(provider.base_url).netloc
        self._proxy = find_proxy(provider.base_url, environ)
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    async def post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request.

        Raises:
            Refused: The provider answered with an HTTP error.
            ModelError: It did not answer, too late, too much, or not in JSON.
        """
        if self._is_closed:
            raise self._error("the connections are closed")
        started = time.monotonic()
        try:
            async with self._open_session().post(
                self._provider.base_url + path,
                data=_to_json(body),
                headers={"content-type": "application/json", **self._auth(), **(headers or {})},
                allow_redirects=False,
                proxy=self._proxy and self._proxy.with_user(None),
                proxy_auth=_auth_of(self._proxy),
            ) as response:
                raw = await self._read(response)
                request_id = find_request_id(response.headers)
                if not 200 <= response.status < 300:
                    raise read_refusal(self._provider.name, response.status, response.headers, raw)
                data = self._parse(raw, request_id)
                return Reply(data, response.headers, request_id, time.monotonic() - started)
        except aiohttp.ConnectionTimeoutError:
            limit = self._provider.connect_timeout_s
            raise self._error(f"no connection to {self._host} within {limit:g} s", can_retry=True) from None
        except TimeoutError:
            limit = self._provider.timeout_s
            raise self._error(
                f"no complete answer within {limit:g} s", can_retry=True, may_be_billed=True
            ) from None
        except aiohttp.ClientConnectorError as error:
            reason = clean(getattr(error.os_error, "strerror", None) or type(error).__name__)
            raise self._error(f"cannot connect to {self._host}: {reason}", can_retry=True) from None
        except (aiohttp.ClientError, OSError) as error:  # their texts may hold the address with its query
            raise self._error(
                f"the connection broke ({type(error).__name__})", can_retry=True, may_be_billed=True
            ) from None

    async def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None
            await asyncio.sleep(0)  # lets transports finish closing

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),  # the limit is in the chain
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": "itas"},
                timeout=aiohttp.ClientTimeout(
                    total=self._provider.timeout_s, sock_connect=self._provider.connect_timeout_s
                ),
                trust_env=False,  # would also read passwords from ~/.netrc
            )
        return self._session

    def _auth(self) -> dict[str, str]:
        key = self._keys.take()
        if key is None:
            return {}
        if self._provider.auth == "bearer":
            return {"authorization": f"Bearer {key}"}
        return {self._provider.auth: key}

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body, counted after decompression."""
        most = self._provider.max_reply_bytes
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > most:
                response.close()
                raise self._error(f"the reply is longer than {most} bytes", may_be_billed=True)
            chunks.append(chunk)
        return b"".join(chunks)

    def _parse(self, raw: bytes, request_id: str | None) -> dict[str, Any]:
        try:
            try:
                data: object = orjson.loads(raw)
            except orjson.JSONDecodeError:  # lone surrogates, which only the slow reader takes
                data = json.loads(raw.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise self._error(
                "the answer is not a JSON object", request_id=request_id, can_retry=True, may_be_billed=True
            )
        return cast("dict[str, Any]", data)

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


def find_proxy(address: str, environ: Mapping[str, str]) -> URL | None:
    """The proxy for an address, as the environment says it; never one for this machine itself."""
    url = urlsplit(address)
    host = url.hostname or ""
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if host in _LOOPBACK or _is_exempt(host, exempt):
        return None
    name = f"{url.scheme}_proxy"
    found = environ.get(name) or environ.get(name.upper()) or ""
    return URL(found if "://" in found else f"http://{found}") if found else None


def _is_exempt(host: str, exempt: str) -> bool:
    """``NO_PROXY`` lists hosts and domains, with or without a leading dot; a star means all."""
    names = [name.strip().lstrip(".").casefold() for name in exempt.split(",") if name.strip()]
    return any(name in {"*", host} or host.endswith(f".{name}") for name in names)


def _auth_of(proxy: URL | None) -> aiohttp.BasicAuth | None:
    if proxy is None or proxy.user is None:
        return None
    return aiohttp.BasicAuth(proxy.user, proxy.password or "")


def _to_json(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # lone surrogates: escaped
        return json.dumps(body).encode("ascii")
