"""Known providers, and how a user's settings change one or add another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, PositiveFloat, PositiveInt

from itas.core.spec import Spec, suggest
from itas.errors import SpecError
from itas.models.hedge import HedgePolicy

Wire = Literal["openai", "anthropic"]
Auth = Literal["bearer", "x-api-key", "api-key"]

_NO_N = 1


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is and what it can do.

    Attributes:
        name: First part of a model id.
        wire: Its wire format.
        base_url: Up to where the wire format's own path begins; empty if only the user can know.
        url_variables: Environment variables that move it.
        url_suffix: What belongs behind the address that such a variable gives.
        key_variables: Environment variables of its key.
        needs_key: It refuses calls without one.
        auth: How the key is sent.
        max_n: Most samples in one request; 1 where ``n`` is unknown, refused or ignored.
        is_local: Runs on the user's own machine, for nothing.
        starts_full: As many calls as `concurrency` allows may be open from the start, instead of growing to it.
        concurrency: Most open calls at the same time; how many it is now adapts, see `models/throttle.py`.
        requests_per_minute: None for what the provider says.
        tokens_per_minute: Input and output together; None for what the provider says.
        hedge: When a late call gets a second one beside it.
        connect_timeout_s: Seconds to reach it.
        first_byte_timeout_s: Seconds until an answer begins; None for `timeout_s`, since many answers begin
            only when they are complete.
        between_bytes_timeout_s: Longest silence within an answer, in seconds.
        timeout_s: Seconds for one whole request.
        max_reply_bytes: Longer replies are refused.
    """

    name: str
    wire: Wire = "openai"
    base_url: str = ""
    url_variables: tuple[str, ...] = ()
    url_suffix: str = ""
    key_variables: tuple[str, ...] = ()
    needs_key: bool = True
    auth: Auth = "bearer"
    max_n: int = _NO_N
    is_local: bool = False
    starts_full: bool = False
    concurrency: int = 50
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    hedge: HedgePolicy | None = None
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float | None = None
    between_bytes_timeout_s: float = 120.0
    timeout_s: float = 600.0
    max_reply_bytes: int = 64 * 1024 * 1024


def _local(name: str, port: int, *, url_variables: tuple[str, ...] = (), max_n: int = _NO_N) -> Provider:
    return Provider(
        name,
        base_url=f"http://127.0.0.1:{port}/v1",
        url_variables=url_variables,
        url_suffix="/v1",
        key_variables=(f"{name.upper()}_API_KEY",),
        needs_key=False,
        max_n=max_n,
        is_local=True,
        concurrency=32,
    )


KNOWN: Mapping[str, Provider] = {
    provider.name: provider
    for provider in (
        Provider(
            "openai",
            base_url="https://api.openai.com/v1",
            url_variables=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
            key_variables=("OPENAI_API_KEY",),
            max_n=128,
        ),
        Provider(
            "anthropic",
            wire="anthropic",
            base_url="https://api.anthropic.com",
            url_variables=("ANTHROPIC_BASE_URL",),
            key_variables=("ANTHROPIC_API_KEY",),
            auth="x-api-key",
        ),
        Provider(
            "azure",
            url_variables=("AZURE_OPENAI_ENDPOINT",),
            url_suffix="/openai/v1",
            key_variables=("AZURE_OPENAI_API_KEY",),
            auth="api-key",
            max_n=128,
        ),
        Provider(
            "gemini",
            base_url="https://generativelanguage.googleapis.com/v1beta/openai",
            key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ),
        Provider(
            "together",
            base_url="https://api.together.xyz/v1",
            key_variables=("TOGETHER_API_KEY",),
            max_n=128,
        ),
        Provider(
            "groq", base_url="https://api.groq.com/openai/v1", key_variables=("GROQ_API_KEY",), concurrency=20
        ),
        Provider("mistral", base_url="https://api.mistral.ai/v1", key_variables=("MISTRAL_API_KEY",)),
        Provider("deepseek", base_url="https://api.deepseek.com/v1", key_variables=("DEEPSEEK_API_KEY",)),
        Provider(
            "openrouter", base_url="https://openrouter.ai/api/v1", key_variables=("OPENROUTER_API_KEY",)
        ),
        _local("ollama", 11434, url_variables=("OLLAMA_HOST",)),
        _local("vllm", 8000, url_variables=("VLLM_HOST",), max_n=128),
        _local("llamacpp", 8080, url_variables=("LLAMACPP_HOST",)),
        _local("lmstudio", 1234, url_variables=("LMSTUDIO_HOST",)),
    )
}


