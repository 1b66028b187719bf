"""What the stack made in its last run, read from its own outputs: a program sees Azure, but not the engine's state."""

from collections.abc import Mapping

import pulumi
import pulumi.runtime

from components.naming import ServiceNames
from stack.placement import GROUP, RESOURCES
from stack.settings import Settings


def names_by_key(settings: Settings, names: ServiceNames) -> dict[str, str]:
    """Name of each resource by its key in `adopt`."""
    return {
        resource.mode_key: settings.resource_group if field == GROUP else getattr(names, field)
        for field, resource in RESOURCES.items()
    }


def made_last_time() -> Mapping[str, str]:
    """Names of the resources that the stack owned when it was last brought up, by their keys in `adopt`.

    A refresh since then leaves the outputs as they were.
    """
    name = "/".join((pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()))
    outputs = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value["outputs"] or {}
    owned = {key for key, whose in outputs.get("ownership", {}).items() if whose == "stack"}
    return {key: value for key, value in outputs.get("names", {}).items() if key in owned}
