"""All resource types that the sandbox knows, and the order in which a group's members can be deleted."""

from typing import Final

from sandbox.arm.resource_type import Addresses, ResourceType
from sandbox.arm.resources import Resources
from sandbox.arm.types.file_services import FileServices
from sandbox.arm.types.file_shares import FileShares
from sandbox.arm.types.resource_groups import ResourceGroups
from sandbox.arm.types.storage_accounts import StorageAccounts
from sandbox.arm.types.workspaces import Workspaces
from sandbox.shares import Shares

_DELETION_ORDER: Final = (StorageAccounts.name, Workspaces.name)


class Types:
    """The types; `by_name` has them by their names in lower case."""

    def __init__(self, resources: Resources, addresses: Addresses, shares: Shares) -> None:
        self.by_name: dict[str, ResourceType] = {}
        self.file_shares = FileShares(resources, addresses, shares)
        for kind in (
            ResourceGroups(resources, addresses, self.by_name, _DELETION_ORDER),
            StorageAccounts(resources, addresses, shares),
            FileServices(resources, addresses),
            self.file_shares,
            Workspaces(resources, addresses),
        ):
            self.by_name[kind.name.lower()] = kind
