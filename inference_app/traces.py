"""OpenTelemetry: a span for each answer, below the caller's own if it sends one. Counts and times, never text.

Names follow the semantic conventions for generative AI (opentelemetry.io/docs/specs/semconv/gen-ai).
"""

import asyncio
import importlib
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

from inference_app.settings import SettingsError

SERVICE = "inference_app"
PARENT_HEADERS = (b"traceparent", b"tracestate")


class Traces:
    """Sends spans to a collector in the background; without an endpoint it does nothing, and needs no package."""

    def __init__(self, endpoint: str | None) -> None:
        self._provider: Any = _provider(endpoint) if endpoint else None
        self._tracer: Any = self._provider.get_tracer(SERVICE) if self._provider else None

    @contextmanager
    def request(self, headers: Iterable[tuple[bytes, bytes]]) -> Generator[None]:
        """While a request is being answered: what it causes is part of the trace that its headers name."""
        if self._tracer is None:
            yield
            return
        context = importlib.import_module("opentelemetry.context")
        propagation = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
        carrier = {name.decode(): value.decode("latin-1") for name, value in headers if name in PARENT_HEADERS}
        token = context.attach(propagation.TraceContextTextMapPropagator().extract(carrier))
        try:
            yield
        finally:
            context.detach(token)

    def begin(self, model: str) -> "Span":
        """The span of an answer by this model."""
        if self._tracer is None:
            return Span(None)
        kind = importlib.import_module("opentelemetry.trace").SpanKind.SERVER
        return Span(self._tracer.start_span(f"chat {model}", kind=kind))

    async def close(self) -> None:
        """Sends what is left, for as long as the collector takes it."""
        if self._provider is not None:
            await asyncio.to_thread(self._provider.shutdown)


class Span:
    """One answer; every method is cheap, and does nothing without a collector."""

    def __init__(self, span: Any) -> None:
        self._span = span

    def note(self, event: str) -> None:
        """Something happened just now."""
        if self._span is not None:
            self._span.add_event(event, timestamp=time.time_ns())

    def end(self, attributes: Mapping[str, Any], failed: bool) -> None:
        """How it ended."""
        if self._span is None:
            return
        self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})
        if failed:
            status = importlib.import_module("opentelemetry.trace").StatusCode.ERROR
            self._span.set_status(status)
        self._span.end()


def _provider(endpoint: str) -> Any:
    try:
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.grpc.trace_exporter")
    except ImportError as error:
        raise SettingsError(f"traces need the extra `traces`, which is not installed here ({error})") from error
    provider = sdk.TracerProvider(resource=resources.Resource.create({"service.name": SERVICE}))
    exporter = otlp.OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"))
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    return provider
