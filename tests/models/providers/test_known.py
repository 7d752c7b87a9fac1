"""Where providers are: known, moved by the environment, changed by settings, added by a user."""

import pytest

from itas.errors import SpecError
from itas.models.providers.known import KNOWN, ProviderSettings, find_provider
from itas.models.providers.proxy import find_proxy


@pytest.mark.parametrize(
    "name, environ, url",
    [
        ("openai", {}, "https://api.openai.com/v1"),
        ("openai", {"OPENAI_BASE_URL": "http://10.0.0.1/v1/"}, "http://10.0.0.1/v1"),
        ("ollama", {"OLLAMA_HOST": "0.0.0.0:9999"}, "http://127.0.0.1:9999/v1"),
        ("ollama", {"OLLAMA_HOST": "http://box:1/v1"}, "http://box:1/v1"),
        (
            "azure",
            {"AZURE_OPENAI_ENDPOINT": "https://me.openai.azure.com/"},
            "https://me.openai.azure.com/openai/v1",
        ),
        ("anthropic", {"ANTHROPIC_BASE_URL": "https://proxy.example"}, "https://proxy.example"),
    ],
)
def test_the_environment_moves_a_provider(name: str, environ: dict[str, str], url: str):
    provider = find_provider(name, {}, environ)
    assert provider is not None
    assert provider.base_url == url


def test_three_lines_add_a_provider():
    settings = ProviderSettings(base_url="https://llm.example/v1", key_variable="MY_KEY", concurrency=4)
    provider = find_provider("mine", {"mine": settings}, {})
    assert provider is not None
    assert (provider.wire, provider.key_variables, provider.needs_key) == ("openai", ("MY_KEY",), True)
    assert (provider.max_n, provider.concurrency, provider.is_local) == (1, 4, False)


def test_settings_change_only_what_they_name():
    provider = find_provider("openai", {"openai": ProviderSettings(timeout_s=5)}, {})
    assert provider is not None
    assert (provider.timeout_s, provider.max_n, provider.base_url) == (5, 128, KNOWN["openai"].base_url)


def test_another_wire_brings_its_way_to_send_the_key():
    settings = ProviderSettings(base_url="https://llm.example", wire="anthropic", key_variable="K")
    provider = find_provider("mine", {"mine": settings}, {})
    assert provider is not None
    assert provider.auth == "x-api-key"


@pytest.mark.parametrize(
    "name, settings, words",
    [
        ("azure", {}, "AZURE_OPENAI_ENDPOINT"),
        ("mine", {"mine": ProviderSettings()}, "providers.mine: the address is not known; give 'base_url'"),
        ("mine", {"mine": ProviderSettings(base_url="http://user:pw@host/v1")}, "no user, password or query"),
    ],
)
def test_a_provider_without_a_proper_address_is_refused(
    name: str, settings: dict[str, ProviderSettings], words: str
):
    with pytest.raises(SpecError, match=words) as caught:
        find_provider(name, settings, {})
    assert "pw" not in str(caught.value)


def test_a_setting_nobody_knows_is_refused_with_a_cure():
    with pytest.raises(SpecError, match="Did you mean 'base_url'"):
        ProviderSettings.parse({"base_ur": "https://llm.example"})


@pytest.mark.parametrize(
    "address, environ, expected",
    [
        ("https://api.example/v1", {}, None),
        ("https://api.example/v1", {"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ("https://api.example/v1", {"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ("https://api.example/v1", {"HTTPS_PROXY": "http://proxy", "NO_PROXY": "example"}, None),
        ("https://api.example/v1", {"HTTPS_PROXY": "http://proxy", "NO_PROXY": "*"}, None),
        ("https://notexample/v1", {"HTTPS_PROXY": "http://proxy", "NO_PROXY": ".example"}, "http://proxy"),
        ("http://127.0.0.1:1/v1", {"HTTP_PROXY": "http://proxy"}, None),
    ],
)
def test_the_proxy_of_the_environment_is_used_but_never_for_this_machine(
    address: str, environ: dict[str, str], expected: str | None
):
    found = find_proxy(address, environ)
    assert (None if found is None else str(found)) == expected


def test_the_usual_hosts_are_known_with_their_usual_variables():
    expected = {
        "openai": ("OPENAI_API_KEY",),
        "anthropic": ("ANTHROPIC_API_KEY",),
        "azure": ("AZURE_OPENAI_API_KEY",),
        "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        "together": ("TOGETHER_API_KEY",),
        "groq": ("GROQ_API_KEY",),
        "mistral": ("MISTRAL_API_KEY",),
        "deepseek": ("DEEPSEEK_API_KEY",),
        "openrouter": ("OPENROUTER_API_KEY",),
    }
    assert {name: KNOWN[name].key_variables for name in expected} == expected
    for name in ("ollama", "vllm", "llamacpp"):
        assert not KNOWN[name].needs_key
        assert KNOWN[name].is_local
    assert all(
        each.base_url.startswith("https://") or each.is_local or not each.base_url for each in KNOWN.values()
    )
    assert all(0 < each.concurrency <= 50 for each in KNOWN.values())


def test_limits_and_deadlines_are_settings_of_a_provider():
    chosen = ProviderSettings(
        requests_per_minute=60,
        tokens_per_minute=1000,
        connect_timeout_s=1,
        first_byte_timeout_s=2,
        between_bytes_timeout_s=3,
        timeout_s=4,
    )
    provider = find_provider("openai", {"openai": chosen}, {})
    assert provider is not None
    assert (provider.requests_per_minute, provider.tokens_per_minute) == (60, 1000)
    assert (provider.connect_timeout_s, provider.first_byte_timeout_s) == (1, 2)
    assert (provider.between_bytes_timeout_s, provider.timeout_s) == (3, 4)
