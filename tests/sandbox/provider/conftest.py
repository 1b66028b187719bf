"""The stand-in over a real sandbox, and over an ARM that answers by script."""

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.provider import serve
from sandbox.provider.arm_client import ArmClient
from sandbox.provider.connection import Cloud, Connection
from tests.sandbox.conftest import Cloud as Sandbox
from tests.sandbox.provider.fake_arm import FakeArm
from tests.sandbox.provider.harness import GROUP, LOCATION, Engine, free_port


@pytest.fixture(scope="session")
def running(cloud: Sandbox) -> dict[str, str]:
    """Environment of a running sandbox."""
    return cloud.endpoints.environment


@pytest.fixture(scope="session")
def arm(running: dict[str, str]) -> Iterator[ArmClient]:
    """ARM itself, to change things behind the engine's back and to see what really happened."""
    connection = Connection(Cloud.configured(running, {}))
    yield ArmClient(connection, threading.Event())
    connection.close()


@pytest.fixture
def engine(running: dict[str, str]) -> Iterator[Engine]:
    """An engine that is attached to the sandbox's stand-in."""
    engine = Engine(int(running["PULUMI_DEBUG_PROVIDERS"].rpartition(":")[2]))
    engine.configure()
    yield engine
    engine.close()


@pytest.fixture
def group(engine: Engine) -> str:
    """A resource group of the test's own."""
    name = f"group-{uuid.uuid4().hex[:8]}"
    engine.create(GROUP, {"resourceGroupName": name, "location": LOCATION})
    return name


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeArm]:
    """An ARM that answers by script."""
    fake = FakeArm(tmp_path)
    yield fake
    fake.close()


Attach = Callable[..., Engine]


@pytest.fixture
def attach() -> Iterator[Attach]:
    """Starts a stand-in for an environment and attaches engines to it: `attach(environment)`, `attach(port=...)`."""
    ends: list[Callable[[], object]] = []

    def attach(environment: dict[str, str] | None = None, port: int | None = None) -> Engine:
        if port is None:
            port = free_port()
            server = serve(port, environment or {})
            ends.append(lambda: server.stop(0).wait())
        engine = Engine(port)
        ends.append(engine.close)
        return engine

    yield attach
    for end in reversed(ends):
        end()


@pytest.fixture
def scripted(fake: FakeArm, attach: Attach) -> Engine:
    """An engine over the scripted ARM."""
    engine = attach(fake.environment)
    engine.configure()
    return engine
