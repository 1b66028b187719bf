"""Jobs hold on to what they use, sign-in settings and address rules reach the fleet, and so do mount options."""

from collections.abc import Generator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from sandbox.fleet.gate import Gate
from tests.sandbox.arm.test_container_apps import Place
from tests.sandbox.arm.test_environments import environment, storage
from tests.sandbox.arm.test_storage_accounts import code_of
from tests.sandbox.conftest import IMAGE, LOCATION, Clients, Cloud


@pytest.fixture
def place(cloud: Cloud, clients: Clients) -> Generator[Place]:
    place = Place(cloud, clients)
    yield place
    place.delete()


def job(place: Place, **properties: Any) -> Any:
    template = {
        "containers": [{"name": "job", "image": IMAGE}],
        "volumes": [{"name": "v", "storageType": "AzureFile", "storageName": "link"}],
    }
    wanted = {"environmentId": place.environment_id, "workloadProfileName": "GPU", "template": template, **properties}
    return {"location": LOCATION, "properties": wanted}


def sign_in(**more: Any) -> Any:
    directory = {"registration": {"clientId": "client"}, "validation": {"allowedAudiences": ["api://client"]}, **more}
    validation = {"unauthenticatedClientAction": "Return401", "excludedPaths": ["/health/ready"]}
    providers = {"azureActiveDirectory": directory}
    return {
        "properties": {"platform": {"enabled": True}, "globalValidation": validation, "identityProviders": providers}
    }


def test_a_job_holds_on_to_environment_profile_and_storage(place: Place) -> None:
    apps = place.clients.apps
    apps.jobs.begin_create_or_update(place.group, "job", job(place)).result()
    with pytest.raises(HttpResponseError, match="'job' mounts it") as mounted:
        apps.managed_environments_storages.delete(place.group, "env", "link")
    assert code_of(mounted) == "SandboxStorageInUse"
    with pytest.raises(HttpResponseError, match="placed on it") as placed:
        apps.managed_environments.begin_update(place.group, "env", environment())
    assert code_of(placed) == "SandboxWorkloadProfileInUse"
    with pytest.raises(HttpResponseError, match="job") as inside:
        apps.managed_environments.begin_delete(place.group, "env")
    assert inside.value.status_code == 409
    apps.jobs.begin_delete(place.group, "job").result()
    apps.managed_environments_storages.delete(place.group, "env", "link")
    apps.managed_environments.begin_update(place.group, "env", environment()).result()


@pytest.mark.parametrize(
    "properties",
    [{"environmentId": "/nowhere"}, {"workloadProfileName": "none"}, {"template": {"containers": []}}],
)
def test_a_job_needs_what_it_names(place: Place, properties: dict[str, Any]) -> None:
    with pytest.raises(HttpResponseError) as refused:
        place.clients.apps.jobs.begin_create_or_update(place.group, "job", job(place, **properties))
    assert refused.value.status_code == 400


def test_the_profile_that_an_app_is_on_cannot_be_taken_off(place: Place) -> None:
    place.put(place.body())
    with pytest.raises(HttpResponseError, match="'app' is placed on it"):
        place.clients.apps.managed_environments.begin_update(place.group, "env", environment())


def test_sign_in_settings_and_address_rules_reach_the_ingress_and_go_again(place: Place) -> None:
    body = place.body()
    rules = [{"name": "here", "ipAddressRange": "127.0.0.0/8", "action": "Allow"}]
    body["properties"]["configuration"]["ingress"]["ipSecurityRestrictions"] = rules
    place.put(body)

    def gate() -> Gate:
        return place.cloud.fleet.specs[place.app_id].gate

    assert gate() == Gate(allowed_networks=("127.0.0.0/8",))
    configs = place.clients.apps.container_apps_auth_configs
    configs.create_or_update(place.group, "app", "current", sign_in())
    while gate().token_audiences is None:
        pass
    assert gate().token_audiences == ("client", "api://client")
    assert gate().open_paths == ("/health/ready",)
    assert [config.name for config in configs.list_by_container_app(place.group, "app")] == ["current"]
    configs.delete(place.group, "app", "current")
    while gate().token_audiences is not None:
        pass
    with pytest.raises(ResourceNotFoundError):
        configs.get(place.group, "app", "current")


def test_sign_in_settings_have_one_name_and_only_secrets_of_the_app(place: Place) -> None:
    place.put(place.body())
    configs = place.clients.apps.container_apps_auth_configs
    with pytest.raises(HttpResponseError) as named:
        configs.create_or_update(place.group, "app", "other", sign_in())
    assert code_of(named) == "SandboxAuthConfigInvalidName"
    with pytest.raises(HttpResponseError) as secret:
        missing = {"registration": {"clientId": "client", "clientSecretSettingName": "none"}}
        configs.create_or_update(place.group, "app", "current", sign_in(**missing))
    assert code_of(secret) == "SandboxAuthConfigSecretNotFound"


@pytest.mark.parametrize(
    ("options", "read_only"), [("ro,file_mode=0777", True), ("file_mode=0777", False), (None, False)]
)
def test_a_volume_can_be_mounted_read_only(place: Place, options: str | None, read_only: bool) -> None:
    body = place.body(volumeMounts=[{"volumeName": "link", "mountPath": "/mount"}])
    body["properties"]["template"]["volumes"][0]["mountOptions"] = options
    place.put(body)
    (revision,) = place.cloud.fleet.specs[place.app_id].revisions
    assert [mount.read_only for mount in revision.container.mounts] == [read_only]


def test_a_revision_that_is_being_replaced_keeps_its_mounts_though_the_key_is_new(place: Place) -> None:
    clients = place.clients
    body = place.body(volumeMounts=[{"volumeName": "link", "mountPath": "/mount"}])
    body["properties"]["template"]["volumes"].pop()
    place.put(body)
    clients.storage.storage_accounts.regenerate_key(place.group, place.account, {"keyName": "key1"})  # type: ignore[arg-type]
    new = storage(place.account, clients.account_key(place.group, place.account))
    clients.apps.managed_environments_storages.create_or_update(place.group, "env", "renewed", new)
    body["properties"]["template"]["volumes"][0]["storageName"] = "renewed"
    assert place.put(body).provisioning_state == "Succeeded"
    body["properties"]["template"]["volumes"][0]["storageName"] = "link"
    assert place.put(body).provisioning_state == "Failed"
