"""Pulumi mocks that record what a program registers, so that a test can ask what a resource means."""

from collections.abc import Callable
from typing import Any

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs
from pulumi.runtime.rpc import unwrap_rpc_secret

ACCOUNT_KEY = "the-account-key"
SHARED_KEY = "the-shared-key"

_OUTPUTS: dict[str, dict[str, Any]] = {
    "azure-native:storage:StorageAccount": {"primaryEndpoints": {"file": "https://account.example/"}},
    "azure-native:operationalinsights:Workspace": {"customerId": "11111111-2222-3333-4444-555555555555"},
    "azure-native:app:ManagedEnvironment": {"defaultDomain": "env.example"},
}
"""What Azure computes, by type."""

_NAME_INPUTS = (
    "accountName",
    "shareName",
    "workspaceName",
    "environmentName",
    "storageName",
    "containerAppName",
    "resourceGroupName",
)


class Recorder(pulumi.runtime.Mocks):
    """Keeps every registered custom resource by its logical name."""

    def __init__(self, calls: dict[str, dict[str, Any]] | None = None) -> None:
        self.resources: dict[str, MockResourceArgs] = {}
        self.calls = calls or {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        args.inputs = _plain(args.inputs)
        self.resources[args.name] = args
        outputs = {**args.inputs, **_OUTPUTS.get(args.typ, {}), "name": _azure_name(args)}
        if args.typ.endswith(":ApiKey"):
            outputs["key"] = args.inputs.get("known_key") or "made"
        if args.typ == "azure-native:app:ContainerApp":
            users = outputs.get("identity", {}).get("userAssignedIdentities")
            if users:  # a list goes in, an object comes back
                outputs["identity"] = {**outputs["identity"], "userAssignedIdentities": {user: {} for user in users}}
            outputs["configuration"]["ingress"]["fqdn"] = f"{_azure_name(args)}.env.example"
        return args.resource_id or f"/ids/{args.name}", outputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        match args.token:
            case "azure-native:storage:listStorageAccountKeys":
                return {"keys": [{"keyName": "key1", "permissions": "Full", "value": ACCOUNT_KEY}]}
            case "azure-native:operationalinsights:getSharedKeys":
                return {"primarySharedKey": SHARED_KEY}
            case "azure-native:authorization:getClientConfig":
                return {"subscriptionId": "subscription", "clientId": "", "objectId": "", "tenantId": ""}
            case token:
                return self.calls[token]

    def none_of_type(self, token: str) -> bool:
        """Whether there is no resource of this type."""
        return all(resource.typ != token for resource in self.resources.values())

    def of_type(self, token: str) -> MockResourceArgs:
        """The one resource of this type."""
        (found,) = [resource for resource in self.resources.values() if resource.typ == token]
        return found


def record(
    program: Callable[[], Any],
    calls: dict[str, dict[str, Any]] | None = None,
    recorder: Recorder | None = None,
) -> Recorder:
    """Runs a program under mocks to its end and returns what it registered."""
    recorder = recorder or Recorder(calls)
    pulumi.runtime.set_mocks(recorder, project="aca-inference", stack="test", preview=False)
    pulumi.runtime.test(program)()
    return recorder


def _azure_name(args: MockResourceArgs) -> str:
    own = [args.inputs[key] for key in _NAME_INPUTS if key in args.inputs and key != "resourceGroupName"]
    match args.typ.rsplit(":", 1)[-1]:
        case "FileShare":
            return args.inputs["shareName"]
        case "ManagedEnvironmentsStorage":
            return args.inputs["storageName"]
        case _:
            return own[0] if own else args.name


def _plain(value: Any) -> Any:
    """The value without the marks that secrets carry on the wire."""
    value = unwrap_rpc_secret(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
