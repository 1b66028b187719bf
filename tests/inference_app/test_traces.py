"""OpenTelemetry traces, as a collector receives them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service

from tests.inference_app.serving import running_app
from tests.inference_app.shares import ADAPTER_FOLDER, make_adapter, make_share

SECRET = "zebra"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector(service.TraceServiceServicer):
    """Keeps all spans."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.port = 0

    def Export(self, request: Any, context: Any) -> Any:
        self.spans += [s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]
        return messages.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that listens for OTLP over gRPC."""
    made, server = Collector(), grpc.server(ThreadPoolExecutor(2))
    service.add_TraceServiceServicer_to_server(made, server)
    made.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield made
    server.stop(None)


def test_an_answer_is_a_span_of_the_callers_trace_and_holds_no_text(tmp_path: Path, collector: Collector) -> None:
    root = make_share(tmp_path)
    make_adapter(root / ADAPTER_FOLDER, name="tone")
    endpoint = f"http://127.0.0.1:{collector.port}"
    with running_app(root, root / "log", engine="scripted", traces_endpoint=endpoint) as app:
        for content in (f"{SECRET} two", '{"say": "a b", "fail_after": 1}'):
            body = {"model": "tone", "messages": [{"role": "user", "content": content}]}
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            httpx.post(f"{app.url}/v1/chat/completions", json=body, headers=headers)
        app.terminate()
        assert app.wait_for_end() == 0
    good, bad = sorted(collector.spans, key=lambda span: span.start_time_unix_nano)
    assert (good.name, good.trace_id.hex(), good.parent_span_id.hex()) == ("chat tone", TRACE, PARENT)
    told = {item.key: item.value for item in good.attributes}
    assert told["gen_ai.usage.output_tokens"].int_value == 3
    assert [event.name for event in good.events] == ["admitted", "first token"]
    assert bad.status.code == 2
    assert {item.key: item.value.string_value for item in bad.attributes}["error.type"] == "engine_failed"
    assert SECRET not in str(collector.spans)


def test_nothing_is_sent_unless_it_is_asked_for(tmp_path: Path, collector: Collector) -> None:
    root = make_share(tmp_path)
    with running_app(root, root / "log", engine="scripted") as app:
        httpx.post(f"{app.url}/v1/completions", json={"prompt": "one"})
        app.terminate()
        app.wait_for_end()
    assert not collector.spans
