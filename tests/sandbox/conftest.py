"""A sandbox in this process, with a fleet that only notes what it is asked, and unmodified clients of it."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential
from azure.mgmt.appcontainers import ContainerAppsAPIClient
from azure.mgmt.loganalytics import LogAnalyticsManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.storage.fileshare import ShareServiceClient

from sandbox.database import Database
from sandbox.endpoints import Endpoints
from sandbox.fleet.spec import AppSpec, AppStatus, EventKind, FleetEvent
from sandbox.serving import Sandbox
from sandbox.state import StateFolder
from tests.sign_in import signed_in

LOCATION = "eastus"
IMAGE = "registry.example/app:1"


class NotedFleet:
    """Runs nothing, remembers what should run, and reports what a test tells it to."""

    def __init__(self) -> None:
        self.specs: dict[str, AppSpec] = {}
        self.statuses: dict[str, AppStatus] = {}
        self.restarted: list[tuple[str, str]] = []
        self.report: Callable[[FleetEvent], None] = lambda event: None

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def apply(self, spec: AppSpec) -> None:
        self.specs[spec.app_id] = spec

    async def remove(self, app_id: str) -> None:
        self.specs.pop(app_id, None)

    def status(self, app_id: str) -> AppStatus | None:
        return self.statuses.get(app_id)

    async def restart(self, app_id: str, revision: str) -> None:
        self.restarted.append((app_id, revision))


class Cloud:
    """The sandbox in a thread of its own."""

    def __init__(self, state: Path) -> None:
        self.folder = StateFolder(state)
        self.fleet = NotedFleet()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self.folder.make()
        self._thread.start()
        while not self.folder.endpoints.exists():
            assert self._thread.is_alive(), "the sandbox did not start"
        self.endpoints = Endpoints.model_validate_json(self.folder.endpoints.read_bytes())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    def tell(self, kind: EventKind, app_id: str, revision: str) -> None:
        """The fleet reports an event, as it does on the sandbox's own loop."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(self.fleet.report, FleetEvent(kind, app_id.lower(), revision))
        self._loop.call_soon_threadsafe(lambda: self._loop.call_soon(done.set))
        assert done.wait(10)

    def _run(self) -> None:
        def make(images: Mapping[str, Path], logs: Path, report: Callable[[FleetEvent], None]) -> NotedFleet:
            self.fleet.report = report
            return self.fleet

        async def serve() -> None:
            database = Database(self.folder.database)
            try:
                await Sandbox(self.folder, database, make).run({IMAGE: Path("/nowhere")}, self._stopping)
            finally:
                database.close()

        self._loop.run_until_complete(serve())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class Clients:
    """Azure's SDKs, pointed at the sandbox by environment variables, base URL and scope."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self.credential = DefaultAzureCredential()
        told: dict[str, Any] = {
            "base_url": endpoints.arm_url,
            "credential_scopes": [f"{endpoints.arm_url}/.default"],
            "polling_interval": 1,
        }
        subscription = endpoints.subscription_id
        self.resources = ResourceManagementClient(self.credential, subscription, **told)
        self.storage = StorageManagementClient(self.credential, subscription, **told)
        self.logs = LogAnalyticsManagementClient(self.credential, subscription, **told)
        self.apps = ContainerAppsAPIClient(self.credential, subscription, **told)

    def make_group(self) -> str:
        name = f"group-{uuid.uuid4().hex[:8]}"
        self.resources.resource_groups.create_or_update(name, {"location": LOCATION})  # type: ignore[arg-type]
        return name

    def make_account(self, group: str) -> str:
        name = f"account{uuid.uuid4().hex[:10]}"
        wanted: Any = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        accounts = self.storage.storage_accounts
        accounts.begin_create(group, name, wanted, polling=False)
        settled(lambda: accounts.get_properties(group, name))
        return name

    def account_key(self, group: str, account: str) -> str:
        return self.storage.storage_accounts.list_keys(group, account).as_dict()["keys"][0]["value"]

    def files(self, group: str, account: str) -> ShareServiceClient:
        key = self.account_key(group, account)
        return ShareServiceClient(f"{self.endpoints.files_url}/{account}/", credential=key)

    def close(self) -> None:
        for client in (self.resources, self.storage, self.logs, self.apps, self.credential):
            client.close()


def settled(get: Callable[[], Any]) -> Any:
    """The resource once its provisioning has ended. The SDKs' own pollers wait a whole second before they look."""
    while (found := get()).provisioning_state not in {"Succeeded", "Failed"}:
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cloud]:
    """The sandbox that the tests of a session share; each makes resource groups of its own."""
    cloud = Cloud(tmp_path_factory.mktemp("sandbox"))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="session")
def clients(cloud: Cloud) -> Generator[Clients]:
    """The SDKs, with the environment that the sandbox tells its clients to use."""
    with signed_in(cloud.endpoints.environment):
        clients = Clients(cloud.endpoints)
    yield clients
    clients.close()


@pytest.fixture
def group(clients: Clients) -> str:
    """A fresh resource group."""
    return clients.make_group()
