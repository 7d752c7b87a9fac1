"""Figures for Prometheus. No text, no key and no caller is in any of them."""

import os
from typing import TYPE_CHECKING, Any

from itas.core.money import MICRO

if TYPE_CHECKING:
    from itas.engine import ComponentRecord

_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)


class Metrics:
    """Counters of one process; of all workers together where they share a folder."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._children: dict[tuple[int | str, ...], Any] = {}
        own: dict[str, Any] = {"registry": self._registry}
        self._requests = Counter(
            "itas_requests", "Requests answered, by model and status", ["model", "status"], **own
        )
        self._seconds = Histogram(
            "itas_request_seconds", "Seconds to the last byte", ["model"], buckets=_SECONDS, **own
        )
        self._in_work = Gauge("itas_answers_in_work", "Answers under way", multiprocess_mode="livesum", **own)
        self._waiting = Gauge(
            "itas_requests_waiting", "Requests that wait", multiprocess_mode="livesum", **own
        )
        self._samples = Counter("itas_samples", "Samples, by model and kind", ["model", "kind"], **own)
        self._tokens = Counter("itas_tokens", "Tokens used, by model", ["model", "direction"], **own)
        self._usd = Counter("itas_paid_usd", "Dollars spent, by model", ["model"], **own)
        self._degraded = Counter(
            "itas_events", "What did not go as described, by model and kind", ["model", "kind"], **own
        )

    def request(self, model: str, status: int, seconds: float) -> None:
        """A request is done."""
        self._child(self._requests, model, str(status)).inc()
        self._child(self._seconds, model).observe(seconds)

    def component(self, model: str, record: "ComponentRecord") -> None:
        """A component is done, or has failed after it took something."""
        child = self._child
        if record.samples_used:
            child(self._samples, model, "used").inc(record.samples_used)
            child(self._tokens, model, "in").inc(record.usage.tokens_in)
            child(self._tokens, model, "out").inc(record.usage.tokens_out)
        if record.samples_paid:
            child(self._samples, model, "paid").inc(record.samples_paid)
            child(self._usd, model).inc(record.paid_micro_usd / MICRO)
        for kind, count in record.events.items():
            child(self._degraded, model, kind).inc(count)

    def _child(self, family: Any, *labels: str) -> Any:
        """The counter of these labels, looked up once: the names are few, and the library's own way is slow."""
        key = (id(family), *labels)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = family.labels(*labels)
        return found

    def load(self, *, in_work: int, waiting: int) -> None:
        """How much is going on."""
        self._in_work.set(in_work)
        self._waiting.set(waiting)

    def render(self) -> tuple[bytes, str]:
        """The page and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        if not os.environ.get(_SHARED):
            return generate_latest(self._registry), CONTENT_TYPE_LATEST
        shared = CollectorRegistry()
        MultiProcessCollector(shared)
        return generate_latest(shared), CONTENT_TYPE_LATEST
