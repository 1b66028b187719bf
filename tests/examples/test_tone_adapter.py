"""The committed adapter is a whole and plain PEFT adapter for the embedded base model."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

FOLDER = Path(__file__).parents[2] / "examples/tone/adapter"
RANK = 8
LAYERS = 30
# Outputs and inputs of SmolLM2-135M's linear layers, as its config.json has them.
LINEAR_LAYERS = {
    "self_attn.q_proj": (576, 576),
    "self_attn.k_proj": (192, 576),
    "self_attn.v_proj": (192, 576),
    "self_attn.o_proj": (576, 576),
    "mlp.gate_proj": (1536, 576),
    "mlp.up_proj": (1536, 576),
    "mlp.down_proj": (576, 1536),
}
CONFIG = json.loads((FOLDER / "adapter_config.json").read_text())
TENSORS = load_file(FOLDER / "adapter_model.safetensors")


def test_the_folder_holds_what_is_served_and_nothing_else() -> None:
    names = {file.name for file in FOLDER.iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors", "serving.json"}


def test_the_configuration_names_the_public_base_and_plain_lora() -> None:
    assert CONFIG["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert (CONFIG["peft_type"], CONFIG["task_type"]) == ("LORA", "CAUSAL_LM")
    assert (CONFIG["r"], CONFIG["lora_alpha"], CONFIG["bias"]) == (RANK, 16, "none")
    assert CONFIG["target_modules"] == sorted(layer.split(".")[1] for layer in LINEAR_LAYERS)
    assert not any(CONFIG[extra] for extra in ("use_dora", "use_rslora", "modules_to_save", "rank_pattern"))
    assert not [value for value in CONFIG.values() if isinstance(value, str) and value.startswith("/")]


def test_every_linear_layer_has_both_halves_in_half_precision() -> None:
    expected: dict[str, tuple[int, int]] = {}
    for number in range(LAYERS):
        for layer, (outputs, inputs) in LINEAR_LAYERS.items():
            name = f"base_model.model.model.layers.{number}.{layer}"
            expected[f"{name}.lora_A.weight"] = (RANK, inputs)
            expected[f"{name}.lora_B.weight"] = (outputs, RANK)
    assert {name: tensor.shape for name, tensor in TENSORS.items()} == expected
    assert {str(tensor.dtype) for tensor in TENSORS.values()} == {"float16"}


def test_every_layer_was_trained() -> None:
    """B begins as zeros, which would leave the base model as it is."""
    assert all(np.isfinite(tensor).all() for tensor in TENSORS.values())
    assert [name for name, tensor in TENSORS.items() if not tensor.any()] == []


def test_it_is_served_by_name_and_answers_greedily_and_briefly() -> None:
    serving = json.loads((FOLDER / "serving.json").read_text())
    assert serving == {"name": "tone", "defaults": {"temperature": 0, "max_tokens": 8}}
