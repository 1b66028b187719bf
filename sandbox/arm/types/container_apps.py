"""Microsoft.App/containerApps."""

import asyncio
import secrets
import string
from collections.abc import Mapping
from typing import Any, Final

from sandbox.arm.apps.app_json import ContainerAppProperties, Template
from sandbox.arm.apps.environments import APP_TYPE, environment_of, profile_of
from sandbox.arm.apps.hosting import STOPPED, Hosting
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.apps.profiles import PROFILE_TYPES
from sandbox.arm.apps.translation import STORAGE_TYPE, storage_not_found
from sandbox.arm.apps.validation import check_app
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.operations import Conclude
from sandbox.arm.resource_type import PROVISION_SECONDS, Action, Addresses, ResourceType, kept_properties, merged
from sandbox.arm.resources import JsonObject, Resource, Resources, timestamp
from sandbox.state import free_port

_SUFFIX_LENGTH: Final = 7


class ContainerApps(ResourceType):
    """Apps; each change of the template makes a revision, and the fleet runs the active ones."""

    name = APP_TYPE
    any_case = True
    writes = "async"
    async_patch = True
    async_delete = True
    operations_segment = "containerappOperation"
    busy_code = "ContainerAppOperationInProgress"
    read_only = frozenset(
        {
            "provisioningState",
            "runningStatus",
            "latestRevisionName",
            "latestReadyRevisionName",
            "latestRevisionFqdn",
            "customDomainVerificationId",
            "outboundIpAddresses",
            "eventStreamEndpoint",
            "managedEnvironmentId",
        }
    )

    def __init__(self, resources: Resources, addresses: Addresses, hosting: Hosting) -> None:
        super().__init__(resources, addresses)
        self._hosting = hosting

    @property
    def actions(self) -> Mapping[str, Action]:
        """listSecrets, start and stop."""
        return {"listSecrets": self._list_secrets, "start": self._start, "stop": self._stop}

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Checks everything that the service checks before it answers; secrets' values are put away."""
        wanted = parsed(ContainerAppProperties, body.get("properties") or {})
        environment = environment_of(self.resources, wanted.environment_id)
        profile, profile_type = profile_of(wanted.workload_profile_name, environment)
        check_app(resource.name, wanted, profile_type, PROFILE_TYPES[profile_type])
        template = wanted.template or Template()
        for volume in template.volumes or []:
            if self.resources.find(environment.id.child(STORAGE_TYPE, volume.storage_name or "")) is None:
                raise storage_not_found(volume.storage_name or "")
        properties = kept_properties(body, self.read_only)
        properties |= {"environmentId": str(environment.id), "workloadProfileName": profile}
        properties["latestRevisionName"] = self._revision_name(resource, template, properties["template"], existing)
        configuration = wanted.configuration
        private: JsonObject = dict(existing.private) if existing is not None else {}
        private["secrets"] = {
            secret.name: secret.value for secret in (configuration.secrets if configuration else None) or []
        }
        if configuration is not None and configuration.ingress is not None:
            private.setdefault("ingressPort", free_port())
        if private["secrets"]:
            names = [{"name": name} for name in private["secrets"]]
            properties = {**properties, "configuration": {**properties["configuration"], "secrets": names}}
        stored = {"location": body["location"], "tags": body.get("tags") or {}, "properties": properties}
        if body.get("identity") is not None:
            stored["identity"] = body["identity"]
        return Resource(resource, stored, private)

    def editable(self, existing: Resource) -> JsonObject:
        """With the secrets' values."""
        values = existing.private.get("secrets", {})
        if not values:
            return existing.body
        given = [{"name": name, "value": value} for name, value in values.items()]
        return merged(existing.body, {"properties": {"configuration": {"secrets": given}}})

    def saved(self, resource: Resource) -> None:
        """A new revision is stored with the app that it belongs to."""
        revision_id = resource.id.child("revisions", resource.properties["latestRevisionName"])
        if self.resources.find(revision_id) is None:
            properties = {
                "createdTime": timestamp(),
                "active": True,
                "template": resource.properties["template"],
                "provisioningState": "Provisioning",
            }
            self.resources.save(Resource(revision_id, {"properties": properties}))

    def view(self, resource: Resource) -> JsonObject:
        """With what the fleet knows; never with a secret's value."""
        status = self._hosting.status(resource.id)
        ready = (status.latest_ready if status is not None else None) or resource.private.get("latestReady")
        properties: JsonObject = {
            **resource.properties,
            "managedEnvironmentId": resource.properties["environmentId"],
            "runningStatus": "Stopped" if resource.private.get(STOPPED) else "Running" if ready else "Progressing",
            "latestReadyRevisionName": ready,
            "outboundIpAddresses": ["127.0.0.1"],
            "customDomainVerificationId": resource.id.subscription.replace("-", "").upper(),
            "eventStreamEndpoint": f"{self.addresses.arm}{resource.id}/eventstream",
        }
        fqdn = app_fqdn(resource)
        if fqdn is not None:
            defaults: JsonObject = {
                "external": False,
                "transport": "Auto",
                "allowInsecure": False,
                "traffic": [{"latestRevision": True, "weight": 100}],
            }
            ingress = {**defaults, **_present(properties["configuration"]["ingress"]), "fqdn": fqdn}
            configuration = {"activeRevisionsMode": "Single", **_present(properties["configuration"])}
            properties |= {"configuration": {**configuration, "ingress": ingress}, "latestRevisionFqdn": fqdn}
        view = super().view(resource)
        return {**view, "properties": {key: value for key, value in properties.items() if value is not None}}

    async def provision(self, resource: Resource) -> Conclude:
        """Lets the fleet run the newest revision."""
        await asyncio.sleep(PROVISION_SECONDS)
        template = parsed(Template, resource.properties["template"])
        for container in template.containers or []:
            if not self._hosting.has_image(container.image or ""):
                raise _unknown_image(resource.id.name, container.name or resource.id.name, container.image or "")
        await self._hosting.bring_up(self.resources.get(resource.id))

        def conclude() -> None:
            self._mark_revision(resource, provisioningState="Provisioned")
            self.conclude_provision(resource)

        return conclude

    def failed(self, resource: Resource, error: ArmError) -> None:
        """A revision that could not be provisioned is out of the race; older ones go on."""
        revision = self._latest_revision(resource)
        if revision is not None and revision.properties["provisioningState"] == "Provisioning":
            self._mark_revision(resource, provisioningState="Failed", active=False, provisioningError=error.message)

    async def remove(self, resource: ResourceId) -> Conclude:
        """Returns once nothing of the app runs."""
        await self._hosting.take_down(resource)
        return await super().remove(resource)

    def _revision_name(self, app: ResourceId, template: Template, raw: JsonObject, existing: Resource | None) -> str:
        """The latest revision's if the template is the same, else a new one."""
        latest = None if existing is None else self._latest_revision(existing)
        if latest is not None and latest.properties["provisioningState"] != "Failed":
            same_suffix = not template.revision_suffix or latest.id.name == f"{app.name}--{template.revision_suffix}"
            if same_suffix and _content(latest.properties["template"]) == _content(raw):
                return latest.id.name
        if not template.revision_suffix:
            alphabet = string.ascii_lowercase + string.digits
            return f"{app.name}--{''.join(secrets.choice(alphabet) for _ in range(_SUFFIX_LENGTH))}"
        name = f"{app.name}--{template.revision_suffix}"
        if existing is not None and self.resources.find(existing.id.child("revisions", name)) is not None:
            raise invalid(
                "SandboxRevisionExists",
                f"Revision with suffix '{template.revision_suffix}' exists already; a changed template needs another.",
            )
        return name

    def _latest_revision(self, app: Resource) -> Resource | None:
        return self.resources.find(app.id.child("revisions", app.properties["latestRevisionName"]))

    def _mark_revision(self, app: Resource, **changes: Any) -> None:
        revision = self._latest_revision(app)
        if revision is not None:
            self.resources.save(revision.with_properties(**changes))

    async def _start(self, app: Resource, body: JsonObject) -> Any:
        return await self._run(app, stopped=False)

    async def _stop(self, app: Resource, body: JsonObject) -> Any:
        return await self._run(app, stopped=True)

    async def _run(self, app: Resource, *, stopped: bool) -> JsonObject:
        """Done before it is answered, where the service answers first: clients take either."""
        changed = app.with_private(**{STOPPED: stopped})
        self.resources.save(changed)
        await self._hosting.bring_up(changed)
        return self.view(changed)

    def _list_secrets(self, app: Resource, body: JsonObject) -> Any:
        return {"value": [{"name": name, "value": value} for name, value in app.private["secrets"].items()]}


def app_fqdn(app: Resource) -> str | None:
    """Where the app is served, as host and port; None without ingress."""
    if not (app.properties.get("configuration") or {}).get("ingress"):
        return None
    return f"127.0.0.1:{app.private['ingressPort']}"


def _unknown_image(app: str, container: str, image: str) -> ArmError:
    registry = image.split("/")[0] if "/" in image else "docker.io"
    return ArmError(  # call-center-voice-agent#3
        400,
        "ContainerAppOperationError",
        f"Failed to provision revision for container app '{app}'. Error details: The following field(s) are either"
        f" invalid or missing. Field 'template.containers.{container}.image' is invalid with details: 'Invalid value:"
        f' "{image}": GET https://{registry}: MANIFEST_UNKNOWN: manifest unknown; the sandbox runs only images that it'
        " was started with';..",
    )


def _content(template: JsonObject) -> JsonObject:
    """What makes a revision: all but its name."""
    return {key: value for key, value in template.items() if key != "revisionSuffix" and value is not None}


def _present(values: JsonObject) -> JsonObject:
    return {key: value for key, value in values.items() if value is not None}
