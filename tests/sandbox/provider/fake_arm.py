"""An ARM that answers by script, over TLS: for what a healthy sandbox does not do."""

import json
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TOKEN = f"header.{'e30'}.signature"  # a JWT without claims


@dataclass
class Answer:
    """What is answered once; `before` runs first, and may take its time. A lost one never arrives."""

    status: int = 200
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    before: Callable[[], object] = lambda: None
    lost: bool = False


class FakeArm:
    """Keeps what is PUT and answers GET from it, unless the script says otherwise."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        bundle = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(bundle))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.resources: dict[str, dict[str, Any]] = {}
        self.seen: list[tuple[str, str]] = []
        self.times: list[float] = []
        self.queries: dict[str, str] = {}
        self.closing = threading.Event()
        self.bodies: list[dict[str, Any]] = []
        self.metadata_endpoint: str | None = None
        self._script: defaultdict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                fake._answer(self)

            do_PUT = do_POST = do_DELETE = do_GET

            def log_message(self, form: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        self.environment = {
            "ARM_METADATA_HOSTNAME": self.url.removeprefix("https://"),
            "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
            "IDENTITY_ENDPOINT": f"{self.url}/token",
            "IDENTITY_HEADER": "header",
            "SSL_CERT_FILE": str(bundle),
        }
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def script(self, method: str, ending: str, *answers: Answer) -> None:
        """Answers to the next requests whose path ends so, one each."""
        self._script[method, ending].extend(answers)

    def asked(self, method: str, ending: str = "") -> int:
        """How often ARM was asked so."""
        return sum(1 for seen, path in self.seen if seen == method and path.endswith(ending))

    def close(self) -> None:
        if self.closing.is_set():
            return
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        body = json.loads(request.rfile.read(length)) if length else {}
        url = urlsplit(request.path)
        self.queries[url.path] = url.query
        answer = self._decide(request.command, url.path, body)
        answer.before()
        if answer.lost:
            request.close_connection = True
            return
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        try:
            request.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(content))}.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(content)
        except OSError:
            return  # nobody waits for it any more

    def _decide(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        if path == "/metadata/endpoints":
            endpoint = self.metadata_endpoint or self.url
            return Answer(body={"resourceManager": endpoint, "authentication": {"audiences": [endpoint]}})
        if path == "/token":
            return Answer(body={"access_token": TOKEN, "expires_on": str(int(time.time()) + 3600)})
        self.seen.append((method, path))
        self.times.append(time.monotonic())
        for (wanted, ending), answers in self._script.items():
            if wanted == method and path.endswith(ending) and answers:
                answer = answers.popleft()
                if method == "PUT" and answer.status < 300:
                    self._put(path, body)
                return answer
        if method == "PUT":
            return Answer(201, self._put(path, body))
        if method == "DELETE":
            return Answer(200 if self.resources.pop(path, None) else 204)
        found = self.resources.get(path)
        return Answer(body=found) if found else error(404, "ResourceNotFound", "It is not there.")

    def _put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.bodies.append(body)
        made = {**body, "id": path, "name": path.rpartition("/")[2], "type": "Some/type"}
        self.resources[path] = made
        return made


def error(status: int, code: str, message: str, **headers: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}}, headers)
