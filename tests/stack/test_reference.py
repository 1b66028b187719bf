"""The reference says what the program does: generated from the model, never stale, true of the project's files."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from stack import reference
from stack.settings import Settings
from stack.settings.secrets import SECRETS

PROJECT = Path(__file__).parent.parent.parent
GUID = "11111111-2222-3333-4444-555555555555"
SECURE = {"secure": "v1:abc"}


def valid(**settings: Any) -> bool:
    document = {"config": {f"aca-inference:{key}": value for key, value in settings.items()}}
    return jsonschema_rs.validator_for(reference.stack_file_schema()).is_valid(document)


@pytest.mark.parametrize(
    ("path", "generated"), [(reference.PAGE, reference.page), (reference.SCHEMA, reference.schema)]
)
def test_what_is_checked_in_is_what_the_model_says(path: Path, generated: Any) -> None:
    assert (PROJECT / path).read_text(encoding="utf-8") == generated(), "run `python -m stack.reference`"


def test_every_setting_and_secret_is_on_the_page() -> None:
    page = reference.page()
    assert [field.alias for field in Settings.model_fields.values() if f"| `{field.alias}` |" not in page] == []
    assert [key for key in SECRETS if f"| `{key}` |" not in page] == []


@pytest.mark.parametrize("name", ["Pulumi.dev.yaml", "Pulumi.local.yaml"])
def test_the_projects_own_stack_files_pass_in_an_editor(name: str) -> None:
    document = yaml.safe_load((PROJECT / name).read_text())
    assert list(jsonschema_rs.validator_for(reference.stack_file_schema()).iter_errors(document)) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"maximumInstanceCount": 2, "minimumReplicas": "1", "readOnlyMount": "false", "internal": True},
        {"adopt": {"app": "always"}, "tags": {"a": "b"}, "defaultCommands": ["a"], "logRetentionDays": 7},
        {"apiKey": SECURE, "secretEnvironmentVariables": {"HF_TOKEN": SECURE}},
        {"entra": {"clientId": GUID, "tenantId": GUID}, "authentication": "entra", "location": None},
    ],
)
def test_an_editor_takes_what_the_program_takes(settings: dict[str, Any]) -> None:
    assert valid(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"maximumInstanceCount": 0},
        {"maximumInstanceCount": "many"},
        {"storageAcountName": "x"},
        {"storageAccountName": "Not_Valid"},
        {"adopt": {"app": "sometimes"}},
        {"adopt": {"ap": "auto"}},
        {"apiKey": "in plain"},
        {"secretEnvironmentVariables": {"HF_TOKEN": "in plain"}},
        {"logRetentionDays": 8},
        {"gpuProfile": "H100"},
    ],
)
def test_an_editor_marks_what_the_program_refuses(settings: dict[str, Any]) -> None:
    assert not valid(**settings)


def test_other_projects_keys_are_none_of_our_business() -> None:
    validator = jsonschema_rs.validator_for(reference.stack_file_schema())
    assert validator.is_valid({"config": {"azure-native:location": "x"}, "encryptionsalt": "v1:x"})
