"""Damaged files, two hundred of them: each is refused with a reason or served; none brings the app down."""

import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from inference_app.adapters import AdapterError, read_description, read_json
from inference_app.engines.gguf_header import read_gguf_header
from inference_app.engines.lora_checks import refuse_features
from inference_app.engines.peft_to_gguf import convert_adapter
from inference_app.engines.safetensors_base import Tensor, check_lora
from inference_app.errors import EngineError
from tests.inference_app.serving import running_app
from tests.inference_app.shares import (
    ADAPTER_FOLDER,
    HIDDEN,
    KEY_VALUE,
    embedded_model,
    make_adapter,
    make_real_share,
    settle,
)

MUTATIONS = int(os.environ.get("MUTATIONS", "200"))
FILES = ("adapter_config.json", "adapter_model.safetensors", "serving.json")
SERVED_MUTANTS = 12


def flip(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]


def flip_in_the_header(data: bytes, chance: random.Random) -> bytes:
    return flip(data[:300], chance) + data[300:]


def cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def repeat(data: bytes, chance: random.Random) -> bytes:
    return data + data[chance.randrange(len(data)) :]


def digits(data: bytes, chance: random.Random) -> bytes:
    """Another number, a huge one too, wherever one stands."""
    found = list(re.finditer(rb"\d+", data[:300]))
    chosen = chance.choice(found or [re.search(b"", data)])
    assert chosen is not None
    number = str(chance.choice([0, -1, 10**30, chance.randrange(1000)])).encode()
    return data[: chosen.start()] + number + data[chosen.end() :]


def empty(data: bytes, chance: random.Random) -> bytes:
    return b"\0" * chance.randrange(100)


WAYS: list[Callable[[bytes, random.Random], bytes]] = [flip, flip_in_the_header, cut, repeat, digits, empty]


def mutant(folder: Path, seed: int) -> Path:
    """An adapter of which one file is damaged, in one of the ways, once to three times."""
    chance = random.Random(seed)
    make_adapter(folder, rank=1, name=f"mutant{seed}", defaults={"max_tokens": 4, "temperature": 0})
    file = folder / chance.choice(FILES)
    data = file.read_bytes()
    for _ in range(chance.randrange(1, 4)):
        data = chance.choice(WAYS)(data or b"x", chance)
    file.write_bytes(data)
    settle(folder)
    return folder


def test_damaged_adapters_are_refused_with_a_reason_or_converted(tmp_path: Path) -> None:
    base = read_gguf_header(embedded_model())
    refused = 0
    for seed in range(MUTATIONS):
        folder = mutant(tmp_path / str(seed), seed)
        try:
            read_description(folder)
            convert_adapter(folder, base, folder / "out.gguf")
        except AdapterError as error:
            refused += 1
            assert str(error).isprintable() or "\n" in str(error)
    assert MUTATIONS / 3 < refused < MUTATIONS


def test_damaged_adapters_are_refused_before_vllm_sees_them(tmp_path: Path) -> None:
    """What is let through has the right shapes and finite values; whatever else there is has a reason."""
    layer = "model.layers.0.self_attn"
    base = {
        f"{layer}.q_proj.weight": Tensor("F32", (HIDDEN, HIDDEN)),
        f"{layer}.k_proj.weight": Tensor("F32", (KEY_VALUE, HIDDEN)),
    }
    refused = 0
    for seed in range(MUTATIONS):
        folder = mutant(tmp_path / str(seed), seed)
        try:
            read_description(folder)
            config = read_json(folder / "adapter_config.json")
            refuse_features(config, "cannot be served")
            check_lora(folder, config, base, 64)
        except AdapterError:
            refused += 1
    assert MUTATIONS / 3 < refused < MUTATIONS


def test_the_app_survives_damaged_adapters_and_serves_the_others(tmp_path: Path) -> None:
    """Those that still can be converted reach llama.cpp itself."""
    make_real_share(tmp_path)
    for seed in range(SERVED_MUTANTS):
        mutant(tmp_path / f"models/mutants/{seed}", seed)
    with running_app(tmp_path, tmp_path / "log", context_tokens=256) as app:
        listed = app.models()
        names = [model["id"] for model in listed["data"]]
        assert "tone" in names
        assert len(names) - 2 + len(listed["unusable"]) == SERVED_MUTANTS
        for name in names:
            body = {"model": name, "messages": [{"role": "user", "content": "I won"}], "max_tokens": 4}
            assert httpx.post(f"{app.url}/v1/chat/completions", json=body, timeout=60).is_success
        assert all(item["reason"] for item in listed["unusable"])
        assert ADAPTER_FOLDER.startswith("models/")


def damaged_header(seed: int) -> bytes:
    chance = random.Random(seed)
    with embedded_model().open("rb") as file:
        data = file.read(4096)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(data))
        data = data[:place] + chance.randbytes(8) + data[place + 8 :]
    return data[: chance.randrange(1, len(data))] if seed % 2 else data


def test_damaged_base_models_are_told_from_whole_ones(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    for seed in range(MUTATIONS):
        file.write_bytes(damaged_header(seed))
        with pytest.raises(EngineError, match=r"broken or not complete|not a GGUF file"):
            read_gguf_header(file)


def test_the_header_of_the_embedded_model() -> None:
    header = read_gguf_header(embedded_model())
    assert header.architecture == "llama"
    assert header.integer("attention.head_count") == 9
    assert header.integer("attention.head_count_kv") == 3
    assert header.integer("block_count") == 30
    assert header.shapes["blk.0.attn_k.weight"] == (576, 192)
    assert json.dumps(header.metadata)  # plain values only


def test_a_base_model_that_cannot_be_loaded_is_waited_for(tmp_path: Path) -> None:
    """A file that is still not whole after it settled: the app says so and goes on looking."""
    folder = tmp_path / "model-cache/some/model"
    folder.mkdir(parents=True)
    whole = embedded_model().read_bytes()
    (folder / "model.gguf").write_bytes(whole[: len(whole) // 2])
    settle(folder)
    with running_app(tmp_path, tmp_path / "log", ready=False) as app:
        app.wait_for(lambda: "cannot load" in httpx.get(f"{app.url}/health/ready").text, 30)
        (folder / "model.gguf").write_bytes(whole)
        settle(folder)
        app.wait_until_ready()
