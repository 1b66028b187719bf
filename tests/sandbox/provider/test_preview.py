"""What a preview knows, and that it asks nobody."""

from typing import Any

import pytest

from sandbox.provider.wire import UNKNOWN
from tests.sandbox.provider.fake_arm import SUBSCRIPTION, FakeArm
from tests.sandbox.provider.harness import ACCOUNT, APP, GROUP, LOCATION, Engine, account

APP_INPUTS: dict[str, Any] = {
    "resourceGroupName": "group",
    "containerAppName": "app",
    "location": LOCATION,
    "environmentId": UNKNOWN,
    "configuration": {"ingress": {"targetPort": 7860}},
    "template": {"containers": [{"name": "a", "resources": {"cpu": 1}}, {"name": "b", "resources": {"cpu": 2}}]},
}


def test_a_preview_asks_nothing(scripted: Engine, fake: FakeArm) -> None:
    """So it cannot see that something exists already."""
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"
    fake.resources[path] = {"id": path, "location": LOCATION}
    inputs = {"resourceGroupName": "group", "location": LOCATION}
    identity, _ = scripted.create(GROUP, inputs, preview=True)
    scripted.update(GROUP, path, {**inputs, "tags": {"a": "1"}}, preview=True)
    assert identity == ""
    assert not fake.seen


def test_a_preview_of_a_create_knows_the_inputs_and_marks_the_rest(scripted: Engine) -> None:
    _, outputs = scripted.create(APP, APP_INPUTS, preview=True)
    assert outputs["configuration"]["ingress"] == {"targetPort": 7860, "fqdn": UNKNOWN}
    assert [container["resources"] for container in outputs["template"]["containers"]] == [
        {"cpu": 1, "ephemeralStorage": UNKNOWN},
        {"cpu": 2, "ephemeralStorage": UNKNOWN},
    ]
    unknown = ("id", "name", "type", "latestRevisionName", "provisioningState", "environmentId")
    assert {key: outputs[key] for key in unknown} == dict.fromkeys(unknown, UNKNOWN)
    assert outputs["location"] == LOCATION
    assert outputs["azureApiVersion"] == "2025-02-02-preview"


@pytest.mark.parametrize("name", ["name", "location"])
def test_a_preview_of_an_update_knows_what_an_update_cannot_change(scripted: Engine, name: str) -> None:
    outputs = scripted.update(ACCOUNT, "/id", account("group"), {name: "before", "primaryEndpoints": {}}, preview=True)
    assert outputs[name] == "before"
    assert outputs["primaryEndpoints"] == UNKNOWN
