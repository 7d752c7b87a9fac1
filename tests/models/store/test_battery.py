"""What every call store promises, durable or not."""

import asyncio
from pathlib import Path

import pytest

from itas.core.messages import user
from itas.core.request import Completion, Request
from itas.errors import StoreError
from itas.models.chain import build_chain
from itas.models.fakes import FunctionModel
from itas.models.replay import load_recording
from itas.models.store.contract import (
    Capped,
    Found,
    Intent,
    LedgerTotals,
    Opened,
    Opening,
    Settlement,
    SharedCaps,
    Shortened,
    store_key,
)
from itas.models.store.exchange import Exchanged, export_recording, import_recording
from tests.models.store.stores import KINDS, answer, intent, opened, question

pytestmark = pytest.mark.parametrize("kind", KINDS)


async def test_draws_come_back_by_number_marked_as_stored(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        await store.put(question(), {0: answer("zero"), 7: answer("seven")})
        found = await store.find(question().key, [0, 1, 7])
        assert found == {
            number: answer(text).model_copy(update={"is_stored": True})
            for number, text in ((0, "zero"), (7, "seven"))
        }
        assert await store.find(question(1).key, [0]) == {}
        assert await store.find(question().key, []) == {}


async def test_the_first_writer_of_a_number_wins_and_everybody_gets_that_draw(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        first, second = await asyncio.gather(
            store.put(question(), {0: answer("first")}),
            store.put(question(), {0: answer("second"), 1: answer("one")}),
        )
        assert first[0].text == second[0].text == "first"
        assert second[1].text == "one"
        assert (await store.find(question().key, [0]))[0].text == "first"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NUL \x00 inside",
        "lone \ud800 surrogate",
        "bidi \u202e",
        "🙂 \u2028",
        "a\r\nb\rc\n",
        "9" * 5000,
        "x" * 2**21,
    ],
    ids=["empty", "nul", "surrogate", "bidi", "emoji", "newlines", "digits", "long"],
)
async def test_odd_text_survives(kind: str, tmp_path: Path, text: str):
    request = Request(model="fake/m", messages=user(text), stop=(text,))
    async with opened(kind, tmp_path) as store:
        await store.put(request, {0: Completion(text=text)})
        assert (await store.find(request.key, [0]))[0].text == text
        (recorded,) = [each async for each in store.recorded()]
        assert recorded.request == request


