"""Resource ids: `/subscriptions/S/resourceGroups/G[/providers/NS/TYPE/NAME[/TYPE/NAME…]]`, compared without case."""

from dataclasses import dataclass
from typing import Final

GROUP_TYPE: Final = "Microsoft.Resources/resourceGroups"


@dataclass(frozen=True)
class ResourceId:
    """A resource group or a resource in one. `types` and `names` run from the outermost parent inwards."""

    subscription: str
    group: str
    namespace: str = ""
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """Full type, such as `Microsoft.App/managedEnvironments/storages`."""
        return "/".join((self.namespace, *self.types)) if self.types else GROUP_TYPE

    @property
    def name(self) -> str:
        """The resource's own name, the last one."""
        return self.names[-1] if self.names else self.group

    @property
    def key(self) -> str:
        """What two spellings of one id have in common."""
        return str(self).lower()

    @property
    def parent(self) -> "ResourceId | None":
        """The resource around a nested one, else the group; None for a group."""
        if not self.types:
            return None
        if len(self.types) == 1:
            return self.resource_group
        return ResourceId(self.subscription, self.group, self.namespace, self.types[:-1], self.names[:-1])

    @property
    def resource_group(self) -> "ResourceId":
        """The group that this belongs to."""
        return ResourceId(self.subscription, self.group)

    def child(self, type_segment: str, name: str) -> "ResourceId":
        """The id of a nested resource."""
        types, names = (*self.types, type_segment), (*self.names, name)
        return ResourceId(self.subscription, self.group, self.namespace, types, names)

    def __str__(self) -> str:
        base = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
        if not self.types:
            return base
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return f"{base}/providers/{self.namespace}/{pairs}"


def parse_id(text: str) -> ResourceId | None:
    """The id in `text`, or None if it is none of a group or a resource in one."""
    parts = text.strip("/").split("/")
    if len(parts) < 4 or not all(parts) or (parts[0].lower(), parts[2].lower()) != ("subscriptions", "resourcegroups"):
        return None
    if len(parts) == 4:
        return ResourceId(parts[1], parts[3])
    if len(parts) < 8 or len(parts) % 2 or parts[4].lower() != "providers":
        return None
    return ResourceId(parts[1], parts[3], parts[5], tuple(parts[6::2]), tuple(parts[7::2]))
