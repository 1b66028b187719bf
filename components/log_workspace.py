"""A Log Analytics workspace for the environment's console and system logs."""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import operationalinsights

from components.adoption import MISSING, Presence, child_options

DEFAULT_RETENTION_DAYS: Final = 30


class LogWorkspaceArgs(TypedDict):
    """Arguments of `LogWorkspace`."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    retention_days: NotRequired[pulumi.Input[int]]
    """Days that logs are kept; 30, the shortest that costs nothing extra, when not given."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    presence: NotRequired[Presence]
    """The workspace as it was found; created when not given."""


class LogWorkspace(pulumi.ComponentResource):
    """A Log Analytics workspace, created or adopted."""

    workspace_name: pulumi.Output[str]
    customer_id: pulumi.Output[str]
    """The workspace's id as the environment wants it, a GUID."""

    def __init__(self, name: str, args: LogWorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:LogWorkspace", name, None, opts)
        workspace = operationalinsights.Workspace(
            f"{name}-workspace",
            resource_group_name=args["resource_group_name"],
            workspace_name=args["workspace_name"],
            location=args["location"],
            sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=args.get("retention_days", DEFAULT_RETENTION_DAYS),
            tags=args.get("tags"),
            opts=child_options(self, args.get("presence", MISSING)),
        )
        self._resource_group_name = args["resource_group_name"]
        self.workspace_name = workspace.name
        self.customer_id = workspace.customer_id
        self.register_outputs({"workspace_name": self.workspace_name, "customer_id": self.customer_id})

    def shared_key(self) -> pulumi.Output[str]:
        """Primary key of the workspace; a secret. Asked for only where it is needed: an owner may have locked it."""
        keys = operationalinsights.get_shared_keys_output(
            resource_group_name=self._resource_group_name,
            workspace_name=self.workspace_name,
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        return pulumi.Output.secret(keys.primary_shared_key).apply(_require_key)


def _require_key(key: str | None) -> str:
    if not key:
        raise ValueError("the Log Analytics workspace gave no shared key: are its local keys switched off?")
    return key
