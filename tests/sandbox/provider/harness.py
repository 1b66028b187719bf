"""The stand-in asked as an engine asks it, with plain values in and out."""

import socket
import time
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

PACKAGE = "azure-native"
ACCOUNT = "storage:StorageAccount"
APP = "app:ContainerApp"
ENVIRONMENT = "app:ManagedEnvironment"
FILE_SERVICE = "storage:FileServiceProperties"
GROUP = "resources:ResourceGroup"
LINK = "app:ManagedEnvironmentsStorage"
SHARE = "storage:FileShare"
WORKSPACE = "operationalinsights:Workspace"
LOCATION = "swedencentral"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""What marks a value as a secret on the wire."""


class Engine:
    """The calls of one engine, over a connection of its own. Values keep their marks of secrets."""

    def __init__(self, port: int) -> None:
        self.port = port
        # Channels of one process would share a connection otherwise, which engines never do.
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)])
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def configure(self, **variables: str) -> None:
        configuration = {f"{PACKAGE}:config:{key}": value for key, value in variables.items()}
        self.stub.Configure(provider_pb2.ConfigureRequest(variables=configuration, acceptSecrets=True))

    def check(self, token: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None, **more: Any) -> Any:
        more = {"randomSeed": bytes(range(32)), **more}
        return self.stub.Check(
            provider_pb2.CheckRequest(urn=urn(token), news=struct(inputs), olds=struct(olds or {}), **more)
        )

    def checked(self, token: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.check(token, inputs, olds)
        assert not answer.failures, answer.failures
        return plain(answer.inputs)

    def create(
        self, token: str, inputs: dict[str, Any], *, preview: bool = False, timeout: float = 0
    ) -> tuple[str, dict[str, Any]]:
        made = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token), properties=struct(inputs), preview=preview, timeout=timeout)
        )
        return made.id, plain(made.properties)

    def diff(
        self, token: str, old: dict[str, Any], new: dict[str, Any], outputs: dict[str, Any] | None = None
    ) -> provider_pb2.DiffResponse:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                urn=urn(token), old_inputs=struct(old), news=struct(new), olds=struct(outputs or {})
            )
        )

    def update(
        self,
        token: str,
        identity: str,
        new: dict[str, Any],
        outputs: dict[str, Any] | None = None,
        *,
        preview: bool = False,
    ) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            id=identity, urn=urn(token), news=struct(new), olds=struct(outputs or {}), preview=preview
        )
        return plain(self.stub.Update(request).properties)

    def read(self, token: str, identity: str) -> provider_pb2.ReadResponse:
        """As for an import: nothing is known but the id."""
        return self.stub.Read(provider_pb2.ReadRequest(id=identity, urn=urn(token)))

    def refresh(
        self, token: str, identity: str, inputs: dict[str, Any], outputs: dict[str, Any]
    ) -> provider_pb2.ReadResponse:
        return self.stub.Read(
            provider_pb2.ReadRequest(id=identity, urn=urn(token), inputs=struct(inputs), properties=struct(outputs))
        )

    def delete(self, token: str, identity: str) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(id=identity, urn=urn(token)))

    def cancel(self) -> None:
        self.stub.Cancel(empty_pb2.Empty())

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=f"{PACKAGE}:{token}", args=struct(arguments)))
        return plain(getattr(answer, "return"))


def urn(token: str) -> str:
    return f"urn:pulumi:test::project::parent:type${PACKAGE}:{token}::logical"


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def plain(values: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(values)


def refusal(caught: Any) -> str:
    """What the engine would show of an error."""
    return caught.value.details()


def half_made(caught: Any) -> provider_pb2.ErrorResourceInitFailed:
    """What the engine records of a resource that was made but did not get ready."""
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    failed = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(details).details[0].Unpack(failed)
    return failed


def secret(value: Any) -> dict[str, Any]:
    return {**SECRET, "value": value}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def account(group: str, **more: Any) -> dict[str, Any]:
    """Inputs of a storage account; names of accounts are unique in all of Azure, as those of the groups are here."""
    return {
        "resourceGroupName": group,
        "accountName": group.replace("-", ""),
        "location": LOCATION,
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        **more,
    }


def workspace(group: str, **more: Any) -> dict[str, Any]:
    """Inputs of a workspace, which is made at once."""
    return {"resourceGroupName": group, "workspaceName": "logs", "location": LOCATION, **more}


def environment_storage(group: str, key: str) -> dict[str, Any]:
    """Inputs of an environment's storage link, with an account's key."""
    file = {"accountName": "account", "accountKey": key, "shareName": "share", "accessMode": "ReadWrite"}
    names = {"resourceGroupName": group, "environmentName": "environment", "storageName": "link"}
    return {**names, "properties": {"azureFile": file}}


def resource_path(subscription: str, group: str, rest: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{rest}"


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Waits for what another thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
