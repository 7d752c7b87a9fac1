"""Figures for Prometheus. No text, no key and no caller is in any of them."""

import os
from typing import TYPE_CHECKING, Any

from itas.core.money import MICRO

if TYPE_CHECKING:
    from itas.engine import ComponentRecord

_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)
_MOST_NOTED = 1000
_COUNTERS: tuple[tuple[str, str, str, list[str]], ...] = (
    ("requests", "requests", "Requests answered, by model and status", ["status"]),
    ("samples", "samples", "Samples, by model and kind", ["kind"]),
    ("tokens", "tokens", "Tokens used, by model", ["direction"]),
    ("usd", "paid_usd", "Dollars spent, by model", []),
    ("events", "events", "What did not go as described, by model and kind", ["kind"]),
)


class Metrics:
    """Counters of one process; of all workers together where they share a folder.

    What is counted is only noted down, and handed to the library when somebody looks: its counters take a lock each,
    eight times per request. Workers that share a folder hand over at once, since another one may be looked at.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._is_shared = bool(os.environ.get(_SHARED))
        self._noted: dict[tuple[str, ...], float] = {}
        self._times: list[tuple[str, float]] = []
        own: dict[str, Any] = {"registry": self._registry}
        self._counters: dict[str, Counter] = {
            name: Counter(f"itas_{full}", about, ["model", *labels], **own)
            for name, full, about, labels in _COUNTERS
        }
        self._seconds = Histogram(
            "itas_request_seconds", "Seconds to the last byte", ["model"], buckets=_SECONDS, **own
        )
        self._in_work = Gauge("itas_answers_in_work", "Answers under way", multiprocess_mode="livesum", **own)
        self._by_worker = Counter(
            "itas_worker_requests", "Requests answered, by process of the server", ["worker"], **own
        )
        self._waiting = Gauge(
            "itas_requests_waiting", "Requests that wait", multiprocess_mode="livesum", **own
        )

    def request(self, model: str, status: int, seconds: float) -> None:
        """A request is done."""
        self._note(1, "requests", model, str(status))
        self._times.append((model, seconds))
        if self._is_shared or len(self._times) > _MOST_NOTED:
            self._hand_over()

    def component(self, model: str, record: "ComponentRecord") -> None:
        """A component is done, or has failed after it took something."""
        note = self._note
        if record.samples_used:
            note(record.samples_used, "samples", model, "used")
            note(record.usage.tokens_in, "tokens", model, "in")
            note(record.usage.tokens_out, "tokens", model, "out")
        if record.samples_paid:
            note(record.samples_paid, "samples", model, "paid")
            note(record.paid_micro_usd / MICRO, "usd", model)
        for kind, count in record.events.items():
            note(count, "events", model, kind)
        if self._is_shared:
            self._hand_over()

    def load(self, *, in_work: int, waiting: int) -> None:
        """How much is going on."""
        self._in_work.set(in_work)
        self._waiting.set(waiting)

    def render(self) -> tuple[bytes, str]:
        """The page and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        self._hand_over()
        if not self._is_shared:
            return generate_latest(self._registry), CONTENT_TYPE_LATEST
        shared = CollectorRegistry()
        MultiProcessCollector(shared)
        return generate_latest(shared), CONTENT_TYPE_LATEST

    def _note(self, count: float, *key: str) -> None:
        self._noted[key] = self._noted.get(key, 0) + count

    def _hand_over(self) -> None:
        noted, self._noted = self._noted, {}
        for (name, *labels), count in noted.items():
            self._counters[name].labels(*labels).inc(count)
        times, self._times = self._times, []
        self._by_worker.labels(str(os.getpid())).inc(len(times))
        for model, seconds in times:
            self._seconds.labels(model).observe(seconds)
