"""The functions that programs call, on a real sandbox."""

from typing import Any

import grpc
import pytest

from sandbox.provider.arm_client import ArmClient
from tests.sandbox.provider.harness import (
    ACCOUNT,
    LOCATION,
    SECRET,
    WORKSPACE,
    Engine,
    account,
    refusal,
    resource_path,
    workspace,
)


def opened(value: dict[str, Any]) -> Any:
    """What is marked as a secret."""
    assert SECRET.items() <= value.items(), "not marked as a secret"
    return value["value"]


def test_a_look_up_finds_what_there_is(engine: Engine, group: str) -> None:
    inputs = account(group, enableHttpsTrafficOnly=True)
    identity, outputs = engine.create(ACCOUNT, inputs)
    found = engine.invoke("storage:getStorageAccount", resourceGroupName=group, accountName=inputs["accountName"])
    assert found == outputs
    assert (found["id"], found["enableHttpsTrafficOnly"]) == (identity, True)


@pytest.mark.parametrize(
    ("function", "arguments", "where", "code"),
    [
        (
            "storage:getStorageAccount",
            {"accountName": "nothere"},
            "Microsoft.Storage/storageAccounts/nothere",
            "ResourceNotFound",
        ),
        ("app:getContainerApp", {"containerAppName": "x"}, "Microsoft.App/containerApps/x", "ResourceNotFound"),
        (
            "operationalinsights:getWorkspace",
            {"resourceGroupName": "nogroup", "workspaceName": "x"},
            "Microsoft.OperationalInsights/workspaces/x",
            "ResourceGroupNotFound",
        ),
    ],
)
def test_a_look_up_of_what_is_missing_fails_in_the_real_providers_words(
    engine: Engine, arm: ArmClient, group: str, function: str, arguments: dict[str, str], where: str, code: str
) -> None:
    arguments = {"resourceGroupName": group, **arguments}
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke(function, **arguments)
    path = resource_path(arm.cloud.subscription_id, arguments["resourceGroupName"], where)
    assert refusal(caught).startswith(f'request failed {path}: Status=404 Code="{code}" Message="')


def test_a_missing_group_is_told_like_any_other(engine: Engine, arm: ArmClient) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("resources:getResourceGroup", resourceGroupName="nothere")
    path = f"/subscriptions/{arm.cloud.subscription_id}/resourceGroups/nothere"
    assert refusal(caught).startswith(f'request failed {path}: Status=404 Code="ResourceGroupNotFound"')


def test_keys_come_as_secrets(engine: Engine, group: str, arm: ArmClient) -> None:
    storage = account(group)
    identity, _ = engine.create(ACCOUNT, storage)
    names = {"resourceGroupName": group, "accountName": storage["accountName"]}
    answer = engine.invoke("storage:listStorageAccountKeys", **names)
    assert opened(answer["keys"]) == arm.post(f"{identity}/listKeys", "2024-01-01")["keys"]


@pytest.mark.parametrize("function", ["getSharedKeys", "getWorkspaceSharedKeys"])
def test_shared_keys_come_as_secrets(engine: Engine, group: str, arm: ArmClient, function: str) -> None:
    identity, _ = engine.create(WORKSPACE, workspace(group))
    answer = engine.invoke(f"operationalinsights:{function}", resourceGroupName=group, workspaceName="logs")
    there = arm.post(f"{identity}/sharedKeys", "2023-09-01")
    assert {key: opened(value) for key, value in answer.items()} == there
    assert set(there) == {"primarySharedKey", "secondarySharedKey"}


def test_the_keys_of_what_is_missing_fail_the_same_way(engine: Engine, group: str, arm: ArmClient) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("storage:listStorageAccountKeys", resourceGroupName=group, accountName="nothere")
    action = "Microsoft.Storage/storageAccounts/nothere/listKeys"
    path = resource_path(arm.cloud.subscription_id, group, action)
    assert refusal(caught).startswith(f'request failed {path}: Status=404 Code="ResourceNotFound"')


def test_the_client_is_told_who_it_is(engine: Engine, running: dict[str, str]) -> None:
    told = engine.invoke("authorization:getClientConfig")
    assert told["subscriptionId"] == running["ARM_SUBSCRIPTION_ID"]
    assert told["tenantId"] == running["ARM_TENANT_ID"]
    assert told["objectId"]
    assert told["clientId"]


def test_a_token_is_a_secret(engine: Engine) -> None:
    assert opened(engine.invoke("authorization:getClientToken")["token"]).count(".") == 2


def test_a_look_up_without_a_name_says_which(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("storage:getStorageAccount", resourceGroupName="group")
    assert refusal(caught) == "azure-native:storage:StorageAccount: 'accountName' is needed to name the resource"


def test_an_unknown_function_is_refused_by_name_with_what_there_is(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("network:getVirtualNetwork", location=LOCATION)
    assert "azure-native:network:getVirtualNetwork" in refusal(caught)
    assert "azure-native:storage:getFileShare" in refusal(caught)
