"""Prometheus metrics. Labels are names of models that are served, never what a client sends."""

from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

LABELS: Final = ("model", "adapter")
REQUEST_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
QUEUE_BUCKETS: Final = (0.001, 0.01, *REQUEST_BUCKETS)
TOKEN_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics:
    """The metrics of one app; `adapter` is empty for the base model."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "inference_requests",
            "Requests by how they ended: ok, cancelled, or an error's code",
            [*LABELS, "outcome"],
            registry=self._registry,
        )
        self.prompt_tokens = self._counter("inference_prompt_tokens", "Tokens of prompts that were answered")
        self.completion_tokens = self._counter("inference_completion_tokens", "Tokens of answers")
        self.queue = self._histogram("inference_queue_seconds", "Time a request waited for its place", QUEUE_BUCKETS)
        self.first_token = self._histogram(
            "inference_time_to_first_token_seconds", "From a request's arrival to its first token", REQUEST_BUCKETS
        )
        self.per_token = self._histogram(
            "inference_time_per_token_seconds", "Mean time of a request's tokens after the first", TOKEN_BUCKETS
        )
        self.duration = self._histogram(
            "inference_request_seconds", "From a request's arrival to the end of its answer", REQUEST_BUCKETS
        )

    def observe(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Adds a gauge that is read when somebody asks."""
        Gauge(name, meaning, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """All metrics in OpenMetrics' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(name, meaning, LABELS, registry=self._registry)

    def _histogram(self, name: str, meaning: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, meaning, LABELS, buckets=buckets, registry=self._registry)