class ProviderSettings(Spec):
    """What a user says about a provider, known or not. What is left out stays as it is known.

    Attributes:
        base_url: Address up to and including ``/v1`` (for the ``anthropic`` wire: without it).
        wire: Wire format.
        key_variable: Environment variable that holds the key; also its numbered ones.
        needs_key: Whether calls without a key are refused.
        max_n: Most samples in one request.
        concurrency: Most open calls at the same time; where it is named, so many from the start. Refusals still
            bring it down.
        requests_per_minute: Requests sent per minute at most.
        tokens_per_minute: Tokens, input and output together, per minute at most.
        hedge_after_s: A call that takes longer gets a second one beside it; the first answer counts, both are paid.
        hedge_quantile: The same for calls that take longer than this share of those before.
        connect_timeout_s: Seconds to reach it.
        first_byte_timeout_s: Seconds until an answer begins.
        between_bytes_timeout_s: Longest silence within an answer.
        timeout_s: Seconds for one whole request.
        max_reply_bytes: Longer replies are refused.
        is_free: Nothing is billed, so caps in dollars need no price.
    """

    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = None
    wire: Wire | None = None
    key_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    needs_key: bool | None = None
    max_n: PositiveInt | None = None
    concurrency: PositiveInt | None = None
    requests_per_minute: PositiveFloat | None = None
    tokens_per_minute: PositiveFloat | None = None
    hedge_after_s: PositiveFloat | None = None
    hedge_quantile: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    connect_timeout_s: PositiveFloat | None = None
    first_byte_timeout_s: PositiveFloat | None = None
    between_bytes_timeout_s: PositiveFloat | None = None
    timeout_s: PositiveFloat | None = None
    max_reply_bytes: PositiveInt | None = None
    is_free: bool | None = None


def find_provider(
    name: str, settings: Mapping[str, ProviderSettings], environ: Mapping[str, str]
) -> Provider | None:
    """Put together what is known, what the environment says and what the settings say; the last wins.

    Raises:
        SpecError: A provider of the user's own has no address, or an address cannot be one.
    """
    chosen = settings.get(name)
    provider = KNOWN.get(name)
    if provider is None:
        if chosen is None:
            return None
        provider = Provider(name, needs_key=chosen.key_variable is not None)
    provider = _moved(provider, environ)
    if chosen is not None:
        provider = _changed(provider, chosen)
    if not provider.base_url:
        cure = f"set {provider.url_variables[0]} or give" if provider.url_variables else "give"
        raise SpecError(f"the address is not known; {cure} 'base_url'", path=f"providers.{name}")
    _check_url(provider)
    return provider


def unknown_provider(name: str, known: list[str]) -> SpecError:
    """The error for a model id whose first part is no provider."""
    return SpecError(
        f"unknown provider '{name}'. {suggest(name, known)} Any OpenAI-compatible server can be added under "
        f"'providers' with its 'base_url'"
    )


def _moved(provider: Provider, environ: Mapping[str, str]) -> Provider:
    for variable in provider.url_variables:
        if found := environ.get(variable, "").strip():
            url = found if "://" in found else f"http://{found}"
            url = url.replace("://0.0.0.0", "://127.0.0.1").rstrip("/")
            if provider.url_suffix and not url.endswith(provider.url_suffix):
                url += provider.url_suffix
            return replace(provider, base_url=url)
    return provider


def _changed(provider: Provider, chosen: ProviderSettings) -> Provider:
    given = chosen.model_dump(exclude_none=True)
    if variable := given.pop("key_variable", None):
        given["key_variables"] = (variable,)
    after_s, quantile = given.pop("hedge_after_s", None), given.pop("hedge_quantile", None)
    if after_s or quantile:
        given["hedge"] = HedgePolicy(after_s, quantile)
    if "is_free" in given:
        given["is_local"] = given.pop("is_free")
    given["starts_full"] = provider.starts_full or "concurrency" in given  # who names a number knows it
    if (wire := given.get("wire")) and wire != provider.wire:
        given["auth"] = "x-api-key" if wire == "anthropic" else "bearer"
    changed = replace(provider, **given)
    return replace(changed, base_url=changed.base_url.rstrip("/"))


def _check_url(provider: Provider) -> None:
    url = urlsplit(provider.base_url)
    path = f"providers.{provider.name}.base_url"
    if url.scheme not in ("http", "https") or not url.hostname:
        raise SpecError("an address begins with http:// or https:// and a host", path=path)
    if url.username or url.password or url.query or url.fragment:
        raise SpecError(
            "an address holds no user, password or query; keys come from the environment", path=path
        )
