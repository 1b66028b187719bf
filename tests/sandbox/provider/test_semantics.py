"""The documented semantics of azure-native, one test each, asked over the engine's own protocol."""

from typing import Any

import grpc
import pytest

from sandbox.provider.arm_client import ArmClient
from sandbox.provider.wire import UNKNOWN
from tests.sandbox.provider.conftest import Engine

ACCOUNT = "storage:StorageAccount"
SHARE = "storage:FileShare"
GROUP = "resources:ResourceGroup"
ENVIRONMENT = "app:ManagedEnvironment"
LINK = "app:ManagedEnvironmentsStorage"
API_VERSION = "2024-01-01"


def account(group: str, name: str = "account1", **more: Any) -> dict[str, Any]:
    return {
        "resourceGroupName": group,
        "accountName": f"{name}{abs(hash(group)) % 10**8}",
        "location": "swedencentral",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        **more,
    }


def refusal(caught: "pytest.ExceptionInfo[grpc.RpcError]") -> str:
    return caught.value.details()  # type: ignore[attr-defined]


def test_a_create_refuses_what_exists(engine: Engine, group: str) -> None:
    identity, _ = engine.create(ACCOUNT, account(group))
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(ACCOUNT, account(group))
    assert refusal(caught) == f"cannot create already existing resource '{identity}'"


def test_the_default_file_service_is_adopted_by_a_create_and_outlives_a_delete(
    engine: Engine, group: str, arm: ArmClient
) -> None:
    made = account(group)
    engine.create(ACCOUNT, made)
    inputs = {"resourceGroupName": group, "accountName": made["accountName"], "fileServicesName": "default"}
    retention = {"shareDeleteRetentionPolicy": {"enabled": True, "days": 3}}
    identity, _ = engine.create("storage:FileServiceProperties", {**inputs, **retention})
    assert arm.read(identity, API_VERSION)["properties"]["shareDeleteRetentionPolicy"]["days"] == 3
    engine.delete("storage:FileServiceProperties", identity)
    assert arm.get(identity, API_VERSION)


def test_a_preview_calls_nothing_and_marks_what_azure_computes(engine: Engine, group: str, arm: ArmClient) -> None:
    inputs = {
        "resourceGroupName": group,
        "containerAppName": "app",
        "location": "swedencentral",
        "configuration": {"ingress": {"targetPort": 7860}},
    }
    identity, outputs = engine.create("app:ContainerApp", inputs, preview=True)
    assert identity == ""
    assert outputs["configuration"]["ingress"]["fqdn"] == UNKNOWN
    path = (
        f"/subscriptions/{arm.cloud.subscription_id}/resourceGroups/{group}/providers/Microsoft.App/containerApps/app"
    )
    assert arm.get(path, "2025-02-02-preview") is None


def test_a_name_that_is_not_given_is_the_logical_one_with_eight_digits(engine: Engine) -> None:
    assert engine.check(GROUP, {"location": "westus3"})["resourceGroupName"] == "logical00010203"


def test_a_name_that_was_made_up_once_stays(engine: Engine) -> None:
    assert engine.check(GROUP, {}, olds={"resourceGroupName": "kept"})["resourceGroupName"] == "kept"


def test_the_location_comes_from_the_group_where_nothing_else_says_it(engine: Engine, group: str) -> None:
    inputs = {key: value for key, value in account(group).items() if key != "location"}
    assert engine.check(ACCOUNT, inputs)["location"] == "swedencentral"


def test_the_configured_location_comes_before_the_groups(engine: Engine, group: str) -> None:
    engine.configure(location="westus3")
    inputs = {key: value for key, value in account(group).items() if key != "location"}
    assert engine.check(ACCOUNT, inputs)["location"] == "westus3"


@pytest.mark.parametrize(
    ("change", "replaced"),
    [
        ({"location": "westus3"}, ["location"]),
        ({"accountName": "another"}, ["accountName"]),
        ({"minimumTlsVersion": "TLS1_2"}, []),
        ({"tags": {"team": "ml"}}, []),
    ],
)
def test_immutable_properties_replace_and_others_update(
    engine: Engine, change: dict[str, Any], replaced: list[str]
) -> None:
    old = account("group")
    found = engine.diff(ACCOUNT, old, {**old, **change})
    assert list(found.diffs) == list(change)
    assert list(found.replaces) == replaced


