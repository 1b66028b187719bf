"""The endpoint as a client meets it, here a small server that answers what a test tells it to."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from operations import endpoint
from operations.endpoint import endpoint_url
from operations.errors import EndpointError


@dataclass
class Served:
    """Answers by path, the last of each list again and again; and what was asked."""

    url: str = ""
    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)


@pytest.fixture
def served() -> Iterator[Served]:
    state = Served()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else {}
            state.asked.append((self.path, body, self.headers.get("Authorization")))
            answers = state.answers.get(self.path, [(404, {"error": {"message": "no such path"}})])
            status, content = answers.pop(0) if len(answers) > 1 else answers[0]
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("app.region.azurecontainerapps.io", "https://app.region.azurecontainerapps.io"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("127.3.2.1", "http://127.3.2.1"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("localhost:8080", "http://localhost:8080"),
        ("10.0.0.1:8080", "https://10.0.0.1:8080"),
        ("localhost.example.com", "https://localhost.example.com"),
        ("http://10.0.0.1/", "http://10.0.0.1"),
        ("https://app.example.com", "https://app.example.com"),
    ],
)
def test_only_an_address_on_this_machine_goes_without_tls(address: str, url: str) -> None:
    assert endpoint_url(address) == url


def test_waiting_tells_each_reason_once_and_ends_when_ready(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "POLL_SECONDS", 0.001)
    loading = (503, {"status": "starting", "reason": "loading the base model"})
    served.answers["/health/ready"] = [(503, "no replica"), loading, loading, (200, {"status": "ready"})]
    told: list[str] = []
    endpoint.wait_until_ready(served.url, 10, told.append)
    assert told == ["no replica takes requests yet", "loading the base model"]


def test_giving_up_says_what_it_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "POLL_SECONDS", 0.001)
    served.answers["/health/ready"] = [(503, {"reason": "no model in model-cache"})]
    with pytest.raises(EndpointError, match="no model in model-cache"):
        endpoint.wait_until_ready(served.url, 0.05)


def test_nobody_listening_is_waited_for_as_well() -> None:
    with pytest.raises(EndpointError, match="no answer yet"):
        endpoint.wait_until_ready("http://127.0.0.1:9", 0.01)


def test_models_come_with_their_parent(served: Served) -> None:
    served.answers["/v1/models"] = [(200, {"data": [{"id": "base"}, {"id": "tone", "parent": "base"}]})]
    assert endpoint.models(served.url) == [endpoint.Model("base", None), endpoint.Model("tone", "base")]


def test_a_question_goes_to_the_named_model_with_the_key(served: Served) -> None:
    served.answers["/v1/chat/completions"] = [(200, {"choices": [{"message": {"content": "joy"}}]})]
    assert endpoint.ask(served.url, "tone", "How?", api_key="key") == "joy"
    ((_, body, authorization),) = served.asked
    assert (body["model"], body["messages"], authorization) == (
        "tone",
        [{"role": "user", "content": "How?"}],
        "Bearer key",
    )


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ((404, {"error": {"message": "no model x"}}), "404: no model x"),
        ((502, "<html>bad gateway"), "502: <html>bad gateway"),
        ((200, "<html>"), "not with JSON"),
        ((200, {"choices": []}), "not answer like OpenAI's"),
        ((200, ["choices"]), "not answer like OpenAI's"),
    ],
)
def test_an_answer_that_is_none_becomes_one_sentence(served: Served, answer: tuple[int, Any], part: str) -> None:
    served.answers["/v1/chat/completions"] = [answer]
    with pytest.raises(EndpointError, match=part):
        endpoint.ask(served.url, "tone", "How?")
