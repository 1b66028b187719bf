"""Imports and refreshes: what becomes of ARM's answer."""

from typing import Any

import grpc
import pytest

from sandbox.provider.arm_client import ArmClient
from tests.sandbox.provider.fake_arm import SUBSCRIPTION, FakeArm, error
from tests.sandbox.provider.harness import (
    ACCOUNT,
    APP,
    FILE_SERVICE,
    GROUP,
    LINK,
    LOCATION,
    Engine,
    account,
    environment_storage,
    plain,
    refusal,
    resource_path,
    secret,
)

API_VERSION = "2024-01-01"
APP_ID = resource_path(SUBSCRIPTION, "group", "Microsoft.App/containerApps/app")


def app(**template: Any) -> dict[str, Any]:
    """ARM's answer for an app, as far as it concerns a refresh."""
    return {"id": APP_ID, "name": "app", "location": LOCATION, "properties": {"template": template}}


def test_an_import_builds_inputs_from_the_id_and_the_whole_answer(engine: Engine, group: str) -> None:
    inputs = account(group, tags={"team": "ml"}, enableHttpsTrafficOnly=True)
    identity, _ = engine.create(ACCOUNT, inputs)
    answer = engine.read(ACCOUNT, identity)
    imported = plain(answer.inputs)
    assert {**imported, **inputs} == imported, "everything that made it is found again"
    assert imported["accessTier"] == "Hot", "and so is what the service filled in"
    assert not {"primaryEndpoints", "provisioningState", "id", "name", "type"} & set(imported)
    assert imported["sku"] == {"name": "Standard_LRS"}, "the tier follows from the name and cannot be set"
    assert plain(answer.properties)["sku"] == {"name": "Standard_LRS", "tier": "Standard"}


def test_imported_inputs_are_no_difference(engine: Engine, group: str) -> None:
    identity, outputs = engine.create(ACCOUNT, account(group))
    imported = plain(engine.read(ACCOUNT, identity).inputs)
    assert not engine.diff(ACCOUNT, imported, engine.checked(ACCOUNT, imported), outputs).diffs


def test_what_is_empty_was_never_set(scripted: Engine, fake: FakeArm) -> None:
    fake.resources[APP_ID] = app(containers=[{"name": "a", "env": [], "probes": None}], volumes=[], scale={})
    assert plain(scripted.read(APP, APP_ID).inputs)["template"] == {"containers": [{"name": "a"}]}


def test_what_stands_beside_the_properties_is_not_taken_from_them(scripted: Engine, fake: FakeArm) -> None:
    fake.resources[APP_ID] = {**app(), "kind": "workflowapp", "properties": {"kind": "x", "identity": {"type": "x"}}}
    outputs = plain(scripted.read(APP, APP_ID).properties)
    assert outputs["kind"] == "workflowapp"
    assert "identity" not in outputs


def test_an_import_lists_identities_by_their_ids(scripted: Engine, fake: FakeArm) -> None:
    identity = {"type": "UserAssigned", "principalId": "p", "userAssignedIdentities": {"/b": {}, "/a": {}}}
    fake.resources[APP_ID] = {**app(), "identity": identity}
    assert plain(scripted.read(APP, APP_ID).inputs)["identity"] == {
        "type": "UserAssigned",
        "userAssignedIdentities": ["/a", "/b"],
    }


def test_an_id_of_another_type_is_refused(engine: Engine, group: str, arm: ArmClient) -> None:
    identity = f"/subscriptions/{arm.cloud.subscription_id}/resourceGroups/{group}"
    with pytest.raises(grpc.RpcError) as caught:
        engine.read(ACCOUNT, identity)
    assert f"'{identity}' is not an id of azure-native:{ACCOUNT}" in refusal(caught)


@pytest.mark.parametrize("ending", ["group", "group/providers/Microsoft.Storage/storageAccounts/nothere"])
def test_what_is_gone_has_no_id(engine: Engine, arm: ArmClient, ending: str) -> None:
    identity = f"/subscriptions/{arm.cloud.subscription_id}/resourceGroups/{ending}"
    token = ACCOUNT if "Storage" in ending else GROUP
    assert engine.read(token, identity).id == ""
    assert engine.refresh(token, identity, {}, {}).id == ""


def test_what_cannot_be_read_is_not_gone(scripted: Engine, fake: FakeArm) -> None:
    """Otherwise a refresh would drop it from the state, and the next run would make it again."""
    fake.script("GET", "/app", error(403, "AuthorizationFailed", "No."))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.refresh(APP, APP_ID, {}, {})
    assert refusal(caught) == 'Status=403 Code="AuthorizationFailed" Message="No."'


def test_a_refresh_shows_what_was_changed_outside_and_nothing_else(engine: Engine, group: str, arm: ArmClient) -> None:
    inputs = account(group, tags={"a": "1", "b": "2"})
    identity, outputs = engine.create(ACCOUNT, inputs)
    assert plain(engine.refresh(ACCOUNT, identity, inputs, outputs).inputs) == inputs
    changed = {**arm.read(identity, API_VERSION), "tags": {"a": "3"}}
    changed["properties"]["minimumTlsVersion"] = "TLS1_2"
    arm.put(identity, API_VERSION, changed)
    refreshed = engine.refresh(ACCOUNT, identity, inputs, outputs)
    assert plain(refreshed.inputs) == {**inputs, "tags": {"a": "3"}, "minimumTlsVersion": "TLS1_2"}
    assert plain(refreshed.properties)["minimumTlsVersion"] == "TLS1_2"


def test_a_refresh_finds_changes_deep_inside(scripted: Engine, fake: FakeArm) -> None:
    inputs = {"template": {"containers": [{"name": "a", "image": "a:1"}], "scale": {"maxReplicas": 1}}}
    containers = [{"name": "a", "image": "a:1", "imageType": "ContainerImage"}]
    fake.resources[APP_ID] = app(containers=containers, scale={"maxReplicas": 1, "cooldownPeriod": 300})
    outputs = plain(scripted.read(APP, APP_ID).properties)
    fake.resources[APP_ID] = app(
        containers=[{**containers[0], "image": "a:2"}, {"name": "sidecar"}], scale={"cooldownPeriod": 60}
    )
    assert plain(scripted.refresh(APP, APP_ID, inputs, outputs).inputs) == {
        "template": {
            "containers": [{"name": "a", "image": "a:2"}, {"name": "sidecar"}],
            "scale": {"cooldownPeriod": 60},
        }
    }


def test_a_refresh_keeps_what_arm_never_tells(scripted: Engine, fake: FakeArm) -> None:
    inputs = environment_storage("group", key="the key")
    identity, outputs = scripted.create(LINK, inputs)
    del fake.resources[identity]["properties"]["azureFile"]["accountKey"]
    del outputs["properties"]["azureFile"]["accountKey"]
    file = plain(scripted.refresh(LINK, identity, inputs, outputs).inputs)["properties"]["azureFile"]
    assert file == {**inputs["properties"]["azureFile"], "accountKey": secret("the key")}


def test_the_file_service_is_imported_like_any_other(engine: Engine, group: str) -> None:
    identity, _ = engine.create(ACCOUNT, account(group))
    imported = plain(engine.read(FILE_SERVICE, f"{identity}/fileServices/default").inputs)
    assert imported["fileServicesName"] == "default"
    assert imported["shareDeleteRetentionPolicy"] == {"enabled": True, "days": 7}
