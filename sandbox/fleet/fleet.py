"""Container apps that really run on this machine, without a container engine."""

import asyncio
import fcntl
import os
import shutil
from asyncio import Task
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.fleet.app import App
from sandbox.fleet.container import Machine
from sandbox.fleet.namespaces import namespaces_available
from sandbox.fleet.pace import Pace
from sandbox.fleet.replica import Surroundings
from sandbox.fleet.spec import AppSpec, AppStatus, FleetEvent

_PREDECESSOR_SECONDS = 10


class FleetError(SandboxError):
    """The fleet cannot run here; the message says why."""


class Fleet:
    """Keeps processes, probes and routing equal to the newest `AppSpec` of each app, from `start` to `close`.

    `images` maps an image reference to a folder whose bin/ comes first on its containers' PATH, with bin/entrypoint as
    the image's own command; it may grow while the fleet runs. `on_event` is called on the event loop. `isolated` False
    runs replicas as plain processes even where namespaces are to be had; `pace` is for tests.
    """

    def __init__(
        self,
        images: Mapping[str, Path],
        log_dir: Path,
        on_event: Callable[[FleetEvent], None],
        *,
        isolated: bool = True,
        pace: Pace | None = None,
    ) -> None:
        self._images = images
        self._log_dir = log_dir
        self._on_event = on_event
        self._isolated = isolated
        self._pace = pace or Pace()
        self._apps: dict[str, App] = {}
        self._leaving: dict[App, Task[None]] = {}
        self._surroundings: Surroundings | None = None
        self._lock = -1

    async def start(self) -> None:
        """Waits until nothing of a killed predecessor runs. Raises FleetError if another fleet uses `log_dir`."""
        self._log_dir.mkdir(parents=True, exist_ok=True)
        self._lock = await _locked(self._log_dir / ".lock")
        isolated = self._isolated and await asyncio.to_thread(namespaces_available)
        root, homes = self._log_dir.resolve() / ".root", self._log_dir.resolve() / ".homes"
        root.mkdir(exist_ok=True)
        shutil.rmtree(homes, ignore_errors=True)
        machine = Machine(root if isolated else None, homes, self._lock)
        self._surroundings = Surroundings(machine, self._images, self._pace)

    async def apply(self, spec: AppSpec) -> None:
        """Makes `spec` the app's newest; returns at once, what it asks for happens in the background. Idempotent."""
        if self._surroundings is None:
            raise FleetError("the fleet is not running: call start() first, and nothing after close()")
        if spec.app_id in self._apps:
            self._apps[spec.app_id].apply(spec)
        else:
            self._apps[spec.app_id] = App(spec, self._surroundings, self._log_dir, self._on_event)

    async def remove(self, app_id: str) -> None:
        """Ends the app; returns when nothing of it runs any more. An app that is not there is no error."""
        app = self._apps.pop(app_id, None)
        if app:
            self._leaving[app] = task = asyncio.create_task(self._end(app))
            await asyncio.shield(task)

    def status(self, app_id: str) -> AppStatus | None:
        """The app as it is now; None if it was not applied or has been removed."""
        app = self._apps.get(app_id)
        return app.status() if app else None

    async def restart(self, app_id: str, revision: str) -> None:
        """Has the revision's replicas replaced, serving on if it can; returns at once. An unknown one is no error."""
        app = self._apps.get(app_id)
        if app:
            app.restart(revision)

    async def close(self) -> None:
        """Ends all apps; nothing runs and no port is held when it returns. May be called again."""
        self._surroundings = None
        for app_id in list(self._apps):
            app = self._apps.pop(app_id)
            self._leaving[app] = asyncio.create_task(self._end(app))
        await asyncio.gather(*self._leaving.values())
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    async def _end(self, app: App) -> None:
        try:
            await app.stop()
        finally:
            del self._leaving[app]


async def _locked(path: Path) -> int:
    """A lock that every launcher inherits: while it is held, something of the fleet that took it still runs."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = asyncio.get_running_loop().time() + _PREDECESSOR_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if asyncio.get_running_loop().time() > deadline:
                os.close(lock)
                raise FleetError(
                    f"another sandbox runs its apps with {path.parent}: stop it, or use another state folder"
                ) from None
            await asyncio.sleep(0.05)
        else:
            return lock
