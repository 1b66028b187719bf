"""Microsoft.App/containerApps/revisions."""

from collections.abc import Mapping
from typing import Any

from sandbox.arm.apps.hosting import Hosting
from sandbox.arm.errors import ArmError
from sandbox.arm.resource_type import Action, Addresses, ResourceType
from sandbox.arm.resources import JsonObject, Resource, Resources
from sandbox.arm.types.container_apps import app_fqdn
from sandbox.fleet.spec import RevisionStatus


class Revisions(ResourceType):
    """Revisions come with their app and go with it."""

    name = "Microsoft.App/containerApps/revisions"
    tracked = False

    def __init__(self, resources: Resources, addresses: Addresses, hosting: Hosting) -> None:
        super().__init__(resources, addresses)
        self._hosting = hosting

    @property
    def actions(self) -> Mapping[str, Action]:
        """activate, deactivate and restart."""
        return {"activate": self._activate, "deactivate": self._deactivate, "restart": self._restart}

    def view(self, resource: Resource) -> JsonObject:
        """With what the fleet knows of it now."""
        app = self._app(resource)
        status = self._status(resource, app)
        properties = {
            **resource.properties,
            "fqdn": app_fqdn(app),
            "replicas": 0 if status is None else len(status.replicas),
            "trafficWeight": self._traffic_weight(resource, app),
            "healthState": "None" if status is None else status.health_state,
            "runningState": "Stopped" if status is None else status.running_state,
            "runningStateDetails": None if status is None else status.details,
        }
        if properties["provisioningState"] == "Failed":
            properties |= {"runningState": "Failed", "healthState": "Unhealthy"}
        shown = {key: value for key, value in properties.items() if value is not None}
        return {"id": str(resource.id), "name": resource.id.name, "type": self.name, "properties": shown}

    def check_delete(self, resource: Resource) -> None:
        """A revision cannot be deleted by itself."""
        raise ArmError(405, "MethodNotAllowed", "A revision cannot be deleted; deactivate it.")

    def _app(self, revision: Resource) -> Resource:
        parent = revision.id.parent
        assert parent is not None
        return self.resources.get(parent)

    def _status(self, revision: Resource, app: Resource) -> RevisionStatus | None:
        status = self._hosting.status(app.id)
        found = () if status is None else status.revisions
        return next((item for item in found if item.name == revision.id.name), None)

    def _traffic_weight(self, revision: Resource, app: Resource) -> int:
        ingress = (app.properties.get("configuration") or {}).get("ingress") or {}
        latest = app.properties["latestRevisionName"] == revision.id.name
        weights = ingress.get("traffic") or [{"latestRevision": True, "weight": 100}]
        return sum(
            item.get("weight") or 0
            for item in weights
            if item.get("revisionName") == revision.id.name or (item.get("latestRevision") and latest)
        )

    async def _activate(self, revision: Resource, body: JsonObject) -> Any:
        await self._set_active(revision, True)

    async def _deactivate(self, revision: Resource, body: JsonObject) -> Any:
        await self._set_active(revision, False)

    async def _set_active(self, revision: Resource, active: bool) -> None:
        self.resources.save(revision.with_properties(active=active))
        await self._hosting.bring_up(self._app(revision))

    async def _restart(self, revision: Resource, body: JsonObject) -> Any:
        if not revision.properties["active"]:
            raise ArmError(400, "SandboxRevisionInactive", f"The revision '{revision.id.name}' is not active.")
        await self._hosting.restart(self._app(revision).id, revision.id.name)
