"""Deleting a resource group, but only once nothing is in it: Azure itself deletes whatever a group holds."""

from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.resource.resources import ResourceManagementClient

from operations.management import open_client, subscription_of


def delete_if_empty(group_id: str) -> list[str]:
    """Deletes the group, or returns what is still in it: names of resources, sorted. One that is gone is fine.

    Raises:
        CloudError: Azure refused.
    """
    name = group_id.rpartition("/")[2]
    with open_client(ResourceManagementClient, subscription_of(group_id)) as client:
        try:
            left = sorted(str(item.name) for item in client.resources.list_by_resource_group(name))
            if not left:
                client.resource_groups.begin_delete(name).result()
        except ResourceNotFoundError:
            return []
    return left
