"""A preview from nothing: what Azure will choose is unknown there, and stays unknown through every component."""

from typing import Any

from tests.engine.conftest import MakeStack
from tests.engine.events import Log

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's word for a value that is not known yet (pulumi/sdk: `plugin.UnknownStringValue`)."""


def test_what_is_unknown_in_the_preview_is_known_in_the_deed_and_the_rest_is_the_same(make_stack: MakeStack) -> None:
    stack = make_stack(authentication="apiKey")
    planned = inputs(stack.preview().succeeded().log)
    done = inputs(stack.up().succeeded().log)
    unknown = {path for path, value in planned.items() if value == UNKNOWN}
    for name, path in {
        "the account's key decides the link's name": "inference-link-link.storageName",
        "the app mounts that link": "inference-endpoint-app.template.volumes[0].storageName",
        "the service chooses the environment's log workspace id": (
            "inference-environment-environment.appLogsConfiguration.logAnalyticsConfiguration.customerId"
        ),
    }.items():
        assert path in unknown, name
    assert not any(value == UNKNOWN for value in done.values())
    assert {path: done[path] for path in planned.keys() - unknown} == {
        path: value for path, value in planned.items() if path not in unknown
    }


def inputs(log: Log) -> dict[str, Any]:
    """Every input of the Azure resources of a plan or a deployment, by logical name and path."""
    found: dict[str, Any] = {}
    for step in log.steps:
        if step.type.startswith("azure-native:"):
            _add(found, step.name, step.new["inputs"])
    return found


def _add(found: dict[str, Any], path: str, value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _add(found, f"{path}.{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _add(found, f"{path}[{index}]", item)
    else:
        found[path] = value
