"""What holds other things goes only when it is empty and carries the mark."""

import os
import uuid
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.mgmt.appcontainers import ContainerAppsAPIClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from operations.cloud import Cloud
from operations.containers import delete_if_empty
from tests.operations.conftest import LOCATION

MARK = {"aca-inference-stack": "organization/project/stack"}


@pytest.fixture
def clients(azure: Cloud, storage: StorageManagementClient) -> Any:
    told: Any = {"base_url": azure.resource_manager, "credential_scopes": [f"{azure.audience}/.default"]}
    subscription = os.environ["ARM_SUBSCRIPTION_ID"]
    with (
        DefaultAzureCredential() as credential,
        ResourceManagementClient(credential, subscription, **told) as groups,
        ContainerAppsAPIClient(credential, subscription, **told) as apps,
    ):
        yield groups, apps


@pytest.fixture
def group(clients: Any) -> str:
    """The id of a group with the mark."""
    body = {"location": LOCATION, "tags": MARK}
    return str(clients[0].resource_groups.create_or_update(f"group-{uuid.uuid4().hex[:8]}", body).id)


def name_of(resource_id: str) -> str:
    return resource_id.rpartition("/")[2]


def make_account(storage: StorageManagementClient, group: str) -> str:
    wanted: Any = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "tags": MARK}
    name = f"ops{uuid.uuid4().hex[:12]}"
    return str(storage.storage_accounts.begin_create(name_of(group), name, wanted).result().id)


def test_a_group_goes_once_nothing_is_in_it(storage: StorageManagementClient, group: str, clients: Any) -> None:
    account = make_account(storage, group)
    assert delete_if_empty(group, MARK) == [name_of(account)]
    assert delete_if_empty(account, MARK) == []
    assert delete_if_empty(group, MARK) == []
    assert not clients[0].resource_groups.check_existence(name_of(group))
    assert delete_if_empty(group, MARK) == []


def test_an_account_with_anybodys_share_stays(storage: StorageManagementClient, group: str) -> None:
    account = make_account(storage, group)
    storage.file_shares.create(name_of(group), name_of(account), "theirs", {})
    assert delete_if_empty(account, MARK) == ["theirs"]
    storage.file_shares.delete(name_of(group), name_of(account), "theirs")
    assert delete_if_empty(account, MARK) == []
    with pytest.raises(ResourceNotFoundError):
        storage.storage_accounts.get_properties(name_of(group), name_of(account))


def test_an_environment_with_anybodys_link_or_job_stays(group: str, clients: Any) -> None:
    apps = clients[1]
    place = name_of(group), "env"
    profiles = {"workloadProfiles": [{"name": "Consumption", "workloadProfileType": "Consumption"}]}
    body = {"location": LOCATION, "tags": MARK, "properties": profiles}
    environment = str(apps.managed_environments.begin_create_or_update(*place, body).result().id)
    file = {"accountName": "a", "accountKey": "k", "shareName": "s", "accessMode": "ReadOnly"}
    apps.managed_environments_storages.create_or_update(*place, "theirs", {"properties": {"azureFile": file}})
    containers = {"containers": [{"name": "job", "image": "registry.example/app:1"}]}
    job = {"location": LOCATION, "properties": {"environmentId": environment, "template": containers}}
    apps.jobs.begin_create_or_update(place[0], "job", job).result()
    assert delete_if_empty(environment, MARK) == ["job", "theirs"]
    apps.jobs.begin_delete(place[0], "job").result()
    apps.managed_environments_storages.delete(*place, "theirs")
    assert delete_if_empty(environment, MARK) == []
    with pytest.raises(ResourceNotFoundError):
        apps.managed_environments.get(*place)


def test_what_somebody_else_made_under_the_same_id_stays_however_empty(group: str, clients: Any) -> None:
    assert delete_if_empty(group, {"aca-inference-stack": "organization/project/another"}) == []
    assert clients[0].resource_groups.check_existence(name_of(group))
