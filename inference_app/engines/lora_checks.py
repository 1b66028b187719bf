"""What in a PEFT LoRA adapter an engine cannot apply, found and named before the engine sees it.

An adapter that is applied in part answers wrongly without anybody noticing, so it is refused as a whole.
"""

import json
from collections.abc import Collection
from typing import Any

from inference_app.adapters import ADAPTER_CONFIG, AdapterError

# Keys of adapter_config.json for what changes more than A and B of linear layers.
FEATURES = {
    "use_dora": "DoRA",
    "modules_to_save": "whole modules trained beside the adapter (modules_to_save)",
    "rank_pattern": "ranks that differ between layers (rank_pattern)",
    "alpha_pattern": "alphas that differ between layers (alpha_pattern)",
    "lora_bias": "biases of the adapter (lora_bias)",
    "fan_in_fan_out": "transposed weights (fan_in_fan_out)",
    "trainable_token_indices": "trained tokens (trainable_token_indices)",
    "target_parameters": "parameters adapted beside layers (target_parameters)",
    "layer_replication": "replicated layers (layer_replication)",
    "alora_invocation_tokens": "an adapter that begins at certain tokens (alora_invocation_tokens)",
    "arrow_config": "routing between adapters (arrow_config)",
    "use_qalora": "QA-LoRA",
    "use_bdlora": "block-diagonal LoRA",
    "kasa_config": "KaSA",
    "monteclora_config": "MonteCLoRA",
    "velora_config": "VeLoRA",
}
# These ways to begin training change the base's weights too.
INITIALISATIONS = ("pissa", "olora", "corda", "loftq")


def refuse_features(config: dict[str, Any], problem: str, able: Collection[str] = ()) -> None:
    """Raises `AdapterError` for what only PEFT itself applies; `problem` ends the sentence, `able` names exceptions."""
    if config.get("peft_type") != "LORA":
        raise AdapterError(f"{ADAPTER_CONFIG} has peft_type {json.dumps(config.get('peft_type'))}, which {problem}")
    for key, meaning in FEATURES.items():
        if config.get(key) and key not in able:
            raise AdapterError(f"{meaning} {problem}")
    if config.get("bias", "none") != "none":
        raise AdapterError(f"trained biases (bias: {config['bias']}) {problem}")
    initialisation = str(config.get("init_lora_weights", "")).lower()
    if initialisation.startswith(INITIALISATIONS):
        raise AdapterError(f"init_lora_weights {initialisation} changed the base model's weights too")
