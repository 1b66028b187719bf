"""The resource group that holds the service."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import resources

from components.adoption import MISSING, Presence, child_options
from components.deletion_when_empty import deletion_when_empty
from components.ordering import after


class ServiceGroupArgs(TypedDict):
    """Arguments of `ServiceGroup`."""

    group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    presence: NotRequired[Presence]
    """The group as it was found; created when not given."""


class ServiceGroup(pulumi.ComponentResource):
    """A resource group, created or adopted; one that the stack created goes with it, unless others are in it."""

    group_name: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:ServiceGroup", name, None, opts)
        presence = args.get("presence", MISSING)
        deletion = deletion_when_empty(f"{name}-deletion", self, presence, args.get("tags"), args["group_name"])
        group = resources.ResourceGroup(
            f"{name}-group",
            resource_group_name=args["group_name"],
            location=args["location"],
            tags=args.get("tags"),
            opts=child_options(self, presence, depends_on=deletion, retained=True),
        )
        # The name as it was given: known in a preview, for those who judge one.
        self.group_name = after(group, args["group_name"])
        self.register_outputs({"group_name": self.group_name})
