"""One workload profile more, or less, in the list of an environment that belongs to somebody else.

The list is one property: whoever writes it writes all of it. So it is read, changed by one item and written back, and
all that again while somebody else is changing the environment; an item that is not ours is never touched. The service
gives environments no etag (where there is one it is sent), so what was written is read again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.appcontainers import ContainerAppsAPIClient

from operations.containers import tenants
from operations.errors import CloudError
from operations.management import (
    CONFLICT_TIMEOUT_SECONDS,
    open_client,
    place_of,
    subscription_of,
    while_others_change_it,
)

_WRITES: Final = 5
"""Times that a write which somebody else undid is repeated before that is reported."""

_Profiles = list[dict[str, Any]]


@dataclass(frozen=True)
class Profile:
    """A profile of an environment, by what makes it: its name within the environment, and its type."""

    environment_id: str
    name: str
    type: str


def add(profile: Profile, timeout_seconds: float = CONFLICT_TIMEOUT_SECONDS) -> None:
    """Puts the profile into its environment's list; one that is there already is fine.

    Raises:
        CloudError: the environment cannot have it, or has another one of that name.
    """
    new = {"name": profile.name, "workloadProfileType": profile.type}
    with open_client(ContainerAppsAPIClient, subscription_of(profile.environment_id)) as client:
        _change(client, profile, lambda items: None if _listed(profile, items) else [*items, new], timeout_seconds)


def exists(profile: Profile) -> bool:
    """Whether the environment is there and lists the profile.

    Raises:
        CloudError: it lists another one of that name.
    """
    with open_client(ContainerAppsAPIClient, subscription_of(profile.environment_id)) as client:
        try:
            environment = client.managed_environments.get(*place_of(profile.environment_id)).as_dict()
        except ResourceNotFoundError:
            return False
    return _listed(profile, _list_of(environment, profile)) is not None


def remove(profile: Profile, timeout_seconds: float = CONFLICT_TIMEOUT_SECONDS) -> None:
    """Takes the profile off the list again; one that is gone, or whose environment is, is fine.

    Raises:
        CloudError: an app or a job still uses it; the message names them.
    """
    with open_client(ContainerAppsAPIClient, subscription_of(profile.environment_id)) as client:

        def without(items: _Profiles) -> _Profiles | None:
            found = _listed(profile, items)
            if found is None:
                return None
            _require_unused(client, profile)
            return [item for item in items if item is not found]

        try:
            client.managed_environments.get(*place_of(profile.environment_id))
        except ResourceNotFoundError:
            return
        _change(client, profile, without, timeout_seconds)


def _change(
    client: ContainerAppsAPIClient,
    profile: Profile,
    wanted: Callable[[_Profiles], _Profiles | None],
    timeout_seconds: float,
) -> None:
    """Writes what `wanted` makes of the list until it has nothing to change any more (None)."""
    place = place_of(profile.environment_id)
    for _ in range(_WRITES):
        for attempt in while_others_change_it(timeout_seconds):
            with attempt:
                environment = client.managed_environments.get(*place).as_dict()
                items = wanted(_list_of(environment, profile))
                if items is None:
                    return
                etag = environment.get("etag")
                body: Any = {"location": environment["location"], "properties": {"workloadProfiles": items}}
                match = {"If-Match": etag} if etag else {}
                client.managed_environments.begin_update(*place, body, headers=match).result()
    raise CloudError(f"somebody else keeps rewriting the workload profiles of {profile.environment_id}; try again")


def _list_of(environment: dict[str, Any], profile: Profile) -> _Profiles:
    items: _Profiles = environment.get("properties", {}).get("workloadProfiles") or []
    if not items:
        raise CloudError(f"the environment {profile.environment_id} has no workload profiles and cannot get any")
    return items


def _listed(profile: Profile, items: _Profiles) -> dict[str, Any] | None:
    """The profile's item in the list; names are compared without case, as the service does."""
    for item in items:
        if item["name"].lower() == profile.name.lower():
            if item["workloadProfileType"] != profile.type:
                raise CloudError(
                    f"the environment {profile.environment_id} has another workload profile named {profile.name}, of"
                    f" type {item['workloadProfileType']}"
                )
            return item
    return None


def _require_unused(client: ContainerAppsAPIClient, profile: Profile) -> None:
    users = tenants(client, profile.environment_id, profile.name)
    if users:
        raise CloudError(
            f"the workload profile {profile.name} of {profile.environment_id} stays: used by {', '.join(users)}. Move"
            " or delete that first"
        )
