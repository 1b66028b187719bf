"""Managed environments and their storages as azure-mgmt-appcontainers sees them."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.arm.test_storage_accounts import code_of
from tests.sandbox.conftest import LOCATION, Clients

GPU = "Consumption-GPU-NC24-A100"
LOGS = {"destination": "log-analytics", "logAnalyticsConfiguration": {"customerId": "c", "sharedKey": "top-secret"}}


def environment(*profiles: dict[str, Any], **more: Any) -> Any:
    listed = [{"name": "Consumption", "workloadProfileType": "Consumption"}, *profiles]
    return {"location": LOCATION, "properties": {"workloadProfiles": listed, **more}}


def storage(account: str, key: str, share: str = "models", mode: str = "ReadWrite") -> Any:
    file = {"accountName": account, "accountKey": key, "shareName": share, "accessMode": mode}
    return {"properties": {"azureFile": file}}


def test_creation_goes_through_intermediate_states_to_succeeded(clients: Clients, group: str) -> None:
    poller = clients.apps.managed_environments.begin_create_or_update(group, "env", environment())
    meanwhile = clients.apps.managed_environments.get(group, "env").provisioning_state
    assert meanwhile in {"InitializationInProgress", "InfrastructureSetupInProgress", "InfrastructureSetupComplete"}
    with pytest.raises(HttpResponseError) as refused:
        clients.apps.managed_environments.begin_create_or_update(group, "env", environment())
    assert refused.value.status_code == 409
    assert poller.result().provisioning_state == "Succeeded"


def test_the_logs_key_is_never_returned_and_survives_a_patch(clients: Clients, group: str) -> None:
    environments = clients.apps.managed_environments
    made = environments.begin_create_or_update(group, "env", environment(appLogsConfiguration=LOGS)).result()
    assert "top-secret" not in str(made.as_dict())
    patched = environments.begin_update(group, "env", {"location": LOCATION, "tags": {"a": "1"}}).result()  # type: ignore[arg-type]
    assert patched.as_dict()["properties"]["appLogsConfiguration"]["logAnalyticsConfiguration"] == {"customerId": "c"}


def test_a_patch_replaces_the_list_of_profiles_and_nothing_else(clients: Clients, group: str) -> None:
    environments = clients.apps.managed_environments
    environments.begin_create_or_update(group, "env", environment(zoneRedundant=False)).result()
    gpu = {"name": "GPU", "workloadProfileType": GPU}
    patched = environments.begin_update(group, "env", environment(gpu)).result().as_dict()["properties"]
    assert [profile["name"] for profile in patched["workloadProfiles"]] == ["Consumption", "GPU"]
    assert patched["zoneRedundant"] is False


@pytest.mark.parametrize(
    ("profile", "code", "words"),
    [
        ({"name": "GPU", "workloadProfileType": GPU, "minimumCount": 0}, "WorkloadProfilePropertyNotSupported",
         "Workload Profile property 'MinimumCount' is not supported for Consumption_GPU_NC24_A100"),
        ({"name": "GPU", "workloadProfileType": GPU, "maximumCount": 1}, "WorkloadProfilePropertyNotSupported",
         "MaximumCount"),
        ({"name": "Consumption-GPU-NC8as-T4", "workloadProfileType": "Consumption-GPU-NC8as-T4"},
         "WorkloadProfileInvalidNameTooLong", "too long"),
        ({"name": "GPU", "workloadProfileType": "NC24-A100"}, "SandboxWorkloadProfileCountsInvalid", "minimumCount"),
        ({"name": "GPU", "workloadProfileType": "H100"}, "SandboxWorkloadProfileTypeUnknown", "NC24-A100"),
    ],
)  # fmt: skip
def test_profiles_that_the_service_refuses(
    clients: Clients, group: str, profile: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(HttpResponseError, match=words) as refused:
        clients.apps.managed_environments.begin_create_or_update(group, "env", environment(profile))
    assert (refused.value.status_code, code_of(refused)) == (400, code)


def test_of_a_storage_only_the_key_can_change_and_it_is_never_returned(clients: Clients, group: str) -> None:
    clients.apps.managed_environments.begin_create_or_update(group, "env", environment()).result()
    storages = clients.apps.managed_environments_storages
    made = storages.create_or_update(group, "env", "models", storage("account1", "key-one"))
    assert "key-one" not in str(made.as_dict())
    storages.create_or_update(group, "env", "models", storage("account1", "key-two"))
    with pytest.raises(HttpResponseError) as refused:
        storages.create_or_update(group, "env", "models", storage("account1", "key-two", share="other"))
    assert (refused.value.status_code, code_of(refused)) == (400, "ManagedEnvironmentStorageUpdateBadRequest")
    assert [item.name for item in storages.list(group, "env").value] == ["models"]
    storages.delete(group, "env", "models")
    with pytest.raises(ResourceNotFoundError):
        storages.get(group, "env", "models")
    clients.apps.managed_environments.begin_delete(group, "env").result()
    with pytest.raises(ResourceNotFoundError):
        clients.apps.managed_environments.get(group, "env")
