"""Makes the client of a provider. Importing this brings the HTTP library along."""

from collections.abc import Mapping

from itas.models.keys import read_keys
from itas.models.providers.anthropic import AnthropicWire
from itas.models.providers.http import HttpClient
from itas.models.providers.known import Provider
from itas.models.providers.openai import OpenAIWire
from itas.models.providers.wire import Wire
from itas.models.throttle import Throttle


def build_wire(provider: Provider, environ: Mapping[str, str], *, throttle: Throttle | None = None) -> Wire:
    """The client of one provider, with its keys.

    Args:
        provider: Which one.
        environ: For keys and proxies.
        throttle: Is told what the provider says about its limits.

    Raises:
        MissingKey: It needs a key and none is set.
    """
    keys = read_keys(provider.name, provider.key_variables, environ, needed=provider.needs_key)
    client = HttpClient(provider, keys, environ, throttle=throttle)
    if provider.wire == "anthropic":
        return AnthropicWire(provider, client)
    return OpenAIWire(provider, client)
