"""The app as a container runs it: a process of its own, reached over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.workspace import PROJECT

START_SECONDS = 60
STOP_SECONDS = 40


class App:
    """A running app."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self._output = output

    def wait_until_ready(self) -> None:
        """Returns when the models are served."""
        self.wait_for(lambda: httpx.get(f"{self.url}/health/ready").is_success, START_SECONDS)

    def wait_for(self, reached: Any, seconds: float = 15) -> None:
        """Returns when the condition holds; a connection that is refused counts as no."""
        give_up = time.monotonic() + seconds
        while True:
            assert self.process.poll() is None, self._output.read_text()
            try:
                if reached():
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < give_up, self._output.read_text()
            time.sleep(0.03)

    def models(self) -> dict[str, Any]:
        """The list of models, with what cannot be used."""
        return httpx.get(f"{self.url}/v1/models").json()

    def logs(self, event: str | None = None) -> list[dict[str, Any]]:
        """What it has logged, of one kind or of all."""
        lines = [json.loads(line) for line in self._output.read_text().splitlines()]
        return [line for line in lines if event in (None, line["event"])]

    def output(self) -> str:
        """Everything that it wrote."""
        return self._output.read_text()

    def terminate(self) -> None:
        """Sends SIGTERM, as a platform does before it takes a replica away."""
        self.process.send_signal(signal.SIGTERM)

    def wait_for_end(self) -> int:
        """The exit status."""
        return self.process.wait(STOP_SECONDS)

    def memory_bytes(self) -> int:
        """Resident memory of the process."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no memory told")


@contextmanager
def running_app(root: Path, output: Path, *, ready: bool = True, **settings: object) -> Iterator[App]:
    """An app over the share in `root`; settings by their names in lower case. Ended at the end, however that goes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    chosen = {"host": "127.0.0.1", "port": port, "model_root": root, "scan_seconds": 0.1, "page": False, **settings}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "inference_app"],
            cwd=PROJECT,
            env=environment(chosen),
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    app = App(process, port, output)
    try:
        if ready:
            app.wait_until_ready()
        yield app
    finally:
        process.kill()
        process.wait()


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """The variables for these settings, on top of what a process needs anyway."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("INFERENCE_")}
    return {**kept, **{f"INFERENCE_{name.upper()}": str(value) for name, value in settings.items()}}
