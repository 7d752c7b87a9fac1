"""A trace is written while it happens, holds no key, and becomes spans where somebody has set them up."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace as otel

import itas.components  # noqa: F401 - registers the component types
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.core.model import Listen
from itas.core.request import Completion, Request, Usage
from itas.engine import answer
from itas.engine.telemetry import Telemetry, find_telemetry, opened_traces
from itas.engine.trace import Traces, encode_item, open_trace, trace_lines
from itas.errors import ModelError, SpecError
from itas.models.keys import Keys
from itas.models.retry import Retried, RetryPolicy

GENERATORS = {"layers": [{"type": "generator", "models": ["fake/a", "fake/b"]}]}
SECRET = 'q7"canary\\0123456789'


class Fine:
    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        usage = Usage(tokens_in=3, tokens_out=2)
        return (Completion(text=f"fine \ud800 {SECRET}", usage=usage, cost_micro_usd=7),) * n


class Down:
    async def sample(
        self, request: Request, *, n: int = 1, first: int = 0, listen: Listen | None = None
    ) -> tuple[Completion, ...]:
        raise ModelError("503", provider="fake", can_retry=True)


def models(down: str = "") -> Any:
    retried = Retried(Down(), RetryPolicy(attempts=3, first_wait_s=0.001))
    return lambda name: retried if name == down else Fine()


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_a_file_holds_every_call_with_its_place_and_the_failures_with_their_retries(
    tmp_path: Path,
) -> None:
    with open_trace(tmp_path / "t.jsonl") as trace:
        architecture = Architecture.parse(GENERATORS)
        result = await answer(architecture, user("why?"), models=models("fake/b"), trace=trace)
    lines = read(tmp_path / "t.jsonl")
    assert [line["kind"] for line in lines] == ["begin", "call", "failed_call", "event", "layer", "answer"]
    assert {line["answer"] for line in lines} == {1}
    begin, call, failed, event, _, last = lines
    assert begin["fingerprint"] == architecture.fingerprint
    assert (call["layer"], call["component"], call["draws"][0]["cost_micro_usd"]) == (0, 0, 7)
    assert call["request"]["messages"] == [{"role": "user", "content": "why?"}]
    assert failed["component"] == 1
    assert failed["retries"] == ["fake: 503", "fake: 503"]
    assert failed["error"] == "fake: 503"
    assert event["event"] == "degraded"
    assert last["samples_paid"] == 1
    told = {line["kind"]: {name: line[name] for name in line if name != "answer"} for line in lines}
    later = [json.loads(json.dumps(line)) for line in trace_lines(result)]
    assert [line["kind"] for line in later] == ["call", "event", "layer", "answer"]
    assert [line for line in later if line["kind"] != "answer"] == [
        told["call"], told["event"], told["layer"]
    ]  # fmt: skip


async def test_answers_in_one_file_are_told_apart_and_a_failed_one_says_why(tmp_path: Path) -> None:
    single = Architecture.parse({"layers": [{"type": "generator", "model": "fake/b"}]})
    with open_trace(tmp_path / "t.jsonl") as trace:
        await answer(single, user("why?"), models=models(), trace=trace)
        with pytest.raises(ModelError):
            await answer(single, user("why?"), models=models("fake/b"), trace=trace)
    lines = read(tmp_path / "t.jsonl")
    assert [line["answer"] for line in lines if line["kind"] == "begin"] == [1, 2]
    assert lines[-1] == {"kind": "failed", "answer": 2, "reason": "fake: 503"}


async def test_no_key_stands_in_a_trace(tmp_path: Path) -> None:
    Keys([SECRET])
    with open_trace(tmp_path / "t.jsonl") as trace:
        await answer(Architecture.parse(GENERATORS), user(f"is it {SECRET}?"), models=models(), trace=trace)
    text = (tmp_path / "t.jsonl").read_text()
    assert "canary" not in text
    assert text.count("[key]") >= 4
    read(tmp_path / "t.jsonl")


KILLED = """
import asyncio, os, signal, sys
import itas.components
from itas.core.architecture import Architecture
from itas.core.messages import user
from itas.core.model import Listen
from itas.core.request import Completion
from itas.engine import answer
from itas.engine.trace import open_trace
from pathlib import Path

class Dies:
    async def sample(self, request, *, n=1, first=0):
        if request.model == "fake/b":
            await asyncio.sleep(0.05)
            os.kill(os.getpid(), signal.SIGKILL)
        return (Completion(text="fine"),)

