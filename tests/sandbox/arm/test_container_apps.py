"""Container apps, revisions and replicas as azure-mgmt-appcontainers sees them, and what the fleet is asked to run."""

import copy
from collections.abc import Generator
from pathlib import PurePosixPath
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from sandbox.fleet.spec import AppSpec, AppStatus, EventKind, ProbeKind, ReplicaStatus, RevisionStatus
from tests.sandbox.arm.test_environments import GPU, environment, storage
from tests.sandbox.arm.test_storage_accounts import code_of
from tests.sandbox.conftest import IMAGE, LOCATION, Clients, Cloud, settled


class Place:
    """An environment with a GPU profile and a storage link, and one app called `app`."""

    def __init__(self, cloud: Cloud, clients: Clients) -> None:
        self.cloud, self.clients = cloud, clients
        self.group = clients.make_group()
        self.account = clients.make_account(self.group)
        clients.storage.file_shares.create(self.group, self.account, "models", {})  # type: ignore[arg-type]
        gpu = {"name": "GPU", "workloadProfileType": GPU}
        made = clients.apps.managed_environments.begin_create_or_update(self.group, "env", environment(gpu)).result()
        self.environment_id = str(made.id)
        key = clients.account_key(self.group, self.account)
        link = storage(self.account, key)
        clients.apps.managed_environments_storages.create_or_update(self.group, "env", "link", link)
        clients.apps.managed_environments_storages.create_or_update(
            self.group, "env", "readonly", storage(self.account, key, mode="ReadOnly")
        )

    @property
    def app_id(self) -> str:
        return f"{self.environment_id.partition('/providers/')[0]}/providers/Microsoft.App/containerApps/app".lower()

    def body(self, **container: Any) -> dict[str, Any]:
        main = {"name": "main", "image": IMAGE, "resources": {"cpu": 24, "memory": "220Gi"}, **container}
        volumes = [{"name": name, "storageType": "AzureFile", "storageName": name} for name in ("link", "readonly")]
        properties: dict[str, Any] = {
            "environmentId": self.environment_id,
            "workloadProfileName": "GPU",
            "configuration": {
                "ingress": {"external": True, "targetPort": 8080},
                "secrets": [{"name": "api-key", "value": "hush"}],
            },
            "template": {"containers": [main], "volumes": volumes, "scale": {"minReplicas": 0, "maxReplicas": 2}},
        }
        return {"location": LOCATION, "properties": properties}

    def put(self, body: Any) -> Any:
        apps = self.clients.apps.container_apps
        apps.begin_create_or_update(self.group, "app", body, polling=False)
        return settled(lambda: apps.get(self.group, "app"))

    def delete(self) -> None:
        self.clients.apps.container_apps.begin_delete(self.group, "app", polling=False)
        while any(app.name == "app" for app in self.clients.apps.container_apps.list_by_resource_group(self.group)):
            pass

    def refusal(self, body: Any) -> tuple[int | None, str | None]:
        with pytest.raises(HttpResponseError) as refused:
            self.clients.apps.container_apps.begin_create_or_update(self.group, "app", body)
        return refused.value.status_code, code_of(refused)

    def spec(self) -> AppSpec:
        return self.cloud.fleet.specs[self.app_id]

    def revisions(self) -> dict[str, bool | None]:
        listed = self.clients.apps.container_apps_revisions.list_revisions(self.group, "app")
        return {str(revision.name): revision.active for revision in listed}


@pytest.fixture(scope="module")
def place(cloud: Cloud, clients: Clients) -> Place:
    return Place(cloud, clients)


@pytest.fixture
def app(place: Place) -> Generator[Any]:
    """A fresh app, as it is after its creation."""
    yield place.put(place.body())
    place.delete()
    assert place.app_id not in place.cloud.fleet.specs


