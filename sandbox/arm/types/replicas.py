"""Microsoft.App/containerApps/revisions/replicas: what runs right now; nothing of it is stored."""

from sandbox.arm.apps.app_json import Template
from sandbox.arm.apps.hosting import Hosting
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource_type import Addresses, ResourceType
from sandbox.arm.resources import Resource, Resources
from sandbox.fleet.spec import ReplicaStatus


class Replicas(ResourceType):
    """Replicas come and go with the fleet."""

    name = "Microsoft.App/containerApps/revisions/replicas"
    tracked = False

    def __init__(self, resources: Resources, addresses: Addresses, hosting: Hosting) -> None:
        super().__init__(resources, addresses)
        self._hosting = hosting

    def find(self, resource: ResourceId) -> Resource | None:
        """The replica of this name, if it runs."""
        running = self.listed(resource.parent)
        return next((replica for replica in running if replica.id.key == resource.key), None)

    def listed(self, within: ResourceId | None) -> list[Resource]:
        """The replicas of a revision."""
        revision = None if within is None else self.resources.find(within)
        if revision is None or revision.id.parent is None:
            return []
        status = self._hosting.status(revision.id.parent)
        found = () if status is None else status.revisions
        return [
            _replica(revision, replica) for item in found if item.name == revision.id.name for replica in item.replicas
        ]

    def check_delete(self, resource: Resource) -> None:
        """Replicas are the fleet's."""
        raise ArmError(405, "MethodNotAllowed", "A replica cannot be deleted; restart its revision.")


def _replica(revision: Resource, replica: ReplicaStatus) -> Resource:
    template = parsed(Template, revision.properties["template"])
    container = {
        "name": (template.containers or [])[0].name or revision.id.names[0],
        "containerId": f"sandbox://{replica.name}",
        "ready": replica.ready,
        "started": replica.started,
        "restartCount": replica.restart_count,
        "runningState": "Running" if replica.running_state == "Running" else "Waiting",
        "runningStateDetails": replica.details,
    }
    properties = {
        "createdTime": replica.created,
        "runningState": replica.running_state,
        "runningStateDetails": replica.details,
        "containers": [container],
    }
    return Resource(revision.id.child("replicas", replica.name), {"properties": properties})
