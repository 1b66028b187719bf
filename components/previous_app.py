"""What a Container App was before the stack took it over, to be put back when the stack goes.

A dynamic resource without a counterpart in Azure: creating it reads the app, deleting it writes the app as it was. It
runs in a plugin process of its own.
"""

from typing import Any, TypedDict

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

from components.plugin import told


class PreviousAppArgs(TypedDict):
    """Arguments of `PreviousApp`."""

    app_id: pulumi.Input[str]
    link_name: pulumi.Input[str]
    """The link that the stack's version of the app mounts, and that has to be free again when the stack goes."""


class PreviousApp(Resource, module="aca-inference", name="PreviousApp"):
    """An app's earlier configuration with its secrets; kept as a secret."""

    def __init__(self, name: str, args: PreviousAppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        own = pulumi.ResourceOptions(additional_secret_outputs=["previous"])
        super().__init__(
            _PreviousAppProvider(), name, {**args, "previous": None}, pulumi.ResourceOptions.merge(opts, own)
        )


class _PreviousAppProvider(ResourceProvider):
    """Reads on create, puts back on delete; nothing changes what was.

    What it calls is imported there: only the plugin process needs Azure's clients, and they take a second to import.
    """

    @told
    def create(self, props: dict[str, Any]) -> CreateResult:
        from operations.app_takeover import read

        previous = read(props["app_id"], props["link_name"])
        return CreateResult(props["app_id"], {"app_id": props["app_id"], "previous": previous})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        moved = _olds["app_id"].lower() != _news["app_id"].lower()
        return DiffResult(changes=moved, replaces=["app_id"] if moved else [])

    @told
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        from operations.app_takeover import restore

        restore(_props["app_id"], _props["previous"])
