"""The configured Container App in Azure's resource manager: read, and pointed to a release."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.appcontainers import ContainerAppsAPIClient

from operations.code_folder import DEPLOYED_TAG, RELEASES, release_in, release_path
from operations.config_file import InferenceConfig
from operations.errors import CloudError
from operations.management import open_client

Json = dict[str, Any]

KEYS_VARIABLE: Final = "INFERENCE_API_KEYS"
"""The container's variable that refers to the secret with the keys that clients send."""


class ContainerApp:
    """One app. Nothing is cached: each call asks."""

    def __init__(self, client: ContainerAppsAPIClient, group: str, name: str) -> None:
        self._client = client
        self._group = group
        self.name = name

    def read(self) -> Json:
        """The app as the resource manager shows it.

        Raises:
            CloudError: there is no such app.
        """
        try:
            return self._client.container_apps.get(self._group, self.name).as_dict()
        except ResourceNotFoundError as error:
            raise CloudError(
                f"there is no Container App {self.name} in the resource group {self._group}; `aca-inference provision`"
                " makes it, or ACA_APP_NAME in infra/inference.config.json is wrong"
            ) from error

    def revisions(self) -> list[Json]:
        """All revisions that Azure keeps, active or not, newest first."""
        listed = [
            item.as_dict() for item in self._client.container_apps_revisions.list_revisions(self._group, self.name)
        ]
        return sorted(listed, key=lambda item: str(item["properties"].get("createdTime")), reverse=True)

    def revision(self, name: str) -> Json:
        """One revision."""
        return self._client.container_apps_revisions.get_revision(self._group, self.name, name).as_dict()

    def replicas(self, revision: str) -> list[Json]:
        """The replicas that run for a revision."""
        replicas = self._client.container_apps_revision_replicas
        return replicas.list_replicas(self._group, self.name, revision).as_dict().get("value") or []

    def api_key(self) -> str | None:
        """The first key that clients may send, from the app's secrets; None where it asks for none."""
        secret = next(
            (item.get("secretRef") for item in environment(self.read()) if item["name"] == KEYS_VARIABLE), None
        )
        if secret is None:
            return None
        listed = self._client.container_apps.list_secrets(self._group, self.name).as_dict()
        keys = next((str(item["value"]) for item in listed.get("value") or [] if item["name"] == secret), "")
        return keys.split(",")[0].strip() or None

    def log_token(self) -> str:
        """A token for the app's log streams."""
        return str(self._client.container_apps.get_auth_token(self._group, self.name).as_dict()["properties"]["token"])

    def mount(self, found: Json, release: str, *, deployed: str | None = None) -> None:
        """Points the template of the app, as it was `found`, to a release; returns once Azure has taken it.

        `deployed`: names the release as the one of the code that was deployed last; None keeps what was said before.
        """
        patch: Any = {"properties": {"template": mounting(found["properties"]["template"], release)}}
        if deployed is not None:
            patch["tags"] = {**(found.get("tags") or {}), DEPLOYED_TAG: deployed}
        self._client.container_apps.begin_update(self._group, self.name, patch).result()

    def deactivate(self, revision: str) -> None:
        """Ends the revision's replicas; it can be activated again."""
        self._client.container_apps_revisions.deactivate_revision(self._group, self.name, revision)


@contextmanager
def open_app(config: InferenceConfig) -> Generator[ContainerApp]:
    """The configured app.

    Raises:
        CloudError: not signed in, refused, or not reached.
    """
    with open_client(ContainerAppsAPIClient, config.subscription_id) as client:
        yield ContainerApp(client, config.resource_group_name, config.aca_app_name)


def container(app: Mapping[str, Any]) -> Json:
    """The app's one container, as the template of an app or a revision has it."""
    containers = (app["properties"].get("template") or {}).get("containers") or [{}]
    return containers[0]


def environment(app: Mapping[str, Any]) -> Sequence[Json]:
    """The container's environment variables."""
    return container(app).get("env") or []


def replicas_allowed(app: Mapping[str, Any]) -> tuple[int, int]:
    """How many replicas the app has at least and at most; Azure's defaults where it does not say."""
    scale = app["properties"].get("template", {}).get("scale") or {}
    return int(scale.get("minReplicas") or 0), int(scale.get("maxReplicas") or 10)


def workload_profile(app: Mapping[str, Any], environment: Mapping[str, Any]) -> Json:
    """The profile that the app is placed on, as its environment lists it: `name`, `workloadProfileType`, counts."""
    name = str(app["properties"].get("workloadProfileName") or "Consumption")
    for item in environment["properties"].get("workloadProfiles") or []:
        if item["name"].lower() == name.lower():
            return dict(item)
    return {"name": name, "workloadProfileType": name}


def mounted_release(app: Mapping[str, Any]) -> str | None:
    """Name of the release that an app or revision mounts; None for one that mounts none (not made by this project)."""
    return release_in(mount.get("subPath") for mount in container(app).get("volumeMounts") or [])


def mounting(template: Json, release: str) -> Json:
    """The template with another release in the place of the one that it mounts; everything else is left as it is.

    Raises:
        CloudError: it mounts no release.
    """
    first, *others = template["containers"]
    mounts = [
        {**mount, "subPath": release_path(release)}
        if str(mount.get("subPath") or "").startswith(f"{RELEASES}/")
        else mount
        for mount in first.get("volumeMounts") or []
    ]
    if mounts == (first.get("volumeMounts") or []) and not any(
        mount.get("subPath") == release_path(release) for mount in mounts
    ):
        raise CloudError(
            f"the app mounts no folder below {RELEASES}/ of the share, so there is nothing to point to another release;"
            " `aca-inference provision` makes one that does"
        )
    # A suffix can be used once: with it Azure would refuse the change.
    kept = {key: value for key, value in template.items() if key != "revisionSuffix"}
    return {**kept, "containers": [{**first, "volumeMounts": mounts}, *others]}
