"""Deleting what holds other things, but only once nothing is in it: Azure itself deletes whatever it holds.

A resource group holds resources, a storage account file shares, an environment apps, jobs and links to storage.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.appcontainers import ContainerAppsAPIClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from operations.management import open_client, place_of, subscription_of, while_others_change_it


def delete_if_empty(resource_id: str, tags: Mapping[str, str]) -> list[str]:
    """Deletes the resource, or returns what is still in it: names, sorted.

    One that is gone is fine, and one that does not carry these tags is somebody else's: it stays, whatever is in it.

    Raises:
        CloudError: Azure refused.
    """
    client_type, find, delete = _KINDS[resource_id.lower().split("/")[-2]]
    with open_client(client_type, subscription_of(resource_id)) as client:
        try:
            found = find(client, resource_id).tags or {}
            if any(found.get(key) != value for key, value in tags.items()):
                return []
            return sorted(delete(client, resource_id))
        except ResourceNotFoundError:
            return []


def _find_group(client: ResourceManagementClient, group_id: str) -> Any:
    return client.resource_groups.get(group_id.rpartition("/")[2])


def _find_account(client: StorageManagementClient, account_id: str) -> Any:
    return client.storage_accounts.get_properties(*place_of(account_id))


def _find_environment(client: ContainerAppsAPIClient, environment_id: str) -> Any:
    return client.managed_environments.get(*place_of(environment_id))


def _delete_group(client: ResourceManagementClient, group_id: str) -> list[str]:
    name = group_id.rpartition("/")[2]
    left = _names(client.resources.list_by_resource_group(name))
    if not left:
        client.resource_groups.begin_delete(name).result()
    return left


def _delete_account(client: StorageManagementClient, account_id: str) -> list[str]:
    place = place_of(account_id)
    left = _names(client.file_shares.list(*place))
    if not left:
        client.storage_accounts.delete(*place)
    return left


def _delete_environment(client: ContainerAppsAPIClient, environment_id: str) -> list[str]:
    place = place_of(environment_id)
    links = client.managed_environments_storages.list(*place).as_dict().get("value") or []
    left = [str(link["name"]) for link in links] + tenants(client, environment_id)
    if not left:
        for attempt in while_others_change_it():
            with attempt:
                client.managed_environments.begin_delete(*place).result()
    return left


_KINDS: Final[Mapping[str, tuple[type[Any], Callable[[Any, str], Any], Callable[[Any, str], list[str]]]]] = {
    "resourcegroups": (ResourceManagementClient, _find_group, _delete_group),
    "storageaccounts": (StorageManagementClient, _find_account, _delete_account),
    "managedenvironments": (ContainerAppsAPIClient, _find_environment, _delete_environment),
}
"""By the type's name in an id, in lower case."""


def tenants(client: ContainerAppsAPIClient, environment_id: str, profile_name: str | None = None) -> list[str]:
    """Names of the apps and jobs in an environment, or of those on one of its workload profiles; sorted."""

    def inside(properties: dict[str, Any]) -> bool:
        here = str(properties.get("environmentId", "")).lower() == environment_id.lower()
        profile = str(properties.get("workloadProfileName", "")).lower()
        return here and (profile_name is None or profile == profile_name.lower())

    listings = (client.container_apps.list_by_subscription(), client.jobs.list_by_subscription())
    items = [item.as_dict() for listing in listings for item in listing]
    return sorted(str(item["name"]) for item in items if inside(item["properties"]))


def _names(items: Iterable[Any]) -> list[str]:
    return [str(item.name) for item in items]
