"""Turns a PEFT LoRA adapter into a GGUF adapter for llama.cpp, or says by name what cannot be turned.

Only what is written out here is converted; whatever else an adapter holds is refused, because an adapter applied in
part answers wrongly without anybody noticing.
"""

import math
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import safetensors
from numpy.typing import NDArray

from inference_app.adapters import ADAPTER_CONFIG, ADAPTER_WEIGHTS, AdapterError, read_json
from inference_app.engines.gguf_header import GgufHeader
from inference_app.engines.lora_checks import refuse_features

Matrix = NDArray[np.float32]

PEFT_PREFIX = "base_model.model."
DTYPES = {"F32": np.float32, "F16": np.float16, "F64": np.float64}


def convert_adapter(folder: Path, base: GgufHeader, target: Path) -> None:
    """Writes the adapter in `folder` as a GGUF file; `AdapterError` says why it does not fit this base."""
    if base.architecture != "llama":
        raise AdapterError(f"adapters for the architecture {base.architecture!r} cannot be converted, only llama")
    config = read_json(folder / ADAPTER_CONFIG)
    refuse_features(config, "cannot be converted for llama.cpp")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    # A bool is an int to Python.
    if type(rank) is not int or rank < 1 or not isinstance(alpha, (int, float)) or not math.isfinite(alpha):
        raise AdapterError(f"{ADAPTER_CONFIG} must hold numbers r (1 or more) and lora_alpha")
    pairs = _pairs(_tensors(folder / ADAPTER_WEIGHTS), base)
    # llama.cpp scales by alpha / r; rsLoRA means alpha / sqrt(r).
    scaled_alpha = alpha * math.sqrt(rank) if config.get("use_rslora") else alpha
    writer = gguf.GGUFWriter(target, base.architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(scaled_alpha))
    for name, (a, b) in sorted(pairs.items()):
        _check_shapes(name, a, b, rank, base)
        writer.add_tensor(f"{name}.weight.lora_a", a)
        writer.add_tensor(f"{name}.weight.lora_b", _in_gguf_order(name, b, base))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def interleave_rotary(rows: Matrix, heads: int) -> Matrix:
    """Reorders output rows, shape (heads * size, n), from rotate-half to the interleaved order of GGUF's llama.

    Within each head, Hugging Face keeps the first halves of all rotated pairs, then the second halves; llama.cpp wants
    the two members of a pair side by side (`permute` in its convert_hf_to_gguf.py).
    """
    pairs = rows.shape[0] // heads // 2
    return rows.reshape(heads, 2, pairs, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def _tensors(path: Path) -> dict[str, Matrix]:
    try:
        entries = safetensors.deserialize(path.read_bytes())
        return {name: _matrix(entry) for name, entry in entries}
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise AdapterError(f"{path.name} cannot be read, it may be truncated: {error}") from error


def _matrix(entry: dict[str, Any]) -> Matrix:
    data, dtype = bytes(entry["data"]), str(entry["dtype"])
    if dtype == "BF16":  # the upper half of a float32
        values = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    elif dtype in DTYPES:
        values = np.frombuffer(data, DTYPES[dtype]).astype(np.float32)
    else:
        raise ValueError(f"element type {dtype} is not known")
    if not np.isfinite(values).all():
        raise ValueError("it holds values that are not finite")
    return values.reshape(entry["shape"])


def _pairs(tensors: dict[str, Matrix], base: GgufHeader) -> dict[str, tuple[Matrix, Matrix]]:
    """GGUF name of each adapted layer, such as `blk.0.attn_q` -> its A and B."""
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, base.integer("block_count") or 0)
    found: dict[str, dict[str, Matrix]] = {}
    for key, matrix in tensors.items():
        module, _, part = key.removeprefix(PEFT_PREFIX).removesuffix(".weight").rpartition(".")
        name = names.get_name(module)
        if part not in ("lora_A", "lora_B") or matrix.ndim != 2:
            raise AdapterError(f"the tensor {key} is not A or B of a linear layer's LoRA")
        if name is None or f"{name}.weight" not in base.shapes:
            raise AdapterError(f"the base model has no layer {module}")
        found.setdefault(name, {})[part] = matrix
    if not found:
        raise AdapterError(f"{ADAPTER_WEIGHTS} is empty")
    for name, parts in found.items():
        if len(parts) != 2:
            raise AdapterError(f"{name} has only {' and '.join(parts)}; A and B are both needed")
    return {name: (parts["lora_A"], parts["lora_B"]) for name, parts in found.items()}


def _check_shapes(name: str, a: Matrix, b: Matrix, rank: int, base: GgufHeader) -> None:
    inputs, outputs = base.shapes[f"{name}.weight"]
    if a.shape != (rank, inputs) or b.shape != (outputs, rank):
        raise AdapterError(
            f"{name} does not fit the base model: A is {a.shape}, B is {b.shape}, "
            f"but rank {rank} and the base ask for {(rank, inputs)} and {(outputs, rank)}; was it trained on this base?"
        )


def _in_gguf_order(name: str, b: Matrix, base: GgufHeader) -> Matrix:
    heads = base.integer("attention.head_count")
    if name.endswith(".attn_k"):
        heads = base.integer("attention.head_count_kv") or heads
    elif not name.endswith(".attn_q"):
        return b
    if not heads or b.shape[0] % (2 * heads):
        raise AdapterError(f"{name}: the base model's number of heads ({heads}) does not divide {b.shape[0]} rows")
    return np.ascontiguousarray(interleave_rotary(b, heads))
