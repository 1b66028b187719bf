"""One container app: its revisions, replicas and ingress, kept equal to the newest spec by one task."""

import asyncio
import errno
from asyncio import Task
from collections.abc import Callable
from pathlib import Path

from sandbox.fleet.ingress import Ingress
from sandbox.fleet.logs import AppLogs
from sandbox.fleet.replica import Replica, Surroundings
from sandbox.fleet.revision import Revision
from sandbox.fleet.routing import Router
from sandbox.fleet.spec import AppSpec, AppStatus, EventKind, FleetEvent

PLAIN_NOTICE = (
    "This machine has no namespaces for replicas: they run as plain processes, with mount paths translated in command"
    " and environment; read-only mounts are not enforced."
)


class App:
    """Runs from its making to the end of `stop`. All changes are made by `_reconcile`, never while something awaits."""

    def __init__(
        self, spec: AppSpec, surroundings: Surroundings, log_dir: Path, on_event: Callable[[FleetEvent], None]
    ) -> None:
        self._spec = spec
        self._surroundings = surroundings
        self._on_event = on_event
        self._logs = AppLogs(log_dir, spec.app_id)
        self._revisions: dict[str, Revision] = {}
        self._replaced: set[str] = set()
        self._latest_ready: Revision | None = None
        self._leaving: set[Task[None]] = set()
        self._router = Router(spec.name, surroundings.pace, self._wake)
        self._ingress: Ingress | None = None
        self._port_trouble = ""
        self._awake = asyncio.Event()
        self._awake.set()
        if surroundings.machine.root is None:
            self._logs.event("NamespacesUnavailable", PLAIN_NOTICE, warning=True)
        self._reconcile(asyncio.get_running_loop().time())
        self._task = asyncio.create_task(self._run())

    def apply(self, spec: AppSpec) -> None:
        """Makes `spec` the one to be equal to; its revisions are in the status at once."""
        self._spec = spec
        self._reconcile(asyncio.get_running_loop().time())
        self._wake()

    def restart(self, revision: str) -> bool:
        """Has a revision's replicas replaced one after the other; False if there is no such active revision."""
        known = self._revisions.get(revision)
        if known is None:
            return False
        self._logs.event("RevisionRestarted", f"Restarting revision {revision}", revision=revision)
        known.restart()
        self._wake()
        return True

    def status(self) -> AppStatus:
        """As it is now."""
        notice = PLAIN_NOTICE if self._surroundings.machine.root is None else ""
        return AppStatus(
            app_id=self._spec.app_id,
            latest_ready=self._latest_ready.name if self._latest_ready else None,
            revisions=tuple(revision.status() for revision in self._revisions.values()),
            details=" ".join(filter(None, (self._port_trouble, notice))),
        )

    async def stop(self) -> None:
        """Ends everything, with grace; the ingress port is free at once."""
        self._task.cancel()
        ingress, self._ingress = self._ingress, None
        if ingress:
            ingress.close()
        await asyncio.gather(self._task, return_exceptions=True)
        for revision in list(self._revisions.values()):
            self._retire(revision)
        self._router.weights = []
        self._router.notify()
        await asyncio.gather(*self._leaving)
        if ingress:
            await ingress.disconnect()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._awake.clear()
            look_again = self._reconcile(loop.time())
            port_due = await self._settle_ingress(loop.time())
            due = min((time for time in (look_again, port_due) if time is not None), default=None)
            try:
                async with asyncio.timeout_at(due):
                    await self._awake.wait()
            except TimeoutError:
                continue

    def _wake(self) -> None:
        self._awake.set()

    def _reconcile(self, now: float) -> float | None:
        """One step towards the spec; when to look again without a reason."""
        spec = self._spec
        wanted = {revision.name: revision for revision in spec.revisions}
        self._replaced &= wanted.keys()
        for name in [name for name in self._revisions if name not in wanted]:
            self._retire(self._revisions[name])
        for name, revision in wanted.items():
            if name in self._revisions:
                self._revisions[name].spec = revision
            elif name not in self._replaced:
                self._revisions[name] = Revision(
                    spec.name, revision, spec.target_port, self._surroundings, self._logs, self._changed
                )
                self._logs.event("RevisionCreated", f"Created revision {name}", revision=name)
        # The newest last, as in the spec.
        self._revisions = {name: self._revisions[name] for name in wanted if name in self._revisions}
        self._announce()
        if spec.single:
            self._take_over()
        dues = [revision.reconcile(now) for revision in self._revisions.values()]
        self._router.weights = self._weights()
        self._router.notify()
        return min((due for due in dues if due is not None), default=None)

    def _announce(self) -> None:
        for revision in self._revisions.values():
            if revision.ready and not revision.announced:
                revision.announced = True
                self._logs.event("RevisionReady", f"Revision {revision.name} is ready", revision=revision.name)
                self._emit(EventKind.REVISION_READY, revision.name)
        announced = [revision for revision in self._revisions.values() if revision.announced]
        self._latest_ready = announced[-1] if announced else None

    def _take_over(self) -> None:
        """The newest ready revision has the traffic: the older ones end."""
        for revision in list(self._revisions.values()):
            if self._latest_ready is None or revision is self._latest_ready:
                return
            self._replaced.add(revision.name)
            self._retire(revision, by=self._latest_ready.name)

    def _retire(self, revision: Revision, by: str | None = None) -> None:
        """Ends a revision in the background."""
        del self._revisions[revision.name]
        if revision is self._latest_ready:
            self._latest_ready = None
        ending = asyncio.create_task(self._end(revision, by))
        self._leaving.add(ending)
        ending.add_done_callback(self._leaving.discard)

    async def _end(self, revision: Revision, by: str | None) -> None:
        await revision.stop()
        message = f"Replaced by {by}" if by else f"Deactivated revision {revision.name}"
        self._logs.event("RevisionDeactivated", message, revision=revision.name)
        if by:
            self._emit(EventKind.REVISION_REPLACED, revision.name, message)

    def _weights(self) -> list[tuple[Revision, int]]:
        """Who gets the traffic, in percent."""
        revisions = list(self._revisions.values())
        if not revisions:
            return []
        latest = self._latest_ready or revisions[-1]
        if self._spec.single or not self._spec.traffic:
            return [(latest, 100)]
        named = [
            (latest if weight.revision is None else self._revisions.get(weight.revision), weight.weight)
            for weight in self._spec.traffic
        ]
        return [(revision, weight) for revision, weight in named if revision and weight]

    async def _settle_ingress(self, now: float) -> float | None:
        """Listens where the spec says; when to try again if the port is taken."""
        port, target = self._spec.ingress_port, self._spec.target_port
        ingress = self._ingress
        if ingress and (ingress.port, ingress.target_port) != (port, target):
            ingress.close()
            self._ingress = ingress = None
        if port is None or target is None:
            self._port_trouble = ""
            return None
        if ingress is None:
            self._ingress = ingress = Ingress(self._router, target, port, self._spec.gate)
            try:
                await ingress.listen()
            except OSError as error:
                self._ingress = None
                why = "another process uses it" if error.errno == errno.EADDRINUSE else error.strerror
                trouble = f"Ingress port {port} of container app {self._spec.name} is not to be had: {why}."
                if trouble != self._port_trouble:
                    self._logs.event("IngressPortTaken", trouble, warning=True)
                self._port_trouble = trouble
                return now + self._surroundings.pace.port_retry
            self._port_trouble = ""
            self._logs.event("IngressListening", f"Ingress listens on 127.0.0.1:{port}")
        ingress.gate = self._spec.gate
        return None

    def _changed(self, revision: Revision, replica: Replica, exited: str) -> None:
        if exited:
            self._emit(EventKind.REPLICA_EXITED, revision.name, f"{replica.name}: {exited}")
        self._wake()

    def _emit(self, kind: EventKind, revision: str, message: str = "") -> None:
        # Later and apart, so that what the listener does, or raises, is no part of the reconciliation.
        event = FleetEvent(kind, self._spec.app_id, revision, message)
        asyncio.get_running_loop().call_soon(self._on_event, event)
