"""A server of release archives on the loopback, honest or not."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from toolchain.pulumi import VERSION


def archive(**contents: bytes) -> bytes:
    """A release's archive: the folder `pulumi` with these executables; `_` in a name stands for `-`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"pulumi/{name.replace('_', '-')}")
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def release(version: str = VERSION) -> bytes:
    """An archive whose CLI answers with `version`."""
    script = f"#!/bin/sh\necho v{version}\n".encode()
    return archive(pulumi=script, pulumi_language_python=script)


def checksums(name: str, content: bytes) -> bytes:
    """What is published beside an archive."""
    return f"{'0' * 64}  another.tar.gz\n{hashlib.sha256(content).hexdigest()}  {name}\n".encode()


@contextmanager
def serving(files: dict[str, bytes], cut_short: str | None = None) -> Generator[str]:
    """Serves `files` by name and yields the base URL; of the file `cut_short` only the first half arrives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            if name not in files:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(files[name])))
            self.end_headers()
            content = files[name]
            self.wfile.write(content[: len(content) // 2] if name == cut_short else content)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
