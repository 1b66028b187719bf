"""OpenAI's API as far as the commands use it, over the standard library; ends gracefully on SIGTERM."""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sample_app.answers import ANSWER

KEY = os.environ.get("INFERENCE_API_KEYS")
SECONDS = float(os.environ.get("SAMPLE_SECONDS", "0"))
MODELS = [{"id": "org/base"}, {"id": "tone", "parent": "org/base"}]
UNUSABLE = [{"id": "broken", "path": "models/broken", "reason": "no weights"}]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/health/"):
            self.say(200, {"status": "ready"})
        elif not self.allowed():
            self.say(401, {"error": {"message": "the API key is not known here"}})
        else:
            self.say(200, {"object": "list", "data": MODELS, "unusable": UNUSABLE})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(SECONDS)
        if not self.allowed():
            self.say(401, {"error": {"message": "the API key is not known here"}})
        elif request["model"] not in [model["id"] for model in MODELS]:
            self.say(404, {"error": {"message": f"there is no model {request['model']}"}})
        elif request.get("stream"):
            self.stream(request)
        else:
            message = {"role": "assistant", "content": ANSWER}
            usage = {"prompt_tokens": 5, "completion_tokens": 1}
            self.say(200, {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage})

    def stream(self, request: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        asked = " ".join(message["content"] for message in request["messages"])
        events: list[Any] = [{"choices": [{"delta": {"content": piece}}]} for piece in (ANSWER, " ", asked)]
        if "break" in asked:
            events = [*events[:1], {"error": {"message": "the engine broke"}}]
        for event in [*events, {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}]:
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        if "cut" not in asked:
            self.wfile.write(b"data: [DONE]\n\n")

    def allowed(self) -> bool:
        return KEY is None or self.headers.get("Authorization") == f"Bearer {KEY}"

    def say(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None: ...


class Server(ThreadingHTTPServer):
    daemon_threads = False  # an answer that has begun is ended
    request_queue_size = 128


server = Server(("0.0.0.0", int(os.environ["INFERENCE_PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(f"serving {ANSWER}", flush=True)
server.serve_forever()
server.server_close()
sys.exit(0)
