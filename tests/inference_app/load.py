"""Many clients at once, some of whom leave: what became of each, and how the app fared meanwhile."""

import asyncio
import gc
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.inference_app.serving import App

LEAVES = "left"  # outcome of a client that went away by itself
LIMITS = httpx.Limits(max_connections=None)


@dataclass
class Load:
    """What happened under load."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers that are not what the model must say."""
    not_ready: int = 0
    live_seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


Ask = Callable[[random.Random], tuple[dict[str, Any], frozenset[str] | None]]
"""A request's body, and what its answer may be, if that is known."""


async def put_under_load(
    app: App,
    ask: Ask,
    clients: int,
    seconds: float,
    leaving: float = 0.2,
    meanwhile: Coroutine[Any, Any, None] | None = None,
) -> Load:
    """Lets clients ask for so long; the share `leaving` of them goes away in the middle, at random."""
    load = Load()
    end = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=app.url, timeout=120, limits=LIMITS) as http:
        over = threading.Event()
        watching = asyncio.create_task(asyncio.to_thread(_watch, app, load, over))
        other = asyncio.create_task(meanwhile) if meanwhile else None
        await asyncio.gather(*(_client(http, load, ask, leaving, end, seed) for seed in range(clients)))
        if other:
            await other
        over.set()
        await watching
    gc.collect()  # httpx leaves the socket of a client that gives up while it connects to the collector
    return load


async def _client(http: httpx.AsyncClient, load: Load, ask: Ask, leaving: float, end: float, seed: int) -> None:
    chance = random.Random(seed)
    while time.monotonic() < end:
        body, expected = ask(chance)
        patience = chance.uniform(0.01, 0.8) if chance.random() < leaving else None
        try:
            async with asyncio.timeout(patience):
                outcome, answer = await _ask(http, body)
        except TimeoutError:
            load.outcomes[LEAVES] += 1
            continue
        load.outcomes[outcome] += 1
        if outcome == "200" and expected is not None and answer not in expected:
            load.wrong.append(f"{body['model']}: {answer!r}, none of {sorted(expected)}")
        if outcome == "429":
            await asyncio.sleep(chance.uniform(0.1, 0.5))


async def _ask(http: httpx.AsyncClient, body: dict[str, Any]) -> tuple[str, str]:
    """How it ended, and the answer's text. An answer that is not whole, or has another model's name, is named so."""
    try:
        response = await http.post("/v1/chat/completions", json=body)
    except httpx.TransportError as error:
        return type(error).__name__, ""
    if response.status_code != 200:
        return str(response.status_code), ""
    if not body.get("stream"):
        document = response.json()
        named = document["model"] == body["model"]
        return "200" if named else "wrong model", document["choices"][0]["message"]["content"]
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line]
    chunks = [json.loads(line) for line in lines[:-1]]
    if lines[-1] != "[DONE]" or any("error" in chunk for chunk in chunks):
        return "broken stream", ""
    if any(chunk["model"] != body["model"] for chunk in chunks):
        return "wrong model", ""
    return "200", "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


def _watch(app: App, load: Load, over: threading.Event) -> None:
    """Asks what the platform's probes ask, in a thread and from a connection of its own, apart from the crowd."""
    with httpx.Client(base_url=app.url, timeout=30) as http:
        while not over.wait(0.25):
            began = time.monotonic()
            live = http.get("/health/live")
            assert live.is_success
            load.live_seconds.append(time.monotonic() - began)
            load.not_ready += not http.get("/health/ready").is_success
            load.memory.append(app.memory_bytes())
