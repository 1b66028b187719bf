"""What changes while each engine serves: adapters come, change, go and are broken; clients leave; the engine dies."""

import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import openai
import psutil
import pytest
from safetensors.numpy import load_file, save_file

from tests.engines.conftest import START_SECONDS, EngineApp, openai_ready
from tests.engines.questions import QUESTION, TONE, answered
from tests.inference_app.shares import ADAPTER_FOLDER, BASE, LONG_AGO, copy_adapter, settle, without_effect
from tests.inference_app.shares import TONE as TONE_FOLDER
from tests.inference_app.test_mutations import SERVED_MUTANTS, mutant

WEIGHTS = "adapter_model.safetensors"
SWAPS = int(os.environ.get("SWAPS", "4"))


def listed(app: EngineApp) -> set[str]:
    """Names of the models that answer."""
    return {model["id"] for model in app.models().get("data", ())}


def test_an_adapter_is_added_and_removed_while_others_serve(app: EngineApp, client: openai.OpenAI) -> None:
    copy_adapter(TONE_FOLDER, app.root / "models/second", name="second")
    app.wait_for(lambda: "second" in listed(app), 60)
    assert answered(client, "second") == answered(client, "tone") == TONE
    shutil.rmtree(app.root / "models/second")
    app.wait_for(lambda: "second" not in listed(app), 60)
    with pytest.raises(openai.NotFoundError):
        answered(client, "second")
    assert answered(client, "tone") == TONE


def test_a_changed_adapter_answers_anew_under_its_name(app: EngineApp, client: openai.OpenAI, tmp_path: Path) -> None:
    """Over and over under load: every answer is one version's, whole, and none fails."""
    folder = app.root / ADAPTER_FOLDER
    without = without_effect(TONE_FOLDER, tmp_path / "without-effect")
    plain = answered(client, BASE)
    stop = threading.Event()

    def ask() -> set[str]:
        told: set[str] = set()
        with openai.OpenAI(base_url=f"{app.url}/v1", api_key="any", max_retries=0, timeout=120) as own:
            while not stop.is_set():
                told.add(answered(own, "tone"))
        return told

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        try:
            for version in range(SWAPS):
                shutil.copyfile((without if version % 2 == 0 else TONE_FOLDER) / WEIGHTS, folder / WEIGHTS)
                settle(folder, LONG_AGO + version + 1)
                wanted = plain if version % 2 == 0 else TONE
                app.wait_for(lambda wanted=wanted: answered(client, "tone") == wanted, 60)
        finally:
            stop.set()
        assert set().union(*(future.result() for future in asking)) <= {plain, TONE}


def break_rank(folder: Path) -> None:
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "r": "eight"}))


def break_name(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    save_file({name.replace("q_proj", "nobody"): value for name, value in tensors.items()}, folder / WEIGHTS)


def break_shape(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    save_file({name: np.concatenate([value, value]) for name, value in tensors.items()}, folder / WEIGHTS)


def cut_short(folder: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("damage", [break_rank, break_name, break_shape, cut_short])
def test_an_adapter_that_cannot_be_used_is_listed_with_the_reason(
    app: EngineApp, client: openai.OpenAI, damage: object
) -> None:
    folder = copy_adapter(TONE_FOLDER, app.root / "models/bad", name="bad")
    assert callable(damage)
    damage(folder)
    settle(folder, LONG_AGO + hash(damage) % 1000 + 0.5)
    try:
        app.wait_for(lambda: [item["id"] for item in app.models()["unusable"]] == ["bad"], 60)
        assert app.models()["unusable"][0]["reason"]
        assert answered(client, "tone") == TONE
        assert answered(client, BASE) != TONE
    finally:
        shutil.rmtree(folder)
        app.wait_for(lambda: not app.models()["unusable"], 60)


def test_damaged_adapters_neither_end_the_app_nor_keep_others_from_serving(
    app: EngineApp, client: openai.OpenAI
) -> None:
    for seed in range(SERVED_MUTANTS):
        mutant(app.root / f"models/mutants/{seed}", seed)
    try:
        app.wait_for(lambda: len(listed(app)) - 2 + len(app.models()["unusable"]) == SERVED_MUTANTS, 120)
        assert all(item["reason"] for item in app.models()["unusable"])
        assert answered(client, "tone") == TONE
        for name in listed(app) - {BASE, "tone"}:
            client.chat.completions.create(model=name, messages=QUESTION, max_tokens=2)
    finally:
        shutil.rmtree(app.root / "models/mutants")
        app.wait_for(lambda: listed(app) == {BASE, "tone"}, 60)


def idle(app: EngineApp) -> bool:
    """Whether nobody has a place."""
    return "\ninference_running 0.0" in httpx.get(f"{app.url}/metrics").text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("phase", ["prompt", "answer"])
def test_a_client_that_leaves_frees_its_place(app: EngineApp, stream: bool, phase: str) -> None:
    words = "tell me more about it " * 80 if phase == "prompt" else "Write a long story."
    body = {"model": BASE, "messages": [{"role": "user", "content": words}], "max_tokens": 0, "stream": stream}
    app.wait_for(lambda: idle(app))
    wait = 0.15 if phase == "prompt" else 2.0
    leaves = time.monotonic() + wait
    with (
        pytest.raises((httpx.ReadTimeout, TimeoutError)),
        httpx.Client(timeout=httpx.Timeout(5, read=wait)) as client,
        client.stream("POST", f"{app.url}/v1/chat/completions", json=body) as answer,
    ):
        for _ in answer.iter_bytes():
            if time.monotonic() > leaves:
                raise TimeoutError
    app.wait_for(lambda: idle(app), 1.5)


def test_vllm_is_started_anew_when_it_has_died(app: EngineApp, client: openai.OpenAI) -> None:
    """Last in this file: it takes half a minute, in which the app says that it is not ready."""
    if app.engine != "vllm":
        pytest.skip("transformers has no process of its own that could die")
    for child in psutil.Process(app.process.pid).children(recursive=True):
        if "EngineCore" in child.name() or "EngineCore" in " ".join(child.cmdline()):
            child.kill()
    app.wait_for(lambda: not httpx.get(f"{app.url}/health/ready").is_success, 30)
    assert httpx.get(f"{app.url}/health/live").is_success
    app.wait_for(lambda: httpx.get(f"{app.url}/health/ready").is_success and openai_ready(app), START_SECONDS)
    assert answered(client, "tone") == TONE


def test_a_request_that_was_accepted_is_answered_after_sigterm(app: EngineApp) -> None:
    """The very last: nothing serves after it."""
    with ThreadPoolExecutor(4) as pool:

        def ask() -> str:
            with openai.OpenAI(base_url=f"{app.url}/v1", api_key="any", max_retries=0, timeout=60) as own:
                answer = own.chat.completions.create(model=BASE, messages=QUESTION, max_tokens=12, temperature=0)
            return answer.choices[0].finish_reason

        asking = [pool.submit(ask) for _ in range(4)]
        app.wait_for(lambda: not idle(app))
        time.sleep(0.2)
        app.terminate()
        assert [future.result() for future in asking] == ["length"] * 4
    assert app.wait_for_end() == 0
