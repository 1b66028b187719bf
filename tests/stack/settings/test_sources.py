"""Where settings come from: later sources win, null is the default, and places are found in the file people edit."""

import json
from pathlib import Path

import pytest

from stack.settings import AdoptionMode, Authentication
from stack.settings.stack_file import lines_of, origins, path_of
from tests.stack.settings.conftest import PREFIX, Load, write_parameters, write_stack_file

ENOUGH = "resourceGroup: group\nimage: registry.example/app:1\n"
TOOLKIT = """{
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
      "defaultCommands": {
        "value": ["cd /mount", "pip install peft==0.10.0", "cd /mount/inference", "python3 ./gradio_chat.py"]
      },
      "maximumInstanceCount": { "value": 2 },
      "location": { "value": null },
      "storageAccountName": { "value": null },
      "fileShareName": { "value": null },
      "acaEnvironmentName": { "value": %s },
      "acaEnvironmentStorageName": { "value": null },
      "acaAppName": { "value": null },
      "acaLogAnalyticsName": { "value": null }
    }
  }
"""
"""The AI Toolkit's file for a generated project, and with its documentation's example of an existing environment."""


def test_a_generated_project_works_as_it_is(project: Path, load_settings: Load) -> None:
    write_stack_file(project, ENOUGH)
    write_parameters(project, TOOLKIT % "null")
    settings = load_settings()
    assert "default_commands" not in settings.model_fields_set, "the template's own commands mean the default"
    assert settings.maximum_instance_count == 2
    assert settings.location is None
    assert settings.storage_account_name is None
    assert settings.aca_environment_name is None


def test_commands_that_somebody_changed_are_theirs(project: Path, load_settings: Load) -> None:
    write_stack_file(project, ENOUGH)
    write_parameters(project, (TOOLKIT % "null").replace("gradio_chat.py", "my_chat.py"))
    assert load_settings().default_commands[-1] == "python3 ./my_chat.py"


def test_the_documented_example_of_an_existing_environment(project: Path, load_settings: Load) -> None:
    write_stack_file(project, ENOUGH)
    write_parameters(project, TOOLKIT % '"your-aca-env"')
    settings = load_settings()
    assert settings.aca_environment_name == "your-aca-env"
    assert settings.aca_environment_storage_name is None


def test_a_file_saved_on_windows_is_read(project: Path, load_settings: Load) -> None:
    write_stack_file(project, ENOUGH)
    write_parameters(project, b"\xef\xbb\xbf" + (TOOLKIT % "null").replace("\n", "\r\n").encode())
    assert load_settings().maximum_instance_count == 2


def test_the_stack_wins_over_the_file_and_the_file_over_the_default(project: Path, load_settings: Load) -> None:
    write_parameters(project, TOOLKIT % '"from-file"')
    write_stack_file(project, ENOUGH)
    assert (load_settings().maximum_instance_count, load_settings().aca_environment_name) == (2, "from-file")
    write_stack_file(project, ENOUGH + "maximumInstanceCount: 3\nacaEnvironmentName: from-stack")
    assert (load_settings().maximum_instance_count, load_settings().aca_environment_name) == (3, "from-stack")


def test_an_empty_or_null_value_of_the_stack_gives_nothing(project: Path, load_settings: Load) -> None:
    write_parameters(project, TOOLKIT % '"from-file"')
    write_stack_file(project, ENOUGH + "acaEnvironmentName:\nfileShareName: ''\nadopt: {app: null}\nregistry: null")
    settings = load_settings()
    assert settings.aca_environment_name == "from-file"
    assert settings.file_share_name is None
    assert settings.adopt.app is AdoptionMode.AUTO
    assert settings.registry is None