def test_the_template_becomes_what_the_fleet_runs(place: Place, app: Any) -> None:
    probes = [
        {"type": "Readiness", "httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 3, "failureThreshold": 2}
    ]
    mounts = [
        {"volumeName": "link", "mountPath": "/mount"},
        {"volumeName": "link", "mountPath": "/app", "subPath": "releases/one"},
        {"volumeName": "readonly", "mountPath": "/frozen"},
    ]
    env = [{"name": "PLAIN", "value": "1"}, {"name": "KEY", "secretRef": "api-key"}]
    place.put(place.body(command=["/bin/sh", "-c"], args=["serve"], env=env, probes=probes, volumeMounts=mounts))
    spec = place.spec()
    assert (spec.name, spec.single, spec.target_port) == ("app", True, 8080)
    revision = spec.revisions[-1]
    assert (revision.min_replicas, revision.max_replicas, revision.cooldown_seconds) == (0, 2, 300)
    container = revision.container
    assert (container.command, container.args) == (("/bin/sh", "-c"), ("serve",))
    assert container.env["PLAIN"] == "1"
    assert container.env["KEY"] == "hush"
    assert container.env["CONTAINER_APP_ENV_DNS_SUFFIX"]
    share = place.cloud.folder.shares / place.account / "models"
    assert [(mount.source, mount.target, mount.read_only) for mount in container.mounts] == [
        (share, PurePosixPath("/mount"), False),
        (share / "releases" / "one", PurePosixPath("/app"), False),
        (share, PurePosixPath("/frozen"), True),
    ]
    (probe,) = container.probes
    assert (probe.kind, probe.path, probe.period_seconds, probe.failure_threshold) == (
        ProbeKind.READINESS,
        "/ready",
        3,
        2,
    )


def test_the_address_is_chosen_once_and_served_in_the_clear(place: Place, app: Any) -> None:
    fqdn = app.configuration.ingress.fqdn
    assert fqdn == f"127.0.0.1:{place.spec().ingress_port}"
    again = place.put(place.body(args=["changed"]))
    assert again.configuration.ingress.fqdn == fqdn


def test_only_a_changed_template_makes_a_revision(place: Place, app: Any) -> None:
    changed = place.body()
    changed["properties"]["configuration"]["secrets"][0]["value"] = "other"
    changed["tags"] = {"a": "1"}
    place.put(changed)
    assert list(place.revisions()) == [app.latest_revision_name]
    assert place.spec().revisions[0].container.env == place.spec().revisions[-1].container.env
    newer = place.put(place.body(args=["changed"]))
    assert list(place.revisions()) == [app.latest_revision_name, newer.latest_revision_name]
    assert [revision.name for revision in place.spec().revisions] == list(place.revisions())


def test_a_suffix_names_the_revision_and_is_not_used_twice(place: Place, app: Any) -> None:
    body = place.body(args=["one"])
    body["properties"]["template"]["revisionSuffix"] = "blue"
    assert place.put(body).latest_revision_name == "app--blue"
    assert place.put(body).latest_revision_name == "app--blue"
    other = copy.deepcopy(body)
    other["properties"]["template"]["containers"][0]["args"] = ["two"]
    assert place.refusal(other) == (400, "SandboxRevisionExists")


def test_a_replaced_revision_becomes_inactive_and_the_ready_one_is_told(place: Place, app: Any) -> None:
    newer = place.put(place.body(args=["changed"])).latest_revision_name
    place.cloud.tell(EventKind.REVISION_READY, place.app_id, newer)
    place.cloud.tell(EventKind.REVISION_REPLACED, place.app_id, app.latest_revision_name)
    assert place.revisions() == {app.latest_revision_name: False, newer: True}
    found = place.clients.apps.container_apps.get(place.group, "app")
    assert (found.latest_ready_revision_name, found.running_status) == (newer, "Running")


def test_an_unknown_image_fails_the_operation_and_leaves_what_runs(place: Place, app: Any) -> None:
    with pytest.raises(HttpResponseError, match="MANIFEST_UNKNOWN") as failed:
        wrong: Any = place.body(image="registry.example/none:1")
        place.clients.apps.container_apps.begin_create_or_update(place.group, "app", wrong).result()
    assert code_of(failed) == "ContainerAppOperationError"
    assert [revision.name for revision in place.spec().revisions] == [app.latest_revision_name]
    found = place.clients.apps.container_apps.get(place.group, "app")
    assert found.provisioning_state == "Failed"
    healed = place.put(place.body())
    assert healed.provisioning_state == "Succeeded"
    assert healed.latest_revision_name in place.revisions()


def test_secrets_come_out_by_list_secrets_only(place: Place, app: Any) -> None:
    apps = place.clients.apps.container_apps
    assert "hush" not in str(apps.get(place.group, "app").as_dict())
    assert apps.list_secrets(place.group, "app").as_dict()["value"] == [{"name": "api-key", "value": "hush"}]
    apps.begin_update(place.group, "app", {"location": LOCATION, "tags": {"a": "1"}}).result()  # type: ignore[arg-type]
    assert apps.list_secrets(place.group, "app").as_dict()["value"] == [{"name": "api-key", "value": "hush"}]


def test_revisions_are_restarted_and_deactivated(place: Place, app: Any) -> None:
    revisions, name = place.clients.apps.container_apps_revisions, app.latest_revision_name
    revisions.restart_revision(place.group, "app", name)
    assert place.cloud.fleet.restarted[-1] == (place.app_id, name)
    revisions.deactivate_revision(place.group, "app", name)
    assert place.spec().revisions == ()
    revisions.activate_revision(place.group, "app", name)
    assert [revision.name for revision in place.spec().revisions] == [name]


def test_an_app_that_is_stopped_runs_nothing_until_it_is_started(place: Place, app: Any) -> None:
    apps, name = place.clients.apps.container_apps, app.latest_revision_name
    assert apps.begin_stop(place.group, "app").result().running_status == "Stopped"
    assert place.spec().revisions == ()
    patched = apps.begin_update(place.group, "app", {"tags": {"a": "b"}}).result()  # type: ignore[arg-type]
    assert patched.running_status == "Stopped"
    assert place.spec().revisions == ()
    assert apps.begin_start(place.group, "app").result().running_status != "Stopped"
    assert [revision.name for revision in place.spec().revisions] == [name]


def test_replicas_are_what_the_fleet_reports(place: Place, app: Any) -> None:
    name = app.latest_revision_name
    replica = ReplicaStatus(f"{name}-5d9774cff-5wnd8", "Running", "", True, True, 2, "2026-01-01T00:00:00Z")
    status = RevisionStatus(name, "Running", "Healthy", "", (replica,))
    place.cloud.fleet.statuses[place.app_id] = AppStatus(place.app_id, name, (status,))
    try:
        replicas = place.clients.apps.container_apps_revision_replicas
        (listed,) = replicas.list_replicas(place.group, "app", name).value
        found = replicas.get_replica(place.group, "app", name, str(listed.name))
        assert found.running_state == "Running"
        assert found.containers is not None and found.containers[0].restart_count == 2
        revision = place.clients.apps.container_apps_revisions.get_revision(place.group, "app", name)
        assert (revision.replicas, revision.health_state, revision.traffic_weight) == (1, "Healthy", 100)
    finally:
        del place.cloud.fleet.statuses[place.app_id]


def test_what_others_need_is_not_deleted(place: Place, app: Any) -> None:
    with pytest.raises(HttpResponseError) as refused:
        place.clients.apps.managed_environments.begin_delete(place.group, "env")
    assert refused.value.status_code == 409
    with pytest.raises(HttpResponseError) as refused:
        place.clients.apps.managed_environments_storages.delete(place.group, "env", "link")
    assert refused.value.status_code == 409


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The body with one value set; the path has dots, numbers are indexes."""
    *outer, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner: Any = body
    for step in outer:
        inner = inner[step]
    inner[last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value", "refusal"),
    [
        ("properties.environmentId", "/subscriptions/none", (400, "ManagedEnvironmentNotFound")),
        ("properties.workloadProfileName", "Other", (400, "SandboxWorkloadProfileNotFound")),
        ("properties.template.volumes.0.storageName", "none", (404, "ManagedEnvironmentStorageNotFound")),
        ("properties.template.containers.0.image", "", (400, "ContainerAppImageRequired")),
        ("properties.template.containers.0.resources.memory", " 2Gi", (400, "ContainerAppInvalidMemoryResource")),
        ("properties.template.containers.0.resources.cpu", 48, (400, "SandboxContainerTooLarge")),
        ("properties.workloadProfileName", "Consumption", (400, "ContainerAppInvalidResourceTotal")),
        ("properties.template.scale.maxReplicas", 1001, (400, "SandboxInvalidScale")),
        ("properties.template.scale.minReplicas", 3, (400, "SandboxInvalidScale")),
        ("properties.configuration.ingress.targetPort", 0, (400, "SandboxInvalidTargetPort")),
        ("properties.configuration.secrets.0.name", "Upper", (400, "ContainerAppInvalidSecretName")),
        ("properties.configuration.secrets.0.value", "", (400, "ContainerAppSecretInvalid")),
        ("properties.template.containers.0.env", [{"name": "K", "secretRef": "none"}],
         (400, "ContainerAppSecretRefNotFound")),
        ("properties.template.containers.0.volumeMounts", [{"volumeName": "link", "mountPath": "/"}],
         (400, "ContainerAppInvalidMountPath")),
        ("properties.template.containers.0.volumeMounts",
         [{"volumeName": "link", "mountPath": "/m", "subPath": "../x"}], (400, "SandboxInvalidSubPath")),
        ("properties.template.revisionSuffix", "x" * 60, (400, "ContainerAppInvalidRevisionName")),
        ("properties.template.scale.rules", [{"name": "Up"}], (400, "ContainerAppInvalidPropertyValue")),
    ],
)  # fmt: skip
def test_what_the_service_refuses(place: Place, path: str, value: Any, refusal: tuple[int, str]) -> None:
    assert place.refusal(changed(place.body(), path, value)) == refusal
    assert place.app_id not in place.cloud.fleet.specs


def test_a_wrong_json_type_is_answered_as_aspnet_does(place: Place) -> None:
    body = changed(place.body(), "properties.configuration.ingress.targetPort", "eighty")
    with pytest.raises(HttpResponseError) as refused:
        place.clients.apps.container_apps.begin_create_or_update(place.group, "app", body)  # type: ignore[arg-type]
    assert refused.value.response is not None
    problem = refused.value.response.json()  # type: ignore[attr-defined]
    assert list(problem["errors"]) == ["$.properties.configuration.ingress.targetPort"]