def test_equal_inputs_and_equally_meant_locations_are_no_difference(engine: Engine) -> None:
    old = account("group")
    assert not engine.diff(ACCOUNT, old, {**old, "location": "Sweden Central"}).diffs


def test_a_difference_deep_inside_is_named_by_its_path(engine: Engine) -> None:
    old = {"template": {"containers": [{"image": "a:1", "name": "app"}]}}
    new = {"template": {"containers": [{"image": "a:2", "name": "app"}]}}
    assert list(engine.diff("app:ContainerApp", old, new).diffs) == ["template.containers[0].image"]


def test_an_update_reaches_azure(engine: Engine, group: str, arm: ArmClient) -> None:
    identity, _ = engine.create(ACCOUNT, account(group))
    engine.update(ACCOUNT, identity, account(group, minimumTlsVersion="TLS1_2", enableHttpsTrafficOnly=True))
    properties = arm.read(identity, API_VERSION)["properties"]
    assert (properties["minimumTlsVersion"], properties["supportsHttpsTrafficOnly"]) == ("TLS1_2", True)


def test_a_read_of_what_is_gone_says_so(engine: Engine, group: str) -> None:
    identity, _ = engine.create(ACCOUNT, account(group))
    engine.delete(ACCOUNT, identity)
    assert engine.read(ACCOUNT, identity, account(group)).id == ""
    engine.delete(ACCOUNT, identity)  # a second delete finds nothing, which is what was wanted


def test_an_import_builds_inputs_from_the_id_and_the_answer(engine: Engine, group: str) -> None:
    inputs = account(group, tags={"team": "ml"})
    identity, _ = engine.create(ACCOUNT, inputs)
    imported = dict(engine.read(ACCOUNT, identity).inputs)
    assert imported["accountName"] == inputs["accountName"]
    assert imported["resourceGroupName"] == group
    assert dict(imported["tags"]) == {"team": "ml"}
    assert "primaryEndpoints" not in imported


def test_a_refresh_shows_what_was_changed_outside_and_keeps_what_azure_never_returns(
    engine: Engine, group: str, arm: ArmClient
) -> None:
    storage = account(group)
    identity, _ = engine.create(ACCOUNT, storage)
    key = arm.post(f"{identity}/listKeys", API_VERSION)["keys"][0]["value"]
    share = {"resourceGroupName": group, "accountName": storage["accountName"], "shareName": "share", "shareQuota": 5}
    engine.create(SHARE, share)
    where = {"resourceGroupName": group, "environmentName": "env"}
    engine.create(ENVIRONMENT, {**where, "location": "swedencentral", "tags": {"a": "before"}})
    file = {"accountName": storage["accountName"], "accountKey": key, "shareName": "share", "accessMode": "ReadWrite"}
    link = {**where, "storageName": "link", "properties": {"azureFile": file}}
    link_id, outputs = engine.create(LINK, link)
    assert "accountKey" not in outputs["properties"]["azureFile"]
    refreshed = engine.read(LINK, link_id, link)
    assert dict(refreshed.inputs["properties"]["azureFile"])["accountKey"] == key


def test_keys_come_as_secrets(engine: Engine, group: str) -> None:
    storage = account(group)
    engine.create(ACCOUNT, storage)
    answer = engine.invoke(
        "storage:listStorageAccountKeys", resourceGroupName=group, accountName=storage["accountName"]
    )
    assert answer["keys"]["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"


def test_a_look_up_of_what_is_missing_fails_with_status_and_code(engine: Engine, group: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("storage:getStorageAccount", resourceGroupName=group, accountName="nothere")
    assert 'Status=404 Code="ResourceNotFound"' in refusal(caught)


def test_an_unknown_type_is_refused_by_name_with_what_there_is(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.check("network:VirtualNetwork", {})
    assert "network:VirtualNetwork" in refusal(caught)
    assert ACCOUNT in refusal(caught)


def test_without_a_sandbox_the_stand_in_refuses_to_call_anything(alone: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        alone.configure()
    assert "ARM_METADATA_HOSTNAME" in refusal(caught)
