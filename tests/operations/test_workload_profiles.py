"""One profile more or less on somebody else's environment: nobody else's is lost, whoever writes at the same time."""

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential
from azure.mgmt.appcontainers import ContainerAppsAPIClient
from azure.mgmt.storage import StorageManagementClient

from operations.cloud import Cloud
from operations.errors import CloudError
from operations.workload_profiles import Profile, add, exists, remove
from tests.operations.conftest import GROUP, LOCATION

T4 = "Consumption-GPU-NC8as-T4"
A100 = "Consumption-GPU-NC24-A100"
CONSUMPTION = {"name": "Consumption", "workloadProfileType": "Consumption"}
DEDICATED = {"name": "GPU", "workloadProfileType": "NC24-A100", "minimumCount": 0, "maximumCount": 2}


@pytest.fixture(scope="module")
def apps(azure: Cloud, storage: StorageManagementClient) -> Iterator[ContainerAppsAPIClient]:
    """Azure's own client; `storage` has made the group."""
    scopes = [f"{azure.audience}/.default"]
    with (
        DefaultAzureCredential() as credential,
        ContainerAppsAPIClient(
            credential, os.environ["ARM_SUBSCRIPTION_ID"], base_url=azure.resource_manager, credential_scopes=scopes
        ) as client,
    ):
        yield client


@pytest.fixture
def environment(apps: ContainerAppsAPIClient) -> str:
    """The id of an environment as fine-tuning makes it."""
    return make_environment(apps, [CONSUMPTION, DEDICATED])


def make_environment(apps: ContainerAppsAPIClient, profiles: list[dict[str, Any]] | None) -> str:
    body: Any = {"location": LOCATION, "tags": {"owner": "them"}, "properties": {"workloadProfiles": profiles}}
    made = apps.managed_environments.begin_create_or_update(GROUP, f"env-{uuid.uuid4().hex[:8]}", body).result()
    return str(made.id)


def shown(apps: ContainerAppsAPIClient, environment: str) -> dict[str, Any]:
    return apps.managed_environments.get(GROUP, environment.rpartition("/")[2]).as_dict()


def names(apps: ContainerAppsAPIClient, environment: str) -> set[str]:
    return {item["name"] for item in shown(apps, environment)["properties"]["workloadProfiles"]}


def test_one_item_comes_and_goes_and_nothing_else_changes(apps: ContainerAppsAPIClient, environment: str) -> None:
    before = shown(apps, environment)
    profile = Profile(environment, "gpu-0a1b2c-T4", T4)
    add(profile)
    after = shown(apps, environment)
    listed = after["properties"].pop("workloadProfiles")
    assert listed == [CONSUMPTION, DEDICATED, {"name": "gpu-0a1b2c-T4", "workloadProfileType": T4}]
    assert exists(profile)
    remove(profile)
    assert shown(apps, environment) == before
    assert not exists(profile)


def test_doing_it_again_is_fine(apps: ContainerAppsAPIClient, environment: str) -> None:
    profile = Profile(environment, "gpu-0a1b2c-T4", T4)
    add(profile)
    add(profile)
    assert names(apps, environment) == {"Consumption", "GPU", "gpu-0a1b2c-T4"}
    remove(profile)
    remove(profile)
    apps.managed_environments.begin_delete(GROUP, environment.rpartition("/")[2]).result()
    remove(profile)
    assert not exists(profile)


def test_many_at_once_lose_nothing_of_each_other(apps: ContainerAppsAPIClient, environment: str) -> None:
    profiles = [Profile(environment, f"gpu-{number}", T4 if number % 2 else A100) for number in range(6)]
    with ThreadPoolExecutor(len(profiles)) as pool:
        list(pool.map(add, profiles))
    assert names(apps, environment) == {"Consumption", "GPU"} | {profile.name for profile in profiles}
    with ThreadPoolExecutor(len(profiles)) as pool:
        list(pool.map(remove, profiles[:5]))
    assert names(apps, environment) == {"Consumption", "GPU", "gpu-5"}


def test_a_profile_of_another_type_under_the_name_is_not_touched(environment: str) -> None:
    with pytest.raises(CloudError, match="another workload profile named GPU"):
        add(Profile(environment, "GPU", T4))
    with pytest.raises(CloudError, match="another workload profile named GPU"):
        remove(Profile(environment, "GPU", T4))


def test_an_environment_without_profiles_cannot_get_one(apps: ContainerAppsAPIClient) -> None:
    with pytest.raises(CloudError, match="cannot get any"):
        add(Profile(make_environment(apps, None), "gpu", T4))


def test_it_stays_while_somebody_uses_it(apps: ContainerAppsAPIClient, environment: str) -> None:
    profile = Profile(environment, "gpu-0a1b2c-T4", T4)
    add(profile)
    container = {"name": "job", "image": "registry.example/app:1"}
    properties = {
        "environmentId": environment,
        "workloadProfileName": "GPU-0A1B2C-T4",
        "template": {"containers": [container]},
    }
    body: Any = {"location": LOCATION, "properties": properties}
    job = f"job-{uuid.uuid4().hex[:8]}"
    apps.jobs.begin_create_or_update(GROUP, job, body).result()
    with pytest.raises(CloudError, match=job):
        remove(profile)
    assert profile.name in names(apps, environment)
    apps.jobs.begin_delete(GROUP, job).result()
    remove(profile)