layers = [{"type": "generator", "model": "fake/a"}, {"type": "fuser", "model": "fake/b"}]
with open_trace(Path(sys.argv[1])) as trace:
    asyncio.run(answer(Architecture.parse({"layers": layers}), user("why?"), models=lambda _: Dies(), trace=trace))
"""


def test_what_happened_before_a_kill_stands_in_the_file(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "t.jsonl")], check=False)
    assert done.returncode == -9
    assert [line["kind"] for line in read(tmp_path / "t.jsonl")] == ["begin", "call", "layer"]


def test_a_place_that_cannot_be_written_is_found_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be written"):
        open_trace(tmp_path / "missing" / "t.jsonl")


async def test_a_full_disk_ends_the_trace_and_not_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    with open_trace(Path("/dev/full")) as trace:
        result = await answer(Architecture.parse(GENERATORS), user("why?"), models=models(), trace=trace)
    assert result.text
    assert [record.message for record in caplog.records if "going on without" in record.message]


# --- spans ----------------------------------------------------------------------------------------------------


class RecordedSpan(otel.NonRecordingSpan):
    def __init__(self, name: str, attributes: dict[str, Any], parent: otel.Span | None) -> None:
        super().__init__(otel.INVALID_SPAN_CONTEXT)
        self.name, self.attributes, self.parent = name, dict(attributes), parent
        self.events: list[str] = []
        self.ended = 0
        self.status: otel.Status | None = None

    def set_attribute(self, key: str, value: Any) -> None:
        self.attributes[key] = value

    def set_attributes(self, attributes: Any) -> None:
        self.attributes.update(attributes)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        self.events.append(name)

    def set_status(self, status: Any, description: str | None = None) -> None:
        self.status = status

    def end(self, end_time: int | None = None) -> None:
        self.ended += 1


class RecordingTracer(otel.NoOpTracer):
    def __init__(self) -> None:
        self.spans: list[RecordedSpan] = []

    def start_span(self, name: str, context: Any = None, **given: Any) -> Any:
        parent = otel.get_current_span(context) if context is not None else None
        self.spans.append(RecordedSpan(name, given.get("attributes") or {}, parent))
        return self.spans[-1]


async def test_every_call_is_a_span_below_its_answer_in_the_words_of_the_conventions() -> None:
    tracer = RecordingTracer()
    result = await answer(
        Architecture.parse({"name": "two", **GENERATORS}),
        user("why?"),
        models=models("fake/b"),
        trace=Telemetry(tracer),
    )
    whole, fine, failed = tracer.spans
    assert (whole.name, fine.name, failed.name) == ("invoke_workflow two", "chat a", "chat b")
    assert fine.parent is whole
    assert failed.parent is whole
    assert [span.ended for span in tracer.spans] == [1, 1, 1]
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "fake",
        "gen_ai.request.model": "a",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.response.finish_reasons": ["stop"],
        "itas.cost_micro_usd": 7,
    }
    assert {name: fine.attributes.get(name) for name in expected} == expected
    assert "gen_ai.input.messages" not in fine.attributes  # only where it is asked for
    assert failed.attributes["error.type"] == "ModelError"
    assert failed.attributes["itas.retries"] == 2
    assert whole.events == ["itas.degraded"]
    assert whole.attributes["itas.samples_paid"] == result.samples_paid


async def test_prompts_are_sent_only_where_asked_for_and_without_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    Keys([SECRET])
    tracer = RecordingTracer()
    single = Architecture.parse({"layers": [{"type": "generator", "model": "fake/a"}]})
    await answer(single, user(f"is it {SECRET}?"), models=models(), trace=Telemetry(tracer))
    sent = tracer.spans[1].attributes
    assert json.loads(sent["gen_ai.input.messages"])[0]["parts"][0]["content"] == "is it [key]?"
    assert "canary" not in sent["gen_ai.output.messages"]


async def test_nothing_is_sent_where_nobody_has_set_it_up(tmp_path: Path) -> None:
    assert find_telemetry() is None
    async with opened_traces(None) as trace:
        assert trace is None


async def test_two_traces_are_told_the_same(tmp_path: Path) -> None:
    tracer = RecordingTracer()
    with open_trace(tmp_path / "t.jsonl") as file:
        single = Architecture.parse({"layers": [{"type": "generator", "model": "fake/a"}]})
        await answer(single, user("why?"), models=models(), trace=Traces([file, Telemetry(tracer)]))
    assert len(tracer.spans) == 2
    assert len(read(tmp_path / "t.jsonl")) == 4


def test_a_text_says_why_there_is_no_answer() -> None:
    assert json.loads(encode_item("cancelled", 3)) == {"kind": "failed", "answer": 3, "reason": "cancelled"}
