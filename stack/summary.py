"""What this run does with each resource, in words for the person who reads the preview."""

from collections.abc import Mapping
from typing import Final

from components.adoption import Presence
from components.naming import ServiceNames
from stack.found import Survey
from stack.placement import GROUP, RESOURCES, Placement
from stack.settings import Settings

_HOLDERS: Final = (GROUP, "storage_account", "environment")
"""What others may have put something into meanwhile."""
_RENAMED: Final = ("environment_storage",)
"""What gets another name whenever what it stands for changes, and is therefore made anew."""
_GONE: Final = "DELETED since this stack made it: made again only once `pulumi refresh` has seen that"


def ownership(placement: Placement) -> dict[str, str]:
    """Whose each resource is, by its key in `adopt`: `stack` or `adopted`."""
    return {
        resource.mode_key: "adopted" if _presence(placement, field).adopted else "stack"
        for field, resource in RESOURCES.items()
    }


def names_by_key(settings: Settings, names: ServiceNames) -> dict[str, str]:
    """Name of each resource, by its key in `adopt`."""
    return {
        resource.mode_key: settings.resource_group if field == GROUP else getattr(names, field)
        for field, resource in RESOURCES.items()
    }


def describe(placement: Placement, found: Survey, names: Mapping[str, str], made: Mapping[str, str]) -> str:
    """One line for each resource: whether it is made, found again or adopted, and what changes in it.

    `names` are all resources', `made` those of what the stack made in its last run; by their keys in `adopt`.
    """
    lines = ["what becomes of each resource:"]
    environment = names[RESOURCES["environment"].mode_key]
    for field, resource in RESOURCES.items():
        presence = _presence(placement, field)
        name = names[resource.mode_key]
        there = (
            (found.own_link or found.environment_storage) if field == "environment_storage" else getattr(found, field)
        )
        gone = field not in _RENAMED and there is None and made.get(resource.mode_key) == name
        lines.append(f"  {resource.label} {name}: {_GONE if gone else _fate(field, presence, there is not None)}")
    if placement.add_profile:
        lines.append(
            f"  workload profile {placement.gpu_profile_name} ({placement.gpu.type}): added to the environment"
            f" {environment}, which has none to lend; `pulumi destroy` takes it off again"
        )
    elif placement.presence.environment.adopted:
        lines.append(
            f"  workload profile {placement.gpu_profile_name} ({placement.gpu.type}): lent by the environment"
            f" {environment}"
        )
    return "\n".join(lines)


def _presence(placement: Placement, field: str) -> Presence:
    return placement.resource_group if field == GROUP else getattr(placement.presence, field)


def _fate(field: str, presence: Presence, exists: bool) -> str:
    if presence.updated:
        return (
            "adopted and CHANGED, because adopt.app is always: the changes are shown with it; `pulumi destroy` puts it"
            " back as it was"
        )
    if presence.adopted:
        return "adopted: exists and is not this stack's; nothing in it changes, `pulumi destroy` leaves it"
    if presence.id is not None:
        return "this stack's own"
    if exists:
        return "this stack's own, replaced: it cannot move to another environment"
    if field in _HOLDERS:
        return "created: `pulumi destroy` deletes it, unless something of others is in it then"
    return "created: `pulumi destroy` deletes it"
