"""Conversion of adapters: right numbers, and a refusal by name for all that cannot be converted."""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from inference_app.adapters import AdapterError
from inference_app.engines.gguf_header import GgufHeader, read_gguf_header
from inference_app.engines.peft_to_gguf import convert_adapter, interleave_rotary
from tests.inference_app.shares import HIDDEN, TONE, embedded_model, make_adapter, tensors

WEIGHTS = "adapter_model.safetensors"
Q = "base_model.model.model.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def base() -> GgufHeader:
    return read_gguf_header(embedded_model())


def converted(folder: Path, base: GgufHeader, target: Path) -> gguf.GGUFReader:
    convert_adapter(folder, base, target)
    return gguf.GGUFReader(target)


def test_every_tensor_of_the_example_arrives(base: GgufHeader, tmp_path: Path) -> None:
    reader = converted(TONE, base, tmp_path / "out.gguf")
    assert len(reader.tensors) == len(load_file(TONE / WEIGHTS)) == 420
    assert reader.fields["adapter.lora.alpha"].contents() == 16.0
    assert reader.fields["general.type"].contents() == "adapter"


def test_a_is_kept_and_the_rows_of_q_and_k_are_reordered(base: GgufHeader, tmp_path: Path) -> None:
    """Rotation must pair the same rows: row i of a head's first half with row i of its second."""
    folder = make_adapter(tmp_path / "adapter")
    source = load_file(folder / WEIGHTS)
    found = {tensor.name: tensor.data for tensor in converted(folder, base, tmp_path / "out.gguf").tensors}
    np.testing.assert_array_equal(found["blk.0.attn_q.weight.lora_a"], source[f"{Q}.lora_A.weight"])
    b = source[f"{Q}.lora_B.weight"]
    size = 64  # of a head
    for head in range(HIDDEN // size):
        for pair in range(size // 2):
            first = found["blk.0.attn_q.weight.lora_b"][head * size + 2 * pair]
            second = found["blk.0.attn_q.weight.lora_b"][head * size + 2 * pair + 1]
            np.testing.assert_array_equal(first, b[head * size + pair])
            np.testing.assert_array_equal(second, b[head * size + size // 2 + pair])


def test_interleaving_moves_rows_and_loses_none() -> None:
    rows = np.arange(16, dtype=np.float32).reshape(8, 2)
    moved = interleave_rotary(rows, 2)
    assert moved[:, 0].tolist() == [0, 4, 2, 6, 8, 12, 10, 14]


def test_rank_stabilised_adapters_are_scaled_by_the_root(base: GgufHeader, tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "adapter", rank=4, config={"use_rslora": True, "lora_alpha": 8})
    reader = converted(folder, base, tmp_path / "out.gguf")
    # llama.cpp divides by the rank, 4; alpha / sqrt(r) is 8 / 2.
    assert reader.fields["adapter.lora.alpha"].contents() / 4 == 8 / 2


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_number_formats(base: GgufHeader, tmp_path: Path, dtype: str) -> None:
    folder = make_adapter(tmp_path / "adapter")
    source = load_file(folder / WEIGHTS)
    if dtype == "bfloat16":
        write_bfloat16(folder / WEIGHTS, source)
    else:
        save_file({name: value.astype(dtype) for name, value in source.items()}, folder / WEIGHTS)
    found = {tensor.name: tensor.data for tensor in converted(folder, base, tmp_path / "out.gguf").tensors}
    np.testing.assert_allclose(found["blk.0.attn_q.weight.lora_a"], source[f"{Q}.lora_A.weight"], rtol=0.01, atol=1e-6)


def write_bfloat16(path: Path, source: dict[str, np.ndarray]) -> None:
    """Written out by the format's own rules; numpy has no such type."""
    header: dict[str, Any] = {}
    data = b""
    for name, value in source.items():
        half = (value.view(np.uint32) >> 16).astype(np.uint16).tobytes()
        header[name] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(half)]}
        data += half
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"peft_type": "PREFIX_TUNING"}, 'peft_type "PREFIX_TUNING"'),
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"rank_pattern": {"q_proj": 4}}, "rank_pattern"),
        ({"alpha_pattern": {"q_proj": 4}}, "alpha_pattern"),
        ({"lora_bias": True}, "lora_bias"),
        ({"bias": "all"}, "bias: all"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"layer_replication": [[0, 4]]}, "layer_replication"),
        ({"alora_invocation_tokens": [1]}, "alora_invocation_tokens"),
        ({"use_qalora": True}, "QA-LoRA"),
        ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights pissa_niter_4"),
        ({"init_lora_weights": "olora"}, "init_lora_weights olora"),
        ({"r": 0}, "numbers r"),
        ({"r": True}, "numbers r"),
        ({"r": "8"}, "numbers r"),
        ({"lora_alpha": None}, "lora_alpha"),
        ({"lora_alpha": float("nan")}, "lora_alpha"),
        ({"r": 3}, "does not fit the base model"),
    ],
)
def test_what_cannot_be_converted_is_refused_by_name(
    base: GgufHeader, tmp_path: Path, config: dict[str, Any], reason: str
) -> None:
    folder = make_adapter(tmp_path / "adapter", config=config)
    with pytest.raises(AdapterError, match=reason):
        convert_adapter(folder, base, tmp_path / "out.gguf")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({f"{Q}.lora_B.weight": None}, "has only lora_A"),
        ({"base_model.model.lm_head.lora_A.weight": np.zeros((2, HIDDEN), np.float32)}, "no layer lm_head"),
        ({"base_model.model.model.layers.99.mlp.up_proj.lora_A.weight": np.zeros((2, 4), np.float32)}, "no layer"),
        ({"base_model.model.model.embed_tokens.lora_embedding_A": np.zeros((2, 4), np.float32)}, "not A or B"),
        ({f"{Q}.lora_magnitude_vector": np.zeros(4, np.float32)}, "not A or B"),
        ({f"{Q}.lora_A.weight": np.zeros((2, HIDDEN + 1), np.float32)}, "does not fit"),
        ({f"{Q}.lora_A.weight": np.full((2, HIDDEN), np.inf, np.float32)}, "not finite"),
        ({f"{Q}.lora_A.weight": np.zeros((2, HIDDEN), np.int8)}, "element type I8"),
    ],
)
def test_tensors_that_do_not_belong_are_refused_by_name(
    base: GgufHeader, tmp_path: Path, change: dict[str, np.ndarray | None], reason: str
) -> None:
    folder = make_adapter(tmp_path / "adapter")
    changed = {**tensors(2), **change}
    save_file({name: value for name, value in changed.items() if value is not None}, folder / WEIGHTS)
    with pytest.raises(AdapterError, match=reason):
        convert_adapter(folder, base, tmp_path / "out.gguf")


def test_an_adapter_without_tensors_and_another_architecture(base: GgufHeader, tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "adapter")
    with pytest.raises(AdapterError, match="'phi3' cannot be converted"):
        convert_adapter(folder, GgufHeader({"general.architecture": "phi3"}), tmp_path / "out.gguf")
    save_file({}, folder / WEIGHTS)
    with pytest.raises(AdapterError, match="is empty"):
        convert_adapter(folder, base, tmp_path / "out.gguf")


@pytest.mark.parametrize("kept", [0, 4, 8, 100, -1])
def test_a_truncated_file_is_refused(base: GgufHeader, tmp_path: Path, kept: int) -> None:
    folder = make_adapter(tmp_path / "adapter")
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:kept])
    with pytest.raises(AdapterError, match="may be truncated"):
        convert_adapter(folder, base, tmp_path / "out.gguf")
