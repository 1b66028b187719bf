"""The stand-in over a real sandbox, asked as the engine asks it."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox import control
from sandbox.provider import serve
from sandbox.provider.arm_client import ArmClient, Cloud

PACKAGE = "azure-native"


class Engine:
    """The calls that an engine makes, with plain values."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def close(self) -> None:
        self._channel.close()

    def configure(self, **variables: str) -> None:
        self.stub.Configure(
            provider_pb2.ConfigureRequest(
                variables={f"{PACKAGE}:config:{key}": value for key, value in variables.items()}, acceptSecrets=True
            )
        )

    def check(self, token: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
        request = provider_pb2.CheckRequest(
            urn=urn(token), news=struct(inputs), olds=struct(olds or {}), randomSeed=bytes(range(32))
        )
        return plain(self.stub.Check(request).inputs)

    def create(self, token: str, inputs: dict[str, Any], *, preview: bool = False) -> tuple[str, dict[str, Any]]:
        request = provider_pb2.CreateRequest(urn=urn(token), properties=struct(inputs), preview=preview)
        made = self.stub.Create(request)
        return made.id, plain(made.properties)

    def diff(self, token: str, old: dict[str, Any], new: dict[str, Any]) -> Any:
        return self.stub.Diff(provider_pb2.DiffRequest(urn=urn(token), old_inputs=struct(old), news=struct(new)))

    def update(self, token: str, identity: str, new: dict[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(id=identity, urn=urn(token), news=struct(new))
        return plain(self.stub.Update(request).properties)

    def read(self, token: str, identity: str, inputs: dict[str, Any] | None = None) -> Any:
        return self.stub.Read(provider_pb2.ReadRequest(id=identity, urn=urn(token), inputs=struct(inputs or {})))

    def delete(self, token: str, identity: str) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(id=identity, urn=urn(token)))

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=f"{PACKAGE}:{token}", args=struct(arguments)))
        return json_format.MessageToDict(getattr(answer, "return"))


def urn(token: str) -> str:
    return f"urn:pulumi:test::project::parent:type${PACKAGE}:{token}::logical"


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def plain(values: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(values)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of a running sandbox."""
    state = tmp_path_factory.mktemp("sandbox")
    control.start(state, images={})
    yield control.environment(state)
    control.stop(state, timeout_seconds=10)


@pytest.fixture(scope="session")
def arm(running: dict[str, str]) -> Iterator[ArmClient]:
    """ARM itself, to see what really happened."""
    client = ArmClient(Cloud.from_environment(running))
    yield client
    client.close()


@pytest.fixture
def engine(running: dict[str, str]) -> Iterator[Engine]:
    engine = Engine(int(running["PULUMI_DEBUG_PROVIDERS"].rpartition(":")[2]))
    engine.configure()
    yield engine
    engine.close()


@pytest.fixture
def group(engine: Engine, request: pytest.FixtureRequest) -> str:
    """A resource group of the test's own."""
    name = f"group-{abs(hash(request.node.nodeid)):x}"
    engine.create("resources:ResourceGroup", {"resourceGroupName": name, "location": "swedencentral"})
    return name


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Engine]:
    """A stand-in that no sandbox is named to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = serve(port, environment={})
    engine = Engine(port)
    yield engine
    engine.close()
    server.stop(0).wait()
