"""Microsoft.App/managedEnvironments/storages: an environment's links to file shares."""

import re
from typing import Final

from sandbox.arm.apps.environment_json import StorageProperties
from sandbox.arm.apps.environments import mounts, tenants
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource_type import ResourceType, kept_properties, merged, require_name
from sandbox.arm.resources import JsonObject, Resource

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class EnvironmentStorages(ResourceType):
    """Links to Azure Files; only the account key of one can be changed."""

    name = "Microsoft.App/managedEnvironments/storages"
    any_case = True
    tracked = False

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Needs account, key, share and access mode; the key is put away."""
        require_name(
            _NAME,
            resource.name,
            invalid("SandboxInvalidStorageName", f"The storage name '{resource.name}' is invalid."),
        )
        properties = kept_properties(body, self.read_only)
        file = parsed(StorageProperties, properties).azure_file
        if file is None or not file.account_key:
            raise invalid(
                "SandboxStorageIncomplete",
                "A storage needs azureFile with accountName, accountKey, shareName and accessMode; NFS and key vaults"
                " are not emulated.",
            )
        shown = merged(properties, {"azureFile": {"accountKey": None}})
        if existing is not None:
            before = {key: value for key, value in existing.properties.items() if key not in self.read_only}
            if before != shown:
                raise invalid(  # azure-container-apps#1255
                    "ManagedEnvironmentStorageUpdateBadRequest",
                    "Only 'accountKey' can be updated on a managed environment storage.",
                )
        return Resource(resource, {"properties": shown}, {"accountKey": file.account_key})

    def view(self, resource: Resource) -> JsonObject:
        """Without a provisioning state, which the service does not show."""
        shown = {key: value for key, value in resource.properties.items() if key not in self.read_only}
        return {"id": str(resource.id), "name": resource.id.name, "type": self.name, "properties": shown}

    def check_delete(self, resource: Resource) -> None:
        """Refused while an app or a job mounts it (azure-container-apps#774)."""
        environment = resource.id.parent
        assert environment is not None
        for tenant in tenants(self.resources, environment):
            if mounts(tenant, resource.id.name):
                raise ArmError(
                    409,
                    "SandboxStorageInUse",
                    f"The storage '{resource.id.name}' cannot be deleted: '{tenant.id.name}' mounts it.",
                )
