"""All resource types that the sandbox knows, and the order in which a group's members can be deleted."""

from typing import Final

from sandbox.arm.apps.hosting import Hosting
from sandbox.arm.resource_type import Addresses, ResourceType
from sandbox.arm.resources import Resources
from sandbox.arm.types.auth_configs import AuthConfigs
from sandbox.arm.types.container_apps import ContainerApps
from sandbox.arm.types.environment_storages import EnvironmentStorages
from sandbox.arm.types.file_services import FileServices
from sandbox.arm.types.file_shares import FileShares
from sandbox.arm.types.jobs import Jobs
from sandbox.arm.types.managed_environments import ManagedEnvironments
from sandbox.arm.types.replicas import Replicas
from sandbox.arm.types.resource_groups import ResourceGroups
from sandbox.arm.types.revisions import Revisions
from sandbox.arm.types.storage_accounts import StorageAccounts
from sandbox.arm.types.workspaces import Workspaces
from sandbox.shares import Shares

_DELETION_ORDER: Final = (
    ContainerApps.name,
    Jobs.name,
    ManagedEnvironments.name,
    StorageAccounts.name,
    Workspaces.name,
)


class Types:
    """The types; `by_name` has them by their names in lower case."""

    def __init__(self, resources: Resources, addresses: Addresses, shares: Shares, hosting: Hosting) -> None:
        self.by_name: dict[str, ResourceType] = {}
        self.container_apps = ContainerApps(resources, addresses, hosting)
        self.file_shares = FileShares(resources, addresses, shares)
        for kind in (
            ResourceGroups(resources, addresses, self.by_name, _DELETION_ORDER),
            StorageAccounts(resources, addresses, shares),
            FileServices(resources, addresses),
            self.file_shares,
            Workspaces(resources, addresses),
            ManagedEnvironments(resources, addresses),
            EnvironmentStorages(resources, addresses),
            self.container_apps,
            Revisions(resources, addresses, hosting),
            Replicas(resources, addresses, hosting),
            AuthConfigs(resources, addresses, hosting),
            Jobs(resources, addresses),
        ):
            self.by_name[kind.name.lower()] = kind
