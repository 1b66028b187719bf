"""The sandbox's process: everything put together, served until it is told to stop."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Final

import grpc
import uvicorn

from sandbox import provider
from sandbox.arm.apps.environments import APP_TYPE
from sandbox.arm.apps.hosting import Fleet, Hosting
from sandbox.arm.apps.translation import Translation
from sandbox.arm.directory import Directory
from sandbox.arm.dispatch import Dispatch
from sandbox.arm.lifecycle import Lifecycle
from sandbox.arm.log_streams import LogStreams
from sandbox.arm.registry import Types
from sandbox.arm.resource_type import Addresses
from sandbox.arm.resources import Resource, Resources
from sandbox.arm.server import arm_application
from sandbox.arm.types.container_apps import app_fqdn
from sandbox.authority import Authority
from sandbox.database import Database
from sandbox.endpoints import Endpoints
from sandbox.entra import entra_routes
from sandbox.errors import SandboxError
from sandbox.faults import Faults
from sandbox.faulty import faulty
from sandbox.files.exchange import split_path
from sandbox.files.folder import ShareFolder
from sandbox.files.properties import FileProperties
from sandbox.files.server import FilesServer
from sandbox.files.share_requests import ShareRequests
from sandbox.fleet.spec import FleetEvent
from sandbox.identity import AppReport, Control, SandboxStatus, identity_application
from sandbox.lock import InstanceLock
from sandbox.shares import Shares
from sandbox.state import Settings, StateFolder, write_atomically
from sandbox.tokens import Tokens

SHUTDOWN_SECONDS: Final = 1
"""For requests that are being answered; a connection that only stays open is not waited for longer."""
LOCK_ATTEMPTS, LOCK_PAUSE_SECONDS = 20, 0.05

_log = logging.getLogger("sandbox")

MakeFleet = Callable[[Mapping[str, Path], Path, Callable[[FleetEvent], None]], Fleet]


async def serve(root: Path, images: Mapping[str, Path], make_fleet: MakeFleet) -> None:
    """Runs the sandbox of a state folder until SIGTERM or SIGINT.

    Raises:
        SandboxError: another process runs it, or its state cannot be used.
    """
    folder = StateFolder(root)
    folder.make()
    lock = InstanceLock(folder.lock)
    for _ in range(LOCK_ATTEMPTS):  # whoever looks whether it is held holds it for a moment
        if lock.acquire():
            break
        await asyncio.sleep(LOCK_PAUSE_SECONDS)
    else:
        raise SandboxError(f"the sandbox in {root} is already running")
    folder.endpoints.unlink(missing_ok=True)
    database = Database(folder.database)
    try:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await Sandbox(folder, database, make_fleet).run(images, stopping)
    finally:
        folder.endpoints.unlink(missing_ok=True)
        database.close()
    _log.info("stopped")


class Sandbox:
    """All services of one state folder."""

    def __init__(self, folder: StateFolder, database: Database, make_fleet: MakeFleet) -> None:
        self._folder = folder
        self._database = database
        self._settings = settings = Settings(database)
        self._authority = Authority(folder.tls)
        self._authority.make()
        self._remarks: list[str] = []
        self._provider_port: int | None = None
        self._sockets = {name: self._listen(name) for name in ("arm", "files", "identity")}
        self._addresses = addresses = Addresses(
            arm=f"https://{_address(self._sockets['arm'])}",
            files=f"https://{_address(self._sockets['files'])}",
            identity=f"http://{_address(self._sockets['identity'])}",
        )
        resources = Resources(database)
        self._shares = Shares(resources, database, folder.shares, folder.trash)
        self._properties = FileProperties(database)
        self._images: dict[str, Path] = {}
        self._fleet = make_fleet(self._images, folder.logs, self._heard)
        self._hosting = Hosting(resources, Translation(resources, self._shares), self._fleet, self._images)
        self._resources = resources
        faults = Faults()
        self._types = types = Types(resources, addresses, self._shares, self._hosting)
        self._lifecycle = Lifecycle(types.by_name, database, addresses.arm, faults)
        directory = Directory(addresses, settings.subscription_id, settings.tenant_id, types.by_name)
        dispatch = Dispatch(types.by_name, self._lifecycle, directory)
        tokens = Tokens(settings.signing_key, settings.tenant_id, settings.principal_id, addresses.arm)
        sign_in = entra_routes(tokens, addresses.arm, settings.tenant_id, settings.identity_header)
        streams = LogStreams(resources, tokens, addresses.arm, folder.logs)
        share_requests = ShareRequests(self._shares, types.file_shares)
        self._applications = {
            "arm": faulty(
                "arm", arm_application(dispatch, directory, streams, tokens, settings.tenant_id, sign_in), faults
            ),
            "files": faulty("files", FilesServer(self._shares, share_requests, self._properties).application, faults),
            "identity": identity_application(
                tokens, settings.identity_header, Control(self._status, self._learn_images, faults)
            ),
        }

    async def run(self, images: Mapping[str, Path], stopping: asyncio.Event) -> None:
        """Serves until `stopping` is set; then ends everything in order."""
        self._recover()
        self._learn_images(images)
        await self._fleet.start()
        servers = [self._server(name) for name in self._sockets]
        serving = [asyncio.create_task(server.serve([self._sockets[name]])) for name, server in servers]
        await self._hosting.bring_up_all()
        self._lifecycle.operations.resume()
        stand_in = self._start_provider()
        endpoints = self._endpoints()
        write_atomically(self._folder.endpoints, endpoints.model_dump_json(indent=2))
        _log.info("ARM %s, Azure Files %s, identity %s", *vars(self._addresses).values())
        await stopping.wait()
        for _, server in servers:
            server.should_exit = True
        await asyncio.gather(*serving)
        await self._lifecycle.operations.close()
        await self._fleet.close()
        stand_in.stop(grace=None)
        self._properties.close()

    def _recover(self) -> None:
        """Ends what a kill interrupted."""
        self._shares.set_aside()
        asyncio.get_running_loop().run_in_executor(None, self._shares.empty_trash)
        self._properties.settle_after_kill(self._file_status)

    def _file_status(self, share: str, path: str) -> os.stat_result:
        account, name, parts = split_path(f"{share}/{path}")
        return ShareFolder(self._shares.folder(account, name)).status(parts, directory=False)

    def _learn_images(self, images: Mapping[str, Path]) -> None:
        with self._database.transaction():
            for reference, folder in images.items():
                self._database.execute("INSERT OR REPLACE INTO images VALUES (?, ?)", reference, str(folder))
        for row in self._database.execute("SELECT * FROM images"):
            self._images[row["reference"]] = Path(row["folder"])

    def _heard(self, event: FleetEvent) -> None:
        asyncio.get_running_loop().call_soon(self._hosting.heard, event)

    def _start_provider(self) -> grpc.Server:
        """Starts the azure-native stand-in; it is a client of ARM like any other."""
        kept, remark = self._settings.bound_socket("provider")
        self._note(remark)
        self._provider_port = port = kept.getsockname()[1]
        kept.close()
        return provider.serve(port, self._endpoints().environment)

    def _listen(self, name: str) -> socket.socket:
        bound, remark = self._settings.bound_socket(name)
        self._note(remark)
        return bound

    def _note(self, remark: str | None) -> None:
        if remark is not None:
            self._remarks.append(remark)
            _log.warning("%s", remark)

    def _server(self, name: str) -> tuple[str, "_Server"]:
        tls = name != "identity"
        config = uvicorn.Config(
            self._applications[name],
            log_level="critical",  # what goes wrong is logged where it happens
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            ssl_keyfile=self._authority.key if tls else None,
            ssl_certfile=self._authority.certificate if tls else None,
        )
        return name, _Server(config)

    def _endpoints(self) -> Endpoints:
        return Endpoints(
            pid=os.getpid(),
            arm_url=self._addresses.arm,
            files_url=self._addresses.files,
            identity_url=self._addresses.identity,
            identity_header=self._settings.identity_header,
            provider_port=self._provider_port,
            subscription_id=self._settings.subscription_id,
            tenant_id=self._settings.tenant_id,
            bundle=self._authority.bundle,
        )

    def _status(self) -> SandboxStatus:
        endpoints = self._endpoints().model_dump(include=set(SandboxStatus.model_fields))
        apps = tuple(self._app_report(app) for app in self._resources.of_type(APP_TYPE))
        return SandboxStatus(**endpoints, apps=apps, problems=tuple(self._remarks))

    def _app_report(self, app: Resource) -> AppReport:
        fqdn = app_fqdn(app)
        return AppReport(
            id=str(app.id),
            name=app.id.name,
            address=None if fqdn is None else f"http://{fqdn}",
            running_status=self._types.container_apps.view(app)["properties"]["runningStatus"],
            problems=self._hosting.problems(app.id),
        )


class _Server(uvicorn.Server):
    """A server among several in one process: signals are the process's affair."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends; connections that only stay open, waiting for their client to say goodbye, are cut."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _address(bound: socket.socket) -> str:
    host, port = bound.getsockname()
    return f"{host}:{port}"
