"""What is recorded of one request, in the log and in the metrics: counts and times, never text."""

import logging
import time

from inference_app.catalogue import Model
from inference_app.engines.contract import Event, Finish
from inference_app.logs import log
from inference_app.metrics import Metrics
from inference_app.traces import Traces

FAULTS = ("error", "engine_failed")  # outcomes that somebody should look into


class Account:
    """One request from its arrival to its end."""

    def __init__(self, model: Model, metrics: Metrics, traces: Traces) -> None:
        self._labels = {"model": model.base or model.id, "adapter": model.id if model.base else ""}
        self._metrics = metrics
        self._span = traces.begin(model.id)
        self._began = time.monotonic()
        self._admitted: float | None = None
        self._first: float | None = None
        self._finishes: list[Finish] = []
        self._outcome = "cancelled"

    def admit(self) -> None:
        """The request has its place."""
        self._admitted = time.monotonic()
        self._span.note("admitted")

    def note(self, event: Event) -> None:
        """Something came from the engine."""
        if isinstance(event, Finish):
            self._finishes.append(event)
        elif self._first is None:
            self._first = time.monotonic()
            self._span.note("first token")

    def succeed(self) -> None:
        """All answers are there."""
        self._outcome = "ok"

    def fail(self, code: str) -> None:
        """It ended with this error."""
        self._outcome = code

    def close(self) -> None:
        """Records it; called once, however it ended."""
        ended = time.monotonic()
        prompt_tokens = sum(finish.prompt_tokens for finish in self._finishes)
        completion_tokens = sum(finish.completion_tokens for finish in self._finishes)
        log(
            "answer",
            logging.ERROR if self._outcome in FAULTS else logging.INFO,
            exc_info=self._outcome == "error",
            model=self._labels["model"],
            adapter=self._labels["adapter"] or None,
            outcome=self._outcome,
            finish_reason=self._finishes[-1].reason if self._finishes else None,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            queue_ms=self._milliseconds(self._admitted),
            first_token_ms=self._milliseconds(self._first),
            duration_ms=self._milliseconds(ended),
        )
        self._span.end(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": self._labels["adapter"] or self._labels["model"],
                "gen_ai.response.finish_reasons": [finish.reason for finish in self._finishes],
                "gen_ai.usage.input_tokens": prompt_tokens,
                "gen_ai.usage.output_tokens": completion_tokens,
                "error.type": None if self._outcome == "ok" else self._outcome,
            },
            failed=self._outcome not in ("ok", "cancelled"),
        )
        metrics, labels = self._metrics, self._labels
        metrics.requests.labels(**labels, outcome=self._outcome).inc()
        metrics.prompt_tokens.labels(**labels).inc(prompt_tokens)
        metrics.completion_tokens.labels(**labels).inc(completion_tokens)
        if self._admitted is not None:
            metrics.queue.labels(**labels).observe(self._admitted - self._began)
        if self._first is not None:
            metrics.first_token.labels(**labels).observe(self._first - self._began)
            if completion_tokens > 1:
                metrics.per_token.labels(**labels).observe((ended - self._first) / (completion_tokens - 1))
        if self._outcome == "ok":
            metrics.duration.labels(**labels).observe(ended - self._began)

    def _milliseconds(self, moment: float | None) -> int | None:
        return None if moment is None else round((moment - self._began) * 1000)
