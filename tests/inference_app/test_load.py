"""Two hundred clients, a fifth of whom leave: nobody is lost, nothing is mixed, nothing stays behind."""

import asyncio
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.inference_app.load import LEAVES, Load, put_under_load
from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import (
    ADAPTER_FOLDER,
    BASE,
    TONE,
    copy_adapter,
    make_adapter,
    make_real_share,
    make_share,
    without_effect,
)
from tests.inference_app.test_llama_cpp import QUESTION
from tests.inference_app.test_llama_cpp import TONE as ANSWER

# A client that gives up while it connects: httpx leaves its socket to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CLIENTS = 200
SECONDS = float(os.environ.get("LOAD_SECONDS", "10"))  # twice, so 20 in all
SWAPS = int(os.environ.get("SWAPS", "2"))
MEMORY_GROWTH = 1.25
# Metrics whose sum is how many requests have arrived.
ARRIVED = ("inference_running ", "inference_waiting ", "inference_requests_total{")
REQUESTS = 24  # before the signal
PROBE_SECONDS = 5  # after which a platform counts a probe as failed


def scripted_question(chance: random.Random) -> tuple[dict[str, Any], frozenset[str]]:
    model = chance.choice((BASE, "tone"))
    text = " ".join(f"w{chance.randrange(100)}" for _ in range(chance.randrange(1, 8)))
    script = json.dumps({"say": text, "word_seconds": 0.01})
    body = {"model": model, "messages": [{"role": "user", "content": script}], "stream": chance.random() < 0.5}
    return body, frozenset({text})


def real_question(chance: random.Random) -> dict[str, Any]:
    model = chance.choice((BASE, "tone"))
    limits = {"temperature": 0, "max_tokens": 8 if model == "tone" else chance.randrange(1, 12)}
    return {"model": model, "messages": QUESTION, "stream": chance.random() < 0.5, **limits}


def check(load: Load, app: App) -> None:
    assert set(load.outcomes) <= {"200", "429", LEAVES}, load.outcomes
    assert load.outcomes["200"] > 20
    assert load.outcomes["429"] > 0, "the queue never was full: this was no load"
    assert load.outcomes[LEAVES] > 0
    assert load.wrong == []
    assert load.not_ready == 0
    assert max(load.live_seconds) < PROBE_SECONDS
    app.wait_for(lambda: empty(app), 5)
    half = len(load.memory) // 2
    assert max(load.memory[half:]) < MEMORY_GROWTH * max(load.memory[:half])


def empty(app: App) -> bool:
    """Whether nobody has a place or waits for one."""
    text = httpx.get(f"{app.url}/metrics").text
    return "\ninference_running 0.0" in text and "\ninference_waiting 0.0" in text


def test_the_scripted_engine_under_load(tmp_path: Path) -> None:
    root = make_share(tmp_path)
    make_adapter(root / ADAPTER_FOLDER, name="tone")
    with running_app(root, root / "log", engine="scripted", parallel=16, queue_limit=64) as app:
        load = asyncio.run(put_under_load(app, scripted_question, CLIENTS, SECONDS))
        check(load, app)


def test_llama_cpp_under_load_while_an_adapter_is_swapped(tmp_path: Path) -> None:
    """The adapter becomes one without effect, and itself again, while it serves: each answer is of the one or the
    other, and no request fails."""
    root = make_real_share(tmp_path)
    versions = (without_effect(TONE, tmp_path / "without-effect"), TONE)

    async def swap() -> None:
        for number in range(SWAPS):
            await asyncio.sleep(SECONDS / SWAPS / 2.5)
            served = len(app.logs("models loaded"))
            # In place, file by file, as an upload does it; the time stamps differ, and so does what is served.
            await asyncio.to_thread(copy_adapter, versions[number % 2], root / ADAPTER_FOLDER)
            stamp = time.time() - 100 + number
            for file in (root / ADAPTER_FOLDER).iterdir():
                os.utime(file, (stamp, stamp))
            while len(app.logs("models loaded")) == served:
                await asyncio.sleep(0.1)

    with running_app(root, root / "log", context_tokens=256, queue_limit=32) as app:
        body = {"model": BASE, "messages": QUESTION, "temperature": 0, "max_tokens": 8}
        plain = httpx.post(f"{app.url}/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
        assert plain != ANSWER

        def ask(chance: random.Random) -> tuple[dict[str, Any], frozenset[str] | None]:
            body = real_question(chance)
            return body, frozenset({plain, ANSWER}) if body["model"] == "tone" else None

        load = asyncio.run(put_under_load(app, ask, CLIENTS, SECONDS, meanwhile=swap()))
        check(load, app)
        assert len(app.logs("models loaded")) > SWAPS


def test_a_stop_under_load_loses_no_accepted_request(tmp_path: Path) -> None:
    """Whoever asked before the signal is answered; whoever comes later is answered or finds the door shut."""
    root = make_real_share(tmp_path)

    async def ask(http: httpx.AsyncClient, seed: int) -> int:
        return (await http.post("/v1/chat/completions", json=real_question(random.Random(seed)))).status_code

    async def play() -> list[int]:
        async with httpx.AsyncClient(base_url=app.url, timeout=60, limits=httpx.Limits(max_connections=None)) as http:
            asked = [asyncio.create_task(ask(http, seed)) for seed in range(REQUESTS)]
            while not accepted(len(asked)):
                await asyncio.sleep(0.02)
            app.terminate()
            return await asyncio.gather(*asked)

    def accepted(count: int) -> bool:
        text = httpx.get(f"{app.url}/metrics").text
        counted = [line.split() for line in text.splitlines() if line.startswith(ARRIVED)]
        return sum(float(words[-1]) for words in counted) >= count

    with running_app(root, root / "log", context_tokens=256, queue_limit=64, drain_seconds=100) as app:
        assert asyncio.run(play()) == [200] * REQUESTS
        assert app.wait_for_end() == 0
        assert app.logs()[-1]["event"] == "stopped"
