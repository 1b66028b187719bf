"""A base model in Hugging Face's layout, as far as its headers tell, and whether an adapter's tensors fit it."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import load_file

from inference_app.adapters import ADAPTER_CONFIG, ADAPTER_WEIGHTS, AdapterError, read_json
from inference_app.errors import EngineError

PEFT_PREFIX = "base_model.model."
PACKED = ("U8", "I8", "I32")  # how quantised weights are kept: their shapes say nothing about the layer's
PARTS = {"lora_A": 0, "lora_B": 1, "lora_embedding_A": 0, "lora_embedding_B": 1}


@dataclass(frozen=True)
class Tensor:
    """What a header says of a tensor."""

    dtype: str
    shape: tuple[int, ...]


def read_base(folder: Path) -> dict[str, Tensor]:
    """The tensors of all .safetensors files of a base model; `EngineError` says what is missing or broken."""
    files = sorted(folder.glob("*.safetensors"))
    if not files or not (folder / "config.json").is_file():
        raise EngineError(f"{folder} must hold config.json and the weights as .safetensors")
    found: dict[str, Tensor] = {}
    for file in files:
        try:
            found.update(read_header(file))
        except (OSError, ValueError, struct.error) as error:
            raise EngineError(f"{file} cannot be read, it may not be complete: {error}") from error
    return found


def read_header(file: Path) -> dict[str, Tensor]:
    """The tensors of one file, which must be as long as they need; `ValueError` otherwise."""
    try:
        with safetensors.safe_open(file, "numpy") as opened:
            slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
            return {name: Tensor(part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}
    except safetensors.SafetensorError as error:
        raise ValueError(str(error)) from error


def check_lora(folder: Path, config: Mapping[str, Any], base: Mapping[str, Tensor], most_rank: int) -> None:
    """Raises `AdapterError` unless A and B of every adapted layer are there, whole and finite, and fit the layer."""
    rank, alpha = config.get("r"), config.get("lora_alpha")
    # A bool is an int to Python.
    if type(rank) is not int or rank < 1 or not isinstance(alpha, (int, float)) or not math.isfinite(alpha):
        raise AdapterError(f"{ADAPTER_CONFIG} must hold numbers r (1 or more) and lora_alpha")
    try:
        shapes = {name: tensor.shape for name, tensor in read_header(folder / ADAPTER_WEIGHTS).items()}
    except (OSError, ValueError) as error:
        raise AdapterError(f"{ADAPTER_WEIGHTS} cannot be read, it may be truncated: {error}") from error
    if not shapes:
        raise AdapterError(f"{ADAPTER_WEIGHTS} is empty")
    layers: dict[str, dict[int, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        module, _, part = name.removeprefix(PEFT_PREFIX).removesuffix(".weight").rpartition(".")
        if part not in PARTS or len(shape) != 2:
            raise AdapterError(f"the tensor {name} is not A or B of a layer's LoRA")
        layers.setdefault(module, {})[PARTS[part]] = shape
    for module, parts in layers.items():
        _check_layer(module, parts, base, most_rank)
    _check_values(folder)


def _check_layer(module: str, parts: dict[int, tuple[int, ...]], base: Mapping[str, Tensor], most_rank: int) -> None:
    if len(parts) != 2:
        raise AdapterError(f"{module} has only one of A and B; both are needed")
    (rank, inputs), (outputs, other_rank) = parts[0], parts[1]
    if rank != other_rank:
        raise AdapterError(f"{module}: A has rank {rank}, B {other_rank}")
    if rank > most_rank:
        raise AdapterError(
            f"{module} has rank {rank}; this engine has room for {most_rank}: set INFERENCE_ADAPTER_RANK"
        )
    if not any(name.startswith(f"{module}.") for name in base):
        raise AdapterError(f"the base model has no layer {module}")
    weight = base.get(f"{module}.weight")
    if weight is not None and weight.dtype not in PACKED and weight.shape != (outputs, inputs):
        raise AdapterError(
            f"{module} does not fit the base model: the adapter is for {(outputs, inputs)}, the base has"
            f" {weight.shape}; was it trained on this base?"
        )


def _check_values(folder: Path) -> None:
    try:
        tensors = load_file(folder / ADAPTER_WEIGHTS)
    except (OSError, ValueError, TypeError, KeyError, safetensors.SafetensorError) as error:
        raise AdapterError(f"{ADAPTER_WEIGHTS} cannot be read: {error}") from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor.astype(np.float32)).all():
            raise AdapterError(f"the tensor {name} holds values that are not finite")


def own_context_tokens(folder: Path) -> int | None:
    """How many tokens the model was made for, where its configuration says so; `EngineError` when it is broken."""
    try:
        config = read_json(folder / "config.json")
    except AdapterError as error:
        raise EngineError(f"{folder}: {error}") from error
    limit = config.get("max_position_embeddings")
    return limit if type(limit) is int and limit > 0 else None
