"""Microsoft.App/jobs: kept and checked, but never run."""

from sandbox.arm.apps.environment_json import JobProperties
from sandbox.arm.apps.environments import JOB_TYPE, environment_of, profile_of
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.apps.translation import STORAGE_TYPE, storage_not_found
from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource_type import ResourceType, kept_properties
from sandbox.arm.resources import JsonObject, Resource


class Jobs(ResourceType):
    """Jobs, such as those of fine-tuning: they hold on to their environment, its profile and its storages."""

    name = JOB_TYPE
    writes = "async"
    async_patch = True
    async_delete = True
    operations_segment = "containerappsjobOperation"
    busy_code = "ContainerAppsJobOperationInProgress"
    read_only = frozenset({"provisioningState", "outboundIpAddresses", "eventStreamEndpoint"})

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Needs an environment that is ready, a profile of it, storages that exist, and a container."""
        properties = kept_properties(body, self.read_only)
        wanted = parsed(JobProperties, properties)
        environment = environment_of(self.resources, wanted.environment_id)
        profile, _ = profile_of(wanted.workload_profile_name, environment)
        if wanted.template is None or not wanted.template.containers:
            raise invalid("SandboxJobContainerRequired", "A job must have at least one container.")
        for volume in wanted.template.volumes or []:
            storage = environment.id.child(STORAGE_TYPE, volume.storage_name or "")
            if volume.storage_name and self.resources.find(storage) is None:
                raise storage_not_found(volume.storage_name)
        properties |= {"environmentId": str(environment.id), "workloadProfileName": profile}
        stored = {"location": body["location"], "tags": body.get("tags") or {}, "properties": properties}
        return Resource(resource, stored)
