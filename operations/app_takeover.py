"""A Container App before somebody else's program changes it: read whole, with its secrets, and put back later."""

import json
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.appcontainers import ContainerAppsAPIClient

from operations.errors import CloudError
from operations.management import open_client, place_of, subscription_of, while_others_change_it

_WRITABLE: Final = ("location", "tags", "identity", "kind", "managedBy", "extendedLocation")
_WRITABLE_PROPERTIES: Final = ("environmentId", "workloadProfileName", "configuration", "template")


def read(app_id: str, link_name: str) -> str:
    """The app as a PUT would make it, as JSON; empty if it mounts the link, that is if it was changed already.

    Raises:
        CloudError: there is no such app, or it cannot be read.
    """
    place = place_of(app_id)
    with open_client(ContainerAppsAPIClient, subscription_of(app_id)) as client:
        found = client.container_apps.get(*place).as_dict()
        listed = client.container_apps.list_secrets(*place).as_dict()
    properties: dict[str, Any] = found["properties"]
    volumes = (properties.get("template") or {}).get("volumes") or []
    if any(volume.get("storageName") == link_name for volume in volumes):
        return ""
    kept = {key: properties[key] for key in _WRITABLE_PROPERTIES if properties.get(key) is not None}
    configuration: dict[str, Any] = {**kept.get("configuration", {}), "secrets": listed.get("value") or []}
    if configuration.get("ingress"):
        configuration["ingress"] = {key: value for key, value in configuration["ingress"].items() if key != "fqdn"}
    kept["configuration"] = configuration
    return json.dumps({**{key: found[key] for key in _WRITABLE if found.get(key) is not None}, "properties": kept})


def restore(app_id: str, previous: str) -> None:
    """Puts the app back as it was; one that is gone by now is fine.

    Raises:
        CloudError: it is not known how it was, or Azure refused.
    """
    place = place_of(app_id)
    with open_client(ContainerAppsAPIClient, subscription_of(app_id)) as client:
        try:
            client.container_apps.get(*place)
        except ResourceNotFoundError:
            return
        if not previous:
            raise CloudError(
                f"how {app_id} was before this stack took it over is not known any more (the stack's state was lost)."
                " Change the app so that it no longer mounts the stack's storage, or delete it; then run this again"
            )
        for attempt in while_others_change_it():
            with attempt:
                client.container_apps.begin_create_or_update(*place, json.loads(previous)).result()
