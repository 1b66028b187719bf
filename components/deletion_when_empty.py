"""The end of a resource that holds others: with the stack, but not while somebody else's things are in it.

Deleting a resource group, a storage account or an environment deletes what anybody ever put into it. So Pulumi never
does (the resource is retained); this dynamic resource does, once nothing is in it. It comes before the resource, so
that there is no moment at which the one exists without the other. It runs in a plugin process of its own.
"""

import sys
from collections.abc import Mapping
from typing import Any, Final

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.adoption import OWNER_TAG, Presence, owner_of
from components.plugin import told
from components.subscription import subscription_id_of


class DeletionWhenEmpty(Resource, module="aca-inference", name="DeletionWhenEmpty"):
    """Deletes a resource when it is deleted itself, but leaves one that holds anything, and says so.

    `tags` are what the resource must carry: one that somebody else made under the same id is not touched.
    """

    resource_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        resource_id: pulumi.Input[str],
        tags: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(_DeletionProvider(), name, {"resource_id": resource_id, "tags": tags}, opts)


def deletion_when_empty(
    name: str,
    parent: pulumi.Resource,
    presence: Presence,
    tags: Mapping[str, pulumi.Input[str]] | None,
    group_name: pulumi.Input[str],
    *within: pulumi.Input[str],
) -> list[pulumi.Resource]:
    """What a resource of the stack's own has to depend on; nothing for an adopted one.

    `within` leads from the group to the resource, as in its id: `"Microsoft.Storage/storageAccounts", account_name`.
    """
    if presence.adopted:
        return []
    resource_id = pulumi.Output.all(subscription_id_of(parent), group_name, *within).apply(_resource_id)
    owner = owner_of(tags)
    mark = {OWNER_TAG: owner} if owner else {}
    return [DeletionWhenEmpty(name, resource_id, mark, pulumi.ResourceOptions(parent=parent))]


def _resource_id(parts: list[str]) -> str:
    subscription_id, group_name, *within = parts
    group = f"/subscriptions/{subscription_id}/resourceGroups/{group_name}"
    return "/".join((group, "providers", *within)) if within else group


_INPUTS: Final = ("resource_id", "tags")


class _DeletionProvider(ResourceProvider):
    """Does nothing until the end."""

    @told
    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["resource_id"], props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        moved = _olds["resource_id"].lower() != _news["resource_id"].lower()
        changed = any(_olds.get(key) != _news.get(key) for key in _INPUTS)
        return DiffResult(changes=changed, replaces=["resource_id"] if moved else [], delete_before_replace=False)

    @told
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(_news)

    @told
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        # Here, because only the plugin process needs Azure's clients, and they take a second to import.
        from operations.containers import delete_if_empty

        left = delete_if_empty(_props["resource_id"], _props["tags"])
        if left:
            # A provider's standard error is shown with the resource.
            sys.stderr.write(f"{_props['resource_id']} stays, because others use it: {', '.join(left)}\n")
