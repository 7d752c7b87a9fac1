"""The proxy that the environment asks for."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from yarl import URL

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


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
