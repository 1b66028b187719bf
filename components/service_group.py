"""The resource group that holds the service."""

import sys
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider
from pulumi_azure_native import resources

from components.adoption import MISSING, Presence, child_options
from operations import resource_groups


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
    """Known once the group is there, and used up once everything else in it is gone."""

    def __init__(self, name: str, args: ServiceGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:ServiceGroup", name, None, opts)
        presence = args.get("presence", MISSING)
        options = child_options(self, presence)
        # Deleting a group deletes what anybody ever put into it: Pulumi never does, `EmptyGroup` does if it is empty.
        options.retain_on_delete = True
        group = resources.ResourceGroup(
            f"{name}-group",
            resource_group_name=args["group_name"],
            location=args["location"],
            tags=args.get("tags"),
            opts=options,
        )
        self.group_name = group.name
        if not presence.adopted:
            own = EmptyGroup(f"{name}-empty", group.id, pulumi.ResourceOptions(parent=self))
            # Through it, so that everything in the group is deleted before it is asked.
            self.group_name = pulumi.Output.all(group.name, own.group_id).apply(lambda parts: parts[0])
        self.register_outputs({"group_name": self.group_name})


class EmptyGroup(Resource, module="aca-inference", name="EmptyGroup"):
    """Deletes a resource group when it is deleted itself, but leaves one that holds anything, and says so."""

    group_id: pulumi.Output[str]

    def __init__(self, name: str, group_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(_EmptyGroupProvider(), name, {"group_id": group_id}, opts)


class _EmptyGroupProvider(ResourceProvider):
    """Does nothing until the end."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["group_id"], props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        moved = _olds["group_id"].lower() != _news["group_id"].lower()
        return DiffResult(changes=moved, replaces=["group_id"] if moved else [], delete_before_replace=False)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        left = resource_groups.delete_if_empty(_props["group_id"])
        if left:
            # A provider's standard error is shown with the resource.
            others = ", ".join(left)
            sys.stderr.write(f"{_props['group_id']} stays, because it holds what is not this stack's: {others}\n")
