"""Microsoft.Storage/storageAccounts/fileServices/shares."""

import re
from typing import Final

from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.operations import Conclude
from sandbox.arm.resource_type import Addresses, ResourceType, kept_properties, require_name
from sandbox.arm.resources import JsonObject, Resource, Resources
from sandbox.shares import Shares

DEFAULT_QUOTA_GIB: Final = 5120
MAX_QUOTA_GIB: Final = 102400
SHARE_NAME: Final = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class FileShares(ResourceType):
    """Shares; each is a folder on this machine."""

    name = "Microsoft.Storage/storageAccounts/fileServices/shares"
    tracked = False
    has_etag = True
    read_only = frozenset({"provisioningState", "lastModifiedTime", "leaseState", "leaseStatus", "accessTierStatus"})

    def __init__(self, resources: Resources, addresses: Addresses, shares: Shares) -> None:
        super().__init__(resources, addresses)
        self._shares = shares

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Checks name and quota; a PUT on an existing share changes only what it names."""
        require_name(
            SHARE_NAME,
            resource.name,
            invalid(
                "InvalidResourceName",
                f"The share name '{resource.name}' is invalid: 3 to 63 lower-case letters, digits and single '-',"
                " beginning and ending with a letter or digit.",
            ),
        )
        before = existing.properties if existing is not None else {}
        properties = {**before, **kept_properties(body, self.read_only)}
        quota = properties.setdefault("shareQuota", DEFAULT_QUOTA_GIB)
        if not isinstance(quota, int) or not 1 <= quota <= MAX_QUOTA_GIB:
            raise invalid(
                "InvalidRequestPropertyValue",
                f"The value '{quota}' is not allowed for property shareQuota. Allowed: 1 to {MAX_QUOTA_GIB} (GiB).",
                "shareQuota",
            )
        properties.setdefault("accessTier", "TransactionOptimized")
        properties.setdefault("enabledProtocols", "SMB")
        return Resource(resource, {"properties": properties})

    def saved(self, resource: Resource) -> None:
        """The folder is there before the share is acknowledged."""
        self._shares.make_folder(resource)

    def view(self, resource: Resource) -> JsonObject:
        """With when it was changed last."""
        shown = {key: value for key, value in resource.properties.items() if key != "provisioningState"}
        live = {"lastModifiedTime": resource.changed, "leaseStatus": "Unlocked", "leaseState": "Available"}
        identity = {"id": str(resource.id), "name": resource.id.name, "type": self.name}
        return {**identity, "properties": {**shown, **live}}

    async def remove(self, resource: ResourceId) -> Conclude:
        """The files go once the share is no longer known."""

        def conclude() -> None:
            self.resources.remove(resource)
            self._shares.removed(resource.names[0], resource.name)

        return conclude
