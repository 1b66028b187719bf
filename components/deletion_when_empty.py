"""The end of a resource that holds others: with the stack, but not while somebody else's things are in it.

Deleting a resource group, a storage account or an environment deletes what anybody ever put into it. So Pulumi never
does (the resource is retained); this dynamic resource does, once nothing is in it. It runs in a plugin process of its
own.
"""

import sys
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

from components.adoption import Presence


class DeletionWhenEmpty(Resource, module="aca-inference", name="DeletionWhenEmpty"):
    """Deletes a resource when it is deleted itself, but leaves one that holds anything, and says so."""

    resource_id: pulumi.Output[str]

    def __init__(self, name: str, resource_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(_DeletionProvider(), name, {"resource_id": resource_id}, opts)


def deletion_when_empty(
    name: str, parent: pulumi.Resource, presence: Presence, resource: pulumi.CustomResource
) -> DeletionWhenEmpty | None:
    """The deletion of a resource that is the stack's own; None for an adopted one.

    Whatever is put into the resource has to come after it (`components.ordering.after`), so that it goes before.
    """
    if presence.adopted:
        return None
    return DeletionWhenEmpty(name, resource.id, pulumi.ResourceOptions(parent=parent))


class _DeletionProvider(ResourceProvider):
    """Does nothing until the end."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["resource_id"], props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        moved = _olds["resource_id"].lower() != _news["resource_id"].lower()
        return DiffResult(changes=moved, replaces=["resource_id"] if moved else [], delete_before_replace=False)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        # Here, because only the plugin process needs Azure's clients, and they take a second to import.
        from operations.containers import delete_if_empty

        left = delete_if_empty(_props["resource_id"])
        if left:
            # A provider's standard error is shown with the resource.
            sys.stderr.write(f"{_props['resource_id']} stays, because others use it: {', '.join(left)}\n")