def test_values_are_taken_in_the_forms_in_which_pulumi_writes_them(project: Path, load_settings: Load) -> None:
    """`pulumi config set` writes numbers and switches as text, and lists too when they are given as JSON."""
    write_stack_file(
        project,
        ENOUGH + "maximumInstanceCount: '2'\nreadOnlyMount: 'false'\ndefaultCommands: '[\"a\"]'\n"
        "tags:\n  number: '1'\nstorageAccountName: '123456'\nlocation: West US 3",
    )
    settings = load_settings()
    assert settings.maximum_instance_count == 2
    assert not settings.read_only_mount
    assert settings.default_commands == ("a",)
    assert settings.tags == {"number": "1"}
    assert settings.storage_account_name == "123456"
    assert settings.location == "westus3"


def test_secrets_are_known_to_be_given_and_nothing_else(project: Path, load_settings: Load) -> None:
    write_stack_file(
        project,
        ENOUGH + "apiKey: {secure: hidden}\nsecretEnvironmentVariables: {B: {secure: hidden}, A: {secure: hidden}}",
    )
    settings = load_settings()
    assert settings.authentication is Authentication.API_KEY
    assert settings.secrets.api_key
    assert settings.secrets.environment_variables == ("A", "B")
    assert "hidden" not in repr(settings)


def test_all_secret_variables_may_be_one_secret(project: Path, load_settings: Load) -> None:
    write_stack_file(project, ENOUGH + 'secretEnvironmentVariables: {secure: \'{"HF_TOKEN": "hidden"}\'}')
    assert load_settings().secrets.environment_variables == ("HF_TOKEN",)


def test_single_addresses_become_ranges_where_ranges_are_wanted_and_the_other_way_round(
    project: Path, load_settings: Load
) -> None:
    write_stack_file(
        project, ENOUGH + "allowedIpRanges: [203.0.114.1]\nstorageNetworkRules: {allowedIpRanges: [20.0.0.1/32]}"
    )
    settings = load_settings()
    assert settings.allowed_ip_ranges == ("203.0.114.1/32",)
    assert settings.storage_network_rules is not None
    assert settings.storage_network_rules.allowed_ip_ranges == ("20.0.0.1",)


def test_a_setting_in_the_project_file_is_placed_there(project: Path) -> None:
    (project / "Pulumi.yaml").write_text(f"name: x\nconfig:\n  {PREFIX}location: a\n  {PREFIX}image: b\n")
    (project / "Pulumi.dev.yaml").write_text(f"config:\n  {PREFIX}image: c\n")
    found = origins("organization/aca-inference/dev", PREFIX)
    assert found["location"].place(("location",)) == "Pulumi.yaml:3: aca-inference:location"
    assert found["image"].place(("image",)) == "Pulumi.dev.yaml:2: aca-inference:image"


def test_a_stack_file_elsewhere_is_named_and_a_mere_copy_is_not(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The sandbox's own stack works on a copy, with a salt of its own; people edit the project's file."""
    used = tmp_path_factory.mktemp("used") / "Pulumi.dev.yaml"
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", str(used))
    text = f"config:\n  {PREFIX}image: a\n"
    used.write_text(text + "encryptionsalt: v1:x\n")
    assert origins("dev", PREFIX)["image"].file == str(used)
    (project / "Pulumi.dev.yaml").write_text(text)
    assert origins("dev", PREFIX)["image"].file == "Pulumi.dev.yaml"


@pytest.mark.parametrize("content", [b"", b"[]", b"config: 1", b"a: [", b"config:\n  - x", b"\xff\xfe"])
def test_a_stack_file_that_cannot_be_read_gives_no_places(project: Path, content: bytes) -> None:
    path = path_of("dev")
    path.write_bytes(content)
    assert lines_of(path, PREFIX) == {}


def test_the_file_need_not_hold_all_nine(project: Path, load_settings: Load) -> None:
    write_stack_file(project, ENOUGH)
    write_parameters(project, json.dumps({"parameters": {"acaAppName": {"value": "app", "metadata": {"mine": 1}}}}))
    assert load_settings().aca_app_name == "app"
