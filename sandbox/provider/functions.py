"""The functions that programs call: reading a resource, listing keys, asking who one is."""

from collections.abc import Callable
from typing import Final

from sandbox.provider.arm_client import ArmClient
from sandbox.provider.bodies import resource_path, to_outputs
from sandbox.provider.errors import ArmError, StandInError
from sandbox.provider.type_spec import TypeSpec
from sandbox.provider.types import TYPES
from sandbox.provider.wire import Json, secret

_PACKAGE: Final = "azure-native"


def _reader(token: str) -> str:
    """`azure-native:storage:FileShare` is read by `azure-native:storage:getFileShare`."""
    package, module, name = token.split(":")
    return f"{package}:{module}:get{name}"


READERS: Final = {_reader(spec.token): spec for spec in TYPES.values()}

_ACCOUNT: Final = TYPES["azure-native:storage:StorageAccount"]
_WORKSPACE: Final = TYPES["azure-native:operationalinsights:Workspace"]
_CONTAINER_APP: Final = TYPES["azure-native:app:ContainerApp"]
ACTIONS: Final = {
    f"{_PACKAGE}:storage:listStorageAccountKeys": (_ACCOUNT, "listKeys"),
    f"{_PACKAGE}:operationalinsights:getSharedKeys": (_WORKSPACE, "sharedKeys"),
    f"{_PACKAGE}:operationalinsights:getWorkspaceSharedKeys": (_WORKSPACE, "sharedKeys"),
    f"{_PACKAGE}:app:listContainerAppSecrets": (_CONTAINER_APP, "listSecrets"),
}
"""Actions whose whole answer is secret: the resource type and the action's name in ARM."""

CLIENT_CONFIG: Final = f"{_PACKAGE}:authorization:getClientConfig"
CLIENT_TOKEN: Final = f"{_PACKAGE}:authorization:getClientToken"
FUNCTIONS: Final = frozenset({*READERS, *ACTIONS, CLIENT_CONFIG, CLIENT_TOKEN})


def call(token: str, arguments: Json, arm: ArmClient) -> Json:
    """The function's result, secrets marked.

    Raises:
        StandInError: there is no such function here, or ARM refused.
    """
    if spec := READERS.get(token):
        return _read(spec, arguments, arm)
    if action := ACTIONS.get(token):
        spec, name = action
        path = f"{resource_path(spec, arm.cloud.subscription_id, arguments)}/{name}"
        answer = _naming(path, lambda: arm.post(path, spec.api_version))
        return {key: secret(value) for key, value in answer.items()}
    if token == CLIENT_CONFIG:
        claims = arm.claims()
        return {
            "clientId": claims.get("appid", ""),
            "objectId": claims.get("oid", ""),
            "tenantId": claims.get("tid", ""),
            "subscriptionId": arm.cloud.subscription_id,
        }
    if token == CLIENT_TOKEN:
        return {"token": secret(arm.token(arguments.get("endpoint") or ""))}
    raise StandInError(f"the sandbox has no function {token}; it has: {', '.join(sorted(FUNCTIONS))}")


def _read(spec: TypeSpec, arguments: Json, arm: ArmClient) -> Json:
    path = resource_path(spec, arm.cloud.subscription_id, arguments)
    return to_outputs(spec, _naming(path, lambda: arm.read(path, spec.api_version)))


def _naming(path: str, request: Callable[[], Json]) -> Json:
    try:
        return request()
    except ArmError as refused:
        raise StandInError(f"request failed {path}: {refused}") from refused
