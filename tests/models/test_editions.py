"""Two servers of one name never share what they answered."""

from pathlib import Path

import pytest

from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.models.editions import edition_of, editions, normal_address
from itas.models.pool import ModelPool
from itas.models.providers.known import KNOWN, ProviderSettings, find_provider
from itas.models.store.contract import store_key
from itas.models.store.exchange import Exchanged, export_recording, import_recording
from itas.models.store.memory import MemoryStore
from tests.models.fake_server import Sent, chat, serving


async def test_two_servers_of_one_name_answer_for_themselves_and_each_only_once():
    store = MemoryStore()

    async def ask(url: str) -> str:
        settings = {"mine": ProviderSettings(base_url=f"{url}/v1", needs_key=False, is_free=True)}
        async with ModelPool(settings=settings, store=store, environ={}) as pool:
            (draw,) = await pool("mine/m").sample(Request(model="mine/m", messages=user("who?")))
            return draw.text

    def one(sent: Sent):
        return chat("one")

    def two(sent: Sent):
        return chat("two")

    async with serving(one) as first, serving(two) as second:
        assert [await ask(each.url) for each in (first, second, first, second)] == ["one", "two"] * 2
        assert (len(first.sent), len(second.sent)) == (1, 1)


@pytest.mark.parametrize("name", [name for name in KNOWN if KNOWN[name].base_url])
def test_a_known_provider_at_its_usual_address_has_no_edition(name: str):
    provider = find_provider(name, {}, {})
    assert provider is not None
    assert edition_of(provider) == ""


def test_a_known_provider_elsewhere_has_the_address_for_edition():
    find = editions({}, {"OPENAI_BASE_URL": "https://proxy.example/v1/", "OLLAMA_HOST": "localhost:11434"})
    assert find("openai/gpt-4o") == "https://proxy.example/v1"
    assert find("ollama/llama3.2") == "", "another spelling of the usual address"
    assert find("anthropic/claude") == find("simulated/euler-large") == find("azure/x") == find("") == ""


@pytest.mark.parametrize(
    "spelling, normal",
    [
        ("HTTP://LocalHost:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://Api.Example.COM:443/V1", "https://api.example.com/V1"),
        ("http://[::1]:80/v1", "http://[::1]/v1"),
        ("http://api.example.com:8080", "http://api.example.com:8080"),
    ],
)
def test_spellings_of_one_address_are_one(spelling: str, normal: str):
    assert normal_address(spelling) == normal


async def test_what_is_exported_and_imported_belongs_to_the_address_in_the_settings(tmp_path: Path):
    request = Request(model="mine/m", messages=user("who?"))

    def at(port: int):
        return editions({"mine": ProviderSettings(base_url=f"http://127.0.0.1:{port}/v1")}, {})

    store = MemoryStore()
    for port in (1, 2):
        key = store_key(request, at(port)("mine/m"))
        await store.put(request, {0: Completion(text=f"port {port}")}, key=key)
    path = tmp_path / "two.jsonl"
    assert await export_recording(store, path, edition_of=at(2)) == Exchanged(1, 1, skipped=1)
    other = MemoryStore()
    await import_recording(other, path, edition_of=at(3))
    assert await other.find(store_key(request, at(2)("mine/m")), [0]) == {}
    assert (await other.find(store_key(request, at(3)("mine/m")), [0]))[0].text == "port 2"