async def test_many_numbers_at_once(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        await store.put(question(), {number: answer(str(number)) for number in range(0, 3000, 2)})
        found = await store.find(question().key, range(3000))
        assert sorted(found) == list(range(0, 3000, 2))
        assert found[2998].text == "2998"


async def test_the_ledger_adds_up(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        intents = [intent(store, question(i)) for i in range(4)]
        unpriced = intent(store, question(4), reserved=None)
        other = intent(store, question(5), run="r2")
        for each in (*intents, unpriced, other):
            await store.open_intent(each)
        await store.put(question(0), {0: answer("0")}, settles=Settlement(intents[0].id, "spent", 17, 1))
        store.close_intent(Settlement(intents[1].id, "void", 0))
        store.close_intent(Settlement(intents[2].id, "uncertain", 100, 1))
        await store.put(question(4), {0: answer("4")}, settles=Settlement(unpriced.id, "spent", None, 1))
        await store.put(question(5), {0: answer("5")}, settles=Settlement(other.id, "spent", 1, 1))
        assert await store.totals("r1") == LedgerTotals(
            spent=17, uncertain=100, reserved=100, samples=3, unpriced=1, reserved_samples=1
        )
        assert (await store.totals()).spent == 18
        assert await store.totals("nobody") == LedgerTotals()


async def test_ids_of_intents_are_unique(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        assert len({store.new_intent_id() for _ in range(1000)}) == 1000


async def test_stats_count(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        await store.put(question(0), {0: answer("a"), 1: answer("b")})
        await store.put(question(1), {0: answer("c")})
        stats = await store.stats()
        assert (stats.requests, stats.draws, stats.damaged, stats.unsaved) == (2, 3, 0, 0)
        assert stats.bytes > 0


async def test_a_closed_store_says_so(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        await store.close()
        with pytest.raises(StoreError, match="closed"):
            await store.find(question().key, [0])
        with pytest.raises(StoreError, match="closed"):
            await store.put(question(), {0: answer("x")})
        await store.close()


async def test_a_run_exported_as_a_recording_replays_and_comes_back(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        chain = build_chain(FunctionModel(lambda request, number: f"{number} \ud800"), store=store)
        for i in range(450):
            await chain.sample(question(i), n=2)
        await store.put(question(0), {5: answer("five")})
        path = tmp_path / "run.jsonl"
        assert await export_recording(store, path, about={"about": "a run"}) == Exchanged(450, 901)

        model = load_recording(path).model("fake/m")
        request = question(449).model_copy(update={"model": "replay/fake/m"})
        assert [each.text for each in await model.sample(request, n=2)] == ["0 \ud800", "1 \ud800"]

        (tmp_path / "second").mkdir()
        async with opened(kind, tmp_path / "second") as other:
            assert await import_recording(other, path) == Exchanged(450, 901)
            assert await import_recording(other, path) == Exchanged(450, 901)
            assert (await other.stats()).draws == 901
            assert sorted(await other.find(question(0).key, range(9))) == [0, 1, 5]
            await export_recording(other, tmp_path / "again.jsonl", about={"about": "a run"})
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


async def test_what_an_edition_answered_is_left_out_of_a_recording(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        await store.put(question(), {0: answer("real")})
        for seed in ("seed 1", "seed 2"):
            await store.put(question(), {0: answer(seed)}, key=store_key(question(), seed))
        path = tmp_path / "run.jsonl"
        assert await export_recording(store, path) == Exchanged(1, 1, skipped=2)
    model = load_recording(path).model("fake/m")
    request = question().model_copy(update={"model": "replay/fake/m"})
    assert (await model.sample(request))[0].text == "real"


async def test_a_single_draw_with_a_great_number_makes_a_small_recording(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        await store.put(question(), {3_000_000: answer("far")})
        await export_recording(store, tmp_path / "run.jsonl")
        assert (tmp_path / "run.jsonl").stat().st_size < 1000
        (tmp_path / "second").mkdir()
        async with opened(kind, tmp_path / "second") as other:
            await import_recording(other, tmp_path / "run.jsonl")
            assert list(await other.find(question().key, [0, 3_000_000])) == [3_000_000]


async def test_a_cancelled_put_is_stored_all_the_same(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        task = asyncio.create_task(store.put(question(), {0: answer("paid")}))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await store.put(question(1), {0: answer("next")})
        assert (await store.find(question().key, [0]))[0].text == "paid"


async def test_a_purchase_is_opened_only_for_what_is_not_stored_by_now(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        await store.put(question(), {0: answer("0"), 1: answer("1"), 4: answer("4")})

        async def attempt(first: int, n: int) -> Opening:
            wanted = Intent(store.new_intent_id(), "r1", "fake/m", question().key, first, n, 100)
            return await store.open_intent(wanted)

        found = await attempt(0, 3)
        assert isinstance(found, Found)
        assert {number: (draw.text, draw.is_stored) for number, draw in found.draws.items()} == {
            0: ("0", True),
            1: ("1", True),
        }
        assert await attempt(2, 5) == Shortened(2)
        assert await store.totals() == LedgerTotals()
        assert await attempt(2, 2) == Opened(LedgerTotals(reserved=100, reserved_samples=2))


async def test_a_purchase_that_does_not_fit_under_the_caps_of_its_run_is_not_opened(
    kind: str, tmp_path: Path
):
    async with opened(kind, tmp_path) as store:
        money, samples = SharedCaps(micro_usd=250), SharedCaps(samples=2)
        bought = [intent(store, question(number)) for number in range(3)]
        for each in bought[:2]:
            assert isinstance(await store.open_intent(each, caps=money), Opened)
        both = LedgerTotals(reserved=200, reserved_samples=2)
        assert await store.open_intent(bought[2], caps=money) == Capped(both)
        assert await store.open_intent(bought[2], caps=samples) == Capped(both)
        assert isinstance(await store.open_intent(intent(store, question(3), run="r2"), caps=money), Opened)
        await store.put(question(0), {0: answer("0")}, settles=Settlement(bought[0].id, "spent", 50, 1))
        assert isinstance(await store.open_intent(bought[2], caps=money), Opened)
        assert await store.totals("r1") == LedgerTotals(spent=50, reserved=200, samples=1, reserved_samples=2)


async def test_closing_a_purchase_that_was_never_opened_changes_nothing(kind: str, tmp_path: Path):
    async with opened(kind, tmp_path) as store:
        store.close_intent(Settlement(store.new_intent_id(), "uncertain", 100, 1))
        assert await store.totals() == LedgerTotals()


async def test_what_is_more_than_text_survives_export_and_import(kind: str, tmp_path: Path):
    request = question().model_copy(update={"extra": '{"tools":[1]}'})
    draw = answer("x").model_copy(update={"extra": '{"tool_calls":[2]}'})
    async with opened(kind, tmp_path) as store:
        await store.put(request, {0: draw})
        await store.put(question(), {0: answer("plain")})
        await export_recording(store, tmp_path / "run.jsonl")
    (tmp_path / "second").mkdir()
    async with opened(kind, tmp_path / "second") as other:
        await import_recording(other, tmp_path / "run.jsonl")
        assert (await other.find(request.key, [0]))[0].extra == draw.extra
        assert (await other.find(question().key, [0]))[0].text == "plain"
    model = load_recording(tmp_path / "run.jsonl").model("fake/m")
    (replayed,) = await model.sample(request.model_copy(update={"model": "replay/fake/m"}))
    assert replayed.extra == draw.extra
