"""A project that the AI Toolkit generated goes through the daily commands without an edit of any of its files."""

import hashlib
import json
from pathlib import Path

from tests.daily import template
from tests.daily.conftest import Project

CONFIG = "infra/inference.config.json"


def fingerprints(folder: Path) -> dict[str, str]:
    """Of the files that the template and fine-tuning made."""
    rooms = ("dataset", "finetuning", "inference", "infra", "model-cache", "models", "setup")
    files = [path for room in rooms for path in sorted((folder / room).rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_provision_upload_deploy_chat_evaluate(generated: Project) -> None:
    before = fingerprints(generated.folder)
    assert json.loads((generated.folder / CONFIG).read_text()) == template.CONFIG
    provisioned = generated.run("provision", "--yes")
    assert "upload" in provisioned.stdout, "the way on is told while there is no model yet"
    written = json.loads((generated.folder / CONFIG).read_text())
    assert all(written.values())
    assert written.keys() == template.CONFIG.keys()
    for folder in (template.ADAPTER_FOLDER, template.MODEL_FOLDER):
        assert f"/{folder}\n" in generated.run("upload", folder, "--yes").stdout

    generated.run("deploy", "--yes")
    assert generated.run("chat", "--model", template.BASE, "Hello!").stdout.strip()
    data = [json.loads(line) for line in (generated.folder / template.DATASET).read_text().splitlines()]
    question = f"Which tone does this text have: joy, sadness, anger, fear, love or surprise?\n\n{data[0]['phrase']}"
    assert generated.run("chat", "--temperature", "0", question).stdout.strip() in {item["tone"] for item in data}

    report = json.loads(generated.run("evaluate", template.DATASET, "--limit", "4", "--json").stdout)
    assert report["items"] == 4
    assert [model["model"] for model in report["models"]] == [template.BASE, "tone"]
    after = fingerprints(generated.folder)
    assert {path for path, content in after.items() if before.get(path) != content} <= {
        CONFIG,
        CONFIG.replace("config.json", "config.set-aside.json"),
    }
