"""Microsoft.Storage/storageAccounts/fileServices: one per account, called `default`, made with it."""

from typing import Final

from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.resource_type import ResourceType, kept_properties
from sandbox.arm.resources import JsonObject, Resource

_DEFAULTS: Final[JsonObject] = {
    "cors": {"corsRules": []},
    "shareDeleteRetentionPolicy": {"enabled": True, "days": 7},
    "protocolSettings": {"smb": {}},
}


class FileServices(ResourceType):
    """The settings of an account's file service; they are kept and shown, soft delete itself is not emulated."""

    name = "Microsoft.Storage/storageAccounts/fileServices"
    tracked = False

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """The name is always `default`."""
        if resource.name != "default":
            raise invalid("InvalidResourceName", "The name of a file service must be 'default'.")
        return Resource(resource, {"properties": kept_properties(body, self.read_only)})

    def view(self, resource: Resource) -> JsonObject:
        """What was never set has the service's default; the provisioning state is not shown."""
        account = resource.id.parent
        assert account is not None
        shown = {key: value for key, value in resource.properties.items() if key != "provisioningState"}
        body = {"sku": self.resources.get(account).body["sku"], "properties": {**_DEFAULTS, **shown}}
        return {"id": str(resource.id), "name": resource.id.name, "type": self.name, **body}

    def check_delete(self, resource: Resource) -> None:
        """It lives as long as its account."""
        raise ArmError(405, "MethodNotAllowed", "A file service cannot be deleted; it goes with its account.")
