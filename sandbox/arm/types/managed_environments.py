"""Microsoft.App/managedEnvironments."""

import asyncio
import re
from typing import Final

from sandbox.arm.apps.environment_json import EnvironmentProperties
from sandbox.arm.apps.environments import ENVIRONMENT_TYPE, tenants
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.apps.profiles import DEFAULT_PROFILE, check_profiles
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.operations import Conclude
from sandbox.arm.resource_type import PROVISION_SECONDS, ResourceType, kept_properties, merged, require_name
from sandbox.arm.resources import JsonObject, Resource

_NAME: Final = re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{0,58}[A-Za-z0-9]")
_INTERMEDIATE_STATES: Final = ("InfrastructureSetupInProgress", "InfrastructureSetupComplete")


class ManagedEnvironments(ResourceType):
    """Environments with workload profiles and a log destination."""

    name = ENVIRONMENT_TYPE
    any_case = True
    writes = "async"
    async_patch = True
    async_delete = True
    first_state = "InitializationInProgress"
    operations_segment = "managedEnvironmentOperation"
    busy_code = "ManagedEnvironmentOperationInProgress"
    read_only = frozenset({"provisioningState", "deploymentErrors", "defaultDomain", "staticIp", "eventStreamEndpoint"})

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Checks name, profiles and log destination; the workspace's key is put away."""
        require_name(
            _NAME,
            resource.name,
            invalid("ManagedEnvironmentInvalidName", f"The environment name {resource.name} is invalid."),
        )
        properties = kept_properties(body, self.read_only)
        wanted = parsed(EnvironmentProperties, properties)
        check_profiles(wanted.workload_profiles or [])
        self._check_profiles_in_use(resource, wanted)
        private: JsonObject = {}
        logs = wanted.app_logs_configuration
        if logs is not None and logs.destination == "log-analytics":
            analytics = logs.log_analytics_configuration
            if analytics is None or not analytics.customer_id or not analytics.shared_key:
                raise invalid(
                    "SandboxLogAnalyticsIncomplete",
                    "The log destination log-analytics needs logAnalyticsConfiguration with customerId and sharedKey.",
                )
            private["sharedKey"] = analytics.shared_key
            properties = merged(
                properties, {"appLogsConfiguration": {"logAnalyticsConfiguration": {"sharedKey": None}}}
            )
        properties |= {"defaultDomain": "127.0.0.1", "staticIp": "127.0.0.1"}
        stored = {"location": body["location"], "tags": body.get("tags") or {}, "properties": properties}
        return Resource(resource, stored, private)

    def _check_profiles_in_use(self, environment: ResourceId, wanted: EnvironmentProperties) -> None:
        kept = {profile.name.lower() for profile in wanted.workload_profiles or []} or {DEFAULT_PROFILE.lower()}
        for tenant in tenants(self.resources, environment):
            used = str(tenant.properties["workloadProfileName"])
            if used.lower() not in kept:
                raise invalid(
                    "SandboxWorkloadProfileInUse",
                    f"The workload profile '{used}' cannot be removed from the environment '{environment.name}':"
                    f" '{tenant.id.name}' is placed on it.",
                )

    def editable(self, existing: Resource) -> JsonObject:
        """With the workspace's key."""
        if "sharedKey" not in existing.private:
            return existing.body
        key = {"logAnalyticsConfiguration": {"sharedKey": existing.private["sharedKey"]}}
        return merged(existing.body, {"properties": {"appLogsConfiguration": key}})

    def check_delete(self, resource: Resource) -> None:
        """Refused while apps or jobs are in it."""
        inside = tenants(self.resources, resource.id)
        if inside:
            raise ArmError(
                409,
                "SandboxEnvironmentInUse",
                f"The environment '{resource.id.name}' cannot be deleted: these container apps and jobs are in it:"
                f" {', '.join(tenant.id.name for tenant in inside)}. Delete them first.",
            )

    async def provision(self, resource: Resource) -> Conclude:
        """Goes through the states that the service shows."""
        for state in _INTERMEDIATE_STATES if resource.provisioning_state == self.first_state else ():
            await asyncio.sleep(PROVISION_SECONDS)
            self.resources.save(self.resources.get(resource.id).with_properties(provisioningState=state))
        await asyncio.sleep(PROVISION_SECONDS)
        return await super().provision(resource)
