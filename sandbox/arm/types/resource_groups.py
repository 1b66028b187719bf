"""Microsoft.Resources/resourceGroups."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.arm.errors import invalid
from sandbox.arm.ids import GROUP_TYPE, ResourceId
from sandbox.arm.operations import Conclude
from sandbox.arm.resource_type import PROVISION_SECONDS, Addresses, ResourceType, require_name
from sandbox.arm.resources import JsonObject, Resource, Resources

_NAME: Final = re.compile(r"[\w.()-]{1,89}[\w()-]|[\w()-]")


class ResourceGroups(ResourceType):
    """Groups; deleting one deletes what is in it, in the order in which resources need each other."""

    name = GROUP_TYPE
    async_delete = True

    def __init__(
        self,
        resources: Resources,
        addresses: Addresses,
        types: Mapping[str, ResourceType],
        deletion_order: Sequence[str],
    ) -> None:
        super().__init__(resources, addresses)
        self._types = types
        self._deletion_order = deletion_order

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Needs a name and a location."""
        require_name(
            _NAME,
            resource.name,
            invalid(
                "InvalidResourceGroup",
                f"The provided resource group name '{resource.name}' has these invalid characters or length. The name"
                " can only be a letter, digit, '-', '.', '(', ')' or '_', 1 to 90 long, and not end with '.'.",
            ),
        )
        kept = {key: body[key] for key in ("location", "tags", "managedBy") if body.get(key) is not None}
        return Resource(resource, {**kept, "properties": {}})

    async def remove(self, resource: ResourceId) -> Conclude:
        """Removes everything in the group, then the group."""
        await asyncio.sleep(PROVISION_SECONDS)
        for type_name in self._deletion_order:
            kind = self._types[type_name.lower()]
            for member in kind.listed(resource):
                kind.check_delete(member)
                conclude = await kind.remove(member.id)
                with self.resources.transaction():
                    conclude()
        return lambda: self.resources.remove(resource)
