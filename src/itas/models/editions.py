"""Editions of network models: under which address a provider's answers are kept.

Two servers of one name are two models. What comes from the address that everybody knows for a provider is kept
under the model's name alone; what comes from any other address, under name and address. So an address that
moves means other answers, and never those of another server.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from itas.errors import SpecError
from itas.models.providers.known import KNOWN, Provider, ProviderSettings, find_provider

_PORTS = {"http": 80, "https": 443}


def edition_of(provider: Provider) -> str:
    """What `store_key` is told of a provider: nothing at its usual address, the address at another."""
    address = normal_address(provider.base_url)
    usual = KNOWN.get(provider.name)
    if usual is not None and usual.base_url and normal_address(usual.base_url) == address:
        return ""
    return address


def editions(settings: Mapping[str, ProviderSettings], environ: Mapping[str, str]) -> Callable[[str], str]:
    """The edition of every model id, as these settings reach it; none for what they do not reach."""

    def find(model_id: str) -> str:
        try:
            provider = find_provider(model_id.partition("/")[0], settings, environ)
        except SpecError:  # an address is missing or wrong: nothing is asked there
            return ""
        return "" if provider is None else edition_of(provider)

    return find


def normal_address(base_url: str) -> str:
    """One spelling of an address: scheme and host in small letters, no usual port, no slash at the end."""
    url = urlsplit(base_url)
    host = (url.hostname or "").lower()
    host = "127.0.0.1" if host == "localhost" else host
    host = f"[{host}]" if ":" in host else host
    port = "" if url.port in (None, _PORTS.get(url.scheme)) else f":{url.port}"
    return f"{url.scheme.lower()}://{host}{port}{url.path.rstrip('/')}"
