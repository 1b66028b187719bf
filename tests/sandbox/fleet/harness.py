"""A fleet with an image made by the tests, and specs that differ from a working one in what a test is about."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from sandbox.fleet.fleet import Fleet
from sandbox.fleet.pace import Pace
from sandbox.fleet.spec import AppSpec, AppStatus, ContainerSpec, FleetEvent, ReplicaStatus, RevisionSpec

IMAGE = "registry.example/test:1"
PATIENCE_SECONDS = 20
PACE = Pace(crash_back_off=0.4, crash_back_off_cap=0.8, port_retry=0.05, ready_wait=5, drain=0.2)


def make_image(folder: Path) -> Path:
    """An image whose own command is the test server."""
    (folder / "bin").mkdir(parents=True)
    script = folder / "bin" / "entrypoint"
    source = Path(__file__).with_name("server.py").read_text()
    script.write_text(f"#!{os.path.realpath(sys.executable)} -S\n{source}")
    script.chmod(0o755)
    return folder


def container(**changes) -> ContainerSpec:
    return replace(ContainerSpec(name="main", image=IMAGE), **changes)


def revision(name: str = "app--one", **changes) -> RevisionSpec:
    in_container = {
        key: changes.pop(key) for key in ("env", "mounts", "probes", "command", "args", "image") if key in changes
    }
    spec = RevisionSpec(name=name, container=container(**in_container), min_replicas=1, termination_grace_seconds=5)
    return replace(spec, **changes)


def app(*revisions: RevisionSpec, name: str = "app", **changes) -> AppSpec:
    spec = AppSpec(
        app_id=f"/subscriptions/s/resourcegroups/g/providers/microsoft.app/containerapps/{name}",
        name=name,
        revisions=revisions or (revision(),),
        target_port=8000,
        ingress_port=free_port(),
    )
    return replace(spec, **changes)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until `condition()` holds; fails if it does not."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@dataclass
class Harness:
    """One running fleet, with what the tests look at."""

    fleet: Fleet
    log_dir: Path
    client: httpx.AsyncClient
    images: dict[str, Path]
    events: list[FleetEvent] = field(default_factory=list)

    async def run(self, spec: AppSpec) -> AppSpec:
        """Applies and waits until the newest revision is ready."""
        await self.fleet.apply(spec)
        await until(lambda: self.status(spec).latest_ready == spec.revisions[-1].name)
        return spec

    def status(self, spec: AppSpec) -> AppStatus:
        status = self.fleet.status(spec.app_id)
        assert status is not None
        return status

    def replicas(self, spec: AppSpec, revision: str | None = None) -> list[ReplicaStatus]:
        return [
            replica
            for each in self.status(spec).revisions
            if revision in {None, each.name}
            for replica in each.replicas
        ]

    async def get(self, spec: AppSpec, path: str, **options) -> httpx.Response:
        return await self.client.get(f"http://127.0.0.1:{spec.ingress_port}{path}", **options)

    async def post(self, spec: AppSpec, path: str, **options) -> httpx.Response:
        return await self.client.post(f"http://127.0.0.1:{spec.ingress_port}{path}", **options)

    async def shell(self, spec: AppSpec, command: str) -> dict:
        """Runs a command inside a replica."""
        return (await self.post(spec, "/shell", content=command)).json()

    async def who(self, spec: AppSpec) -> dict:
        return (await self.get(spec, "/who")).json()

    def system_log(self, spec: AppSpec) -> str:
        return "".join(path.read_text() for path in self.log_dir.glob(f"{spec.name}-*/system.jsonl"))


def processes_with(marker: str) -> list[int]:
    """Pids of this machine whose environment or command line contains `marker`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if marker.encode() in text and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
