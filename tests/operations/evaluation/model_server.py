"""An OpenAI-compatible server in this process, whose answers and faults a test scripts."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[dict[str, Any]], Any]
"""Takes a request, returns the answer's text, or a status with headers in place of an answer, or None to hang up."""


@dataclass
class ModelServer:
    """Where it listens and what it was asked."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@contextmanager
def serving(reply: Reply) -> Generator[ModelServer]:
    """Serves until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            models = [{"id": "tone", "parent": "org/base"}, {"id": "org/base"}]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": models}).encode())

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append(request)
            said = reply(request)
            if said is None:
                self.close_connection = True
                return
            if not isinstance(said, str):
                status, headers = said
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b'{"error": {"message": "not now"}}')
                return
            self.send_response(200)
            self.end_headers()
            for event in (
                {"choices": [{"delta": {"content": said}}]},
                {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": len(said.split())}},
            ):
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state = ModelServer(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()


def question(request: dict[str, Any]) -> str:
    """What the last message says."""
    return str(request["messages"][-1]["content"])
