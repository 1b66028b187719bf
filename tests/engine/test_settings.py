"""Settings as the real engine hands them over: refused before anything is touched, and the toolkit's file as it is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operations import config_file
from stack.settings.parameters import PARAMETERS_FILE
from tests.engine.cloud import Cloud, refusal
from tests.engine.conftest import MakeStack
from tests.engine.harness import Workbench
from tests.engine.kinds import ENVIRONMENT, LINK

WriteParameters = Callable[[str], Path]


@pytest.fixture
def write_parameters(bench: Workbench) -> Iterator[WriteParameters]:
    """Gives the project a parameter file for the length of one test."""
    path = bench.project / PARAMETERS_FILE

    def write(content: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    yield write
    path.unlink(missing_ok=True)


def parameters(**values: Any) -> str:
    document = {"contentVersion": "1.0.0.0", "parameters": {key: {"value": value} for key, value in values.items()}}
    return json.dumps(document, indent=2)


BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"maximumInstanceCount": "many"}, ["maximumInstanceCount: must be a whole number from 1 to 1000"]),
    ({"adopt": {"app": "sometimes"}}, ["adopt.app: must be auto, always or never"]),
    ({"defaultCommands": ["cd /app", 5]}, ["defaultCommands[1]: must be a text"]),
    ({"storageAcountName": "x"}, ["storageAcountName: no such setting; did you mean storageAccountName?"]),
    ({"minimumReplicas": 2, "tags": {"a<b": 1}}, ["minimumReplicas: 2 replicas are kept", "tags.a<b: must be"]),
    ({"apiKey": "in-plain"}, ["apiKey: is a secret, but stands there in plain", "config set --secret apiKey"]),
]


@pytest.mark.parametrize(("settings", "says"), BAD, ids=[next(iter(row[0])) for row in BAD])
def test_a_bad_setting_ends_the_run_before_anything_is_touched(
    cloud: Cloud, make_stack: MakeStack, settings: dict[str, Any], says: list[str]
) -> None:
    stack = make_stack(**settings)
    writes = len(cloud.writes)
    output = stack.up().refused()
    assert [text for text in says if f"aca-inference:{text}" not in output and text not in output] == []
    assert f"Pulumi.{stack.name}.yaml:" in output
    assert "in-plain" not in output
    assert len(cloud.writes) == writes
    assert [item["type"] for item in stack.resources().values()] == ["pulumi:pulumi:Stack"]


def test_a_secret_that_is_out_of_place_is_not_shown(cloud: Cloud, make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.set_secret("fileShareName", "hidden-share")
    stack.set_secret("registryPassword", "hidden-password")
    output = stack.up().refused()
    assert "aca-inference:fileShareName: is stored as a secret" in output
    assert "aca-inference:registryPassword: has no effect without registry.username" in output
    assert "hidden" not in output


def test_a_broken_parameter_file_ends_the_run_before_anything_is_touched(
    cloud: Cloud, make_stack: MakeStack, write_parameters: WriteParameters
) -> None:
    write_parameters('{"parameters": {\n"acaAppName": {"value": "app"},\n}}')
    stack = make_stack(zzz=1)
    writes = len(cloud.writes)
    output = stack.up().refused()
    assert f"{PARAMETERS_FILE}:2: is not JSON: a comma stands before the closing bracket" in output
    assert "aca-inference:zzz: no such setting" in output
    assert len(cloud.writes) == writes


def test_the_documented_example_uses_the_named_environment_and_default_names_for_the_rest(
    cloud: Cloud, make_stack: MakeStack, write_parameters: WriteParameters
) -> None:
    write_parameters(parameters(maximumInstanceCount=2, acaEnvironmentName="my-env", acaEnvironmentStorageName=None))
    stack = make_stack()
    stack.up().succeeded()
    there = cloud.snapshot(stack.group)
    named = cloud.where(stack.group, {ENVIRONMENT: "my-env"})
    assert named[ENVIRONMENT].lower() in there
    links = [key for key in there if LINK.owns(key)]
    assert len(links) == 1
    assert links[0].startswith(named[LINK].lower())


def test_the_configuration_file_is_whole_or_as_it_was(bench: Workbench, cloud: Cloud, make_stack: MakeStack) -> None:
    stack = make_stack()
    path = bench.project / config_file.DEFAULT_PATH
    stack.preview().succeeded()
    before = path.read_bytes() if path.exists() else None

    def refuse(method: str, target: str) -> None:
        if "/containerapps/" in target:
            raise refusal()

    with cloud.interfering(refuse):
        stack.up().refused()
    assert (path.read_bytes() if path.exists() else None) == before
    stack.up().succeeded()
    config = config_file.read(path)
    assert config.resource_group_name == stack.group
    outputs = stack.outputs()
    assert json.loads(path.read_text()) == {key: outputs[key] for key in json.loads(path.read_text())}
