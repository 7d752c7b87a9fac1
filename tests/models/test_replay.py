"""Replay: what is recorded comes back exactly, what is not is an error that helps."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from itas.core.messages import Message, user
from itas.core.request import Completion, Request, Usage
from itas.errors import DataError, NotRecorded, SpecError
from itas.models.pool import ModelPool
from itas.models.recording import RecordedQuestion, read_recording, write_recording
from itas.models.replay import Recording, load_recording

HEADER = {"format": "itas-recording", "version": 1, "about": "a test"}
QUESTION = {
    "model": "openai/gpt-4",
    "messages": [{"role": "user", "content": "What is 2 + 2?"}],
    "temperature": 0.7,
    "max_tokens": None,
    "stop": [],
    "draws": [
        {"text": "4", "usage": {"tokens_in": 9, "tokens_out": 1}, "cost_micro_usd": 12, "latency_s": 0.5},
        {"text": "four", "finish_reason": "length"},
        None,
        {"text": "IV"},
    ],
}


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return path


def ask(content: str = "What is 2 + 2?", temperature: float | None = 0.7, **fields: Any) -> Request:
    return Request(model="replay/openai/gpt-4", messages=user(content), temperature=temperature, **fields)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return load_recording(write(tmp_path / "r.jsonl", HEADER, QUESTION))


async def test_draws_come_back_by_number_with_all_they_took(recording: Recording):
    one, two = await recording.model("openai/gpt-4").sample(ask(), n=2)
    assert one == Completion(
        text="4",
        usage=Usage(tokens_in=9, tokens_out=1),
        cost_micro_usd=12,
        latency_s=0.5,
        is_stored=True,
    )
    assert (two.text, two.finish_reason) == ("four", "length")
    (last,) = await recording.model("openai/gpt-4").sample(ask(), n=1, first=3)
    assert last.text == "IV"


async def test_through_a_pool_a_replay_is_used_but_not_paid_and_not_stored(recording: Recording):
    pool = ModelPool(plugged={"replay": recording.model}, environ={})
    await pool("replay/openai/gpt-4").sample(ask(), n=2)
    assert (pool.used.all.samples, pool.paid.all.samples) == (2, 0)
    assert (await pool.store.stats()).draws == 0


@pytest.mark.parametrize("first, n, missing", [(0, 3, 2), (0, 9, 2), (3, 2, 4), (17, 1, 17)])
async def test_more_draws_than_recorded_is_an_error_with_their_number(
    recording: Recording, first: int, n: int, missing: int
):
    with pytest.raises(
        NotRecorded, match=f"'openai/gpt-4' has 3 draws of 'What is 2 .* not number {missing} "
    ):
        await recording.model("openai/gpt-4").sample(ask(), n=n, first=first)


async def test_an_unrecorded_question_names_the_nearest_one(recording: Recording):
    words = (
        r"has no question 'What is 2 \+ 3\?'\. "
        r"The nearest recorded one is 'What is 2 \+ 2\?' \(1 messages, 3 draws\)"
    )
    with pytest.raises(NotRecorded, match=words):
        await recording.model("openai/gpt-4").sample(ask("What is 2 + 3?"))


async def test_other_parameters_are_another_question_and_the_error_says_which(recording: Recording):
    with pytest.raises(NotRecorded, match=r"recorded with temperature=0\.7.* asked with temperature=0\.0"):
        await recording.model("openai/gpt-4").sample(ask(temperature=0.0))


async def test_a_conversation_matches_as_a_whole(recording: Recording):
    request = ask().model_copy(
        update={"messages": (Message(role="system", content="Be brief."), *ask().messages)}
    )
    with pytest.raises(NotRecorded, match="no question"):
        await recording.model("openai/gpt-4").sample(request)


async def test_a_question_recorded_for_any_parameters_answers_them_all(tmp_path: Path):
    question = {**QUESTION, "any_parameters": True, "temperature": None}
    recording = load_recording(write(tmp_path / "r.jsonl", HEADER, question))
    for request in (ask(temperature=0.0), ask(max_tokens=5), ask(stop=("x",))):
        assert (await recording.model("openai/gpt-4").sample(request))[0].text == "4"


async def test_a_question_that_comes_twice_has_the_draws_of_both(tmp_path: Path):
    recording = load_recording(write(tmp_path / "r.jsonl", HEADER, QUESTION, QUESTION))
    assert (await recording.model("openai/gpt-4").sample(ask(), first=4))[0].text == "4"


async def test_an_unknown_model_is_refused_with_a_cure(recording: Recording):
    with pytest.raises(SpecError, match=r"no model 'openai/gpt-5'\. Did you mean 'openai/gpt-4'"):
        ModelPool(plugged={"replay": recording.model}, environ={})("replay/openai/gpt-5")


@pytest.mark.parametrize(
    "lines, words",
    [
        ([], ":1: a line must be one JSON object"),
        (["{}\n"], ":1: not a recording: the first line must be"),
        ([{"format": "itas-recording"}], ":1: 'version' must be a whole number from 1, found None"),
        ([{"format": "itas-recording", "version": 2}], ":1: version 2 is newer than this program"),
        ([HEADER, "[1]\n"], ":2: a line must be one JSON object, found list"),
        ([HEADER, QUESTION, '{"model": "a'], ":3: .* The file may have been cut off; remove this line"),
        ([HEADER, "[" * 200_000 + "\n"], ":2: a line must be one JSON object"),
        ([HEADER, {**QUESTION, "modle": "x"}], ":2: modle: unknown name 'modle'. Did you mean 'model'"),
        ([HEADER, {**QUESTION, "messages": []}], ":2: messages"),
        ([HEADER, {**QUESTION, "draws": [{"txt": "4"}]}], r":2: draws\[0\]"),
        ([HEADER, {**QUESTION, "draws": [{"text": 4}]}], r":2: draws\[0\].text"),
        ([HEADER, {**QUESTION, "draws": [None, {"text": "4", "number": 0}]}], ":2: draws: .* must ascend"),
    ],
)
def test_a_broken_recording_names_file_line_and_cure(tmp_path: Path, lines: list[Any], words: str):
    path = write(tmp_path / "broken.jsonl", *lines)
    with pytest.raises(DataError, match="broken.jsonl" + words):
        load_recording(path)


def test_a_missing_recording_is_named(tmp_path: Path):
    with pytest.raises(DataError, match=r"nowhere\.jsonl: the recording cannot be read: No such file"):
        load_recording(tmp_path / "nowhere.jsonl")


def test_empty_lines_do_not_matter(tmp_path: Path):
    path = write(tmp_path / "r.jsonl", HEADER, "\n", QUESTION, "\n")
    assert [number for number, _ in read_recording(path)] == [3]


def test_what_is_written_is_read_back_and_a_failure_leaves_the_old_file(tmp_path: Path):
    odd = "NUL \x00 lone \ud800 \u2028 🙂"
    completion = Completion(text=odd, usage=Usage(tokens_in=1), cost_micro_usd=2, latency_s=0.25)
    question = RecordedQuestion.of(Request(model="a/b", messages=user(odd)), {0: completion, 2: completion})
    path = tmp_path / "r.jsonl"
    write_recording(path, [question], about={"about": "odd"})
    assert [each for _, each in read_recording(path)] == [question]

    def broken():
        yield question
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_recording(path, broken())
    assert [each for _, each in read_recording(path)] == [question]
    assert list(tmp_path.iterdir()) == [path]


async def test_a_draw_with_a_number_far_away_says_it_and_is_found_under_it(tmp_path: Path):
    draws = {number: Completion(text=str(number)) for number in (2, 3_000_000, 3_000_001)}
    path = tmp_path / "r.jsonl"
    write_recording(path, [RecordedQuestion.of(Request(model="a/b", messages=user("x")), draws)])
    assert path.stat().st_size < 1000
    line = json.loads(path.read_text().splitlines()[1])
    assert [draw.get("number") for draw in line["draws"]] == [2, 3_000_000, None]
    model = load_recording(path).model("a/b")
    request = Request(model="replay/a/b", messages=user("x"))
    assert [each.text for each in await model.sample(request, n=2, first=3_000_000)] == ["3000000", "3000001"]
    assert (await model.sample(request, first=2))[0].text == "2"
    with pytest.raises(NotRecorded, match="has 3 draws of 'x', but not number 0"):
        await model.sample(request)


@pytest.mark.slow
async def test_a_hundred_thousand_draws_load_in_seconds_and_answer_at_once(tmp_path: Path):
    draw = {"text": "x" * 500, "usage": {"tokens_in": 9, "tokens_out": 100}}
    questions = (
        {"model": "m/x", "messages": [{"role": "user", "content": f"question {i}"}], "draws": [draw] * 10}
        for i in range(10_000)
    )
    path = write(tmp_path / "big.jsonl", HEADER, *questions)
    started = time.perf_counter()
    model = load_recording(path).model("m/x")
    assert time.perf_counter() - started < 10
    started = time.perf_counter()
    for i in range(1000):
        await model.sample(Request(model="replay/m/x", messages=user(f"question {i}")), n=10)
    assert time.perf_counter() - started < 1
