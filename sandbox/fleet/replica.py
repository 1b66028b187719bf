"""One replica's life: its container is started, probed, restarted when it fails, and ended with grace."""

import asyncio
import logging
import os
import shutil
from asyncio import StreamReader, StreamWriter, Task
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.fleet.container import Container, Machine, StartError
from sandbox.fleet.image import ReplicaIdentity, launch_spec, translate
from sandbox.fleet.logs import AppLogs, now
from sandbox.fleet.pace import Pace
from sandbox.fleet.probes import outcomes, probes_of
from sandbox.fleet.spec import Probe, ProbeKind, ReplicaStatus, RevisionSpec

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surroundings:
    """What every replica of a fleet is given."""

    machine: Machine
    images: Mapping[str, Path]
    pace: Pace


class Replica:
    """Runs from `start` to the end of `stop`. `on_change` is called after each change of `ready` and each exit."""

    def __init__(
        self,
        identity: ReplicaIdentity,
        revision: RevisionSpec,
        surroundings: Surroundings,
        logs: AppLogs,
        on_change: Callable[["Replica", str], None],
    ) -> None:
        self.name = identity.replica
        self.created = now()
        self.ready = False
        self.started = False
        self.restart_count = 0
        self.crashes = 0
        self.details = "starting"
        self.in_flight = 0
        self.last_request = 0.0
        self._identity = identity
        self._revision = revision
        self._surroundings = surroundings
        self._logs = logs
        self._console = logs.console(identity.revision, identity.replica)
        self._on_change = on_change
        self._container: Container | None = None
        self._ports: Mapping[int, int] = {}
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._life: Task[None] | None = None

    def start(self) -> None:
        """Begins the life, in the background."""
        self._log("ReplicaCreated", f"Created replica {self.name}")
        self._life = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Out of rotation, SIGTERM, grace, SIGKILL; returns when nothing of it runs any more. May be called again."""
        self._stopping.set()
        self._set_ready(False)
        if self._life:
            await asyncio.shield(self._life)

    @property
    def stopping(self) -> bool:
        """True from the call of `stop`."""
        return self._stopping.is_set()

    async def connect(self, port: int) -> tuple[StreamReader, StreamWriter]:
        """A connection to a port of the container. Raises OSError."""
        if self._container is None:
            raise ConnectionRefusedError("the container is not running")
        return await self._container.connect(self._ports.get(port, port))

    def occupy(self) -> None:
        """Counts a request in."""
        self.in_flight += 1
        self.last_request = asyncio.get_running_loop().time()
        self._idle.clear()

    def release(self) -> None:
        """Counts a request out."""
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    def status(self) -> ReplicaStatus:
        """As it is now."""
        return ReplicaStatus(
            name=self.name,
            running_state="Running" if self._container else "NotRunning",
            details=self.details,
            ready=self.ready,
            started=self.started,
            restart_count=self.restart_count,
            created=self.created,
        )

    async def _live(self) -> None:
        pace = self._surroundings.pace
        while True:
            began = asyncio.get_running_loop().time()
            why = await self._attempt()
            if self.stopping:
                self._log("ReplicaStopped", f"Stopped replica {self.name}")
                return
            if asyncio.get_running_loop().time() - began >= pace.stable_run:
                self.crashes = 0
            self.crashes += 1
            delay = 0.0
            if self.crashes > 1:
                delay = min(pace.crash_back_off * 2 ** (self.crashes - 2), pace.crash_back_off_cap)
                self.details = f"CrashLoopBackOff: {why}; restart in {delay:.0f} s"
                self._log(
                    "ContainerBackOff", f"Back-off restarting failed container {self._container_name}", warning=True
                )
            else:
                self.details = why
            self._on_change(self, why)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            if self.stopping:
                return
            self.restart_count += 1

    async def _attempt(self) -> str:
        """One run, with a fresh home; whatever goes wrong in the sandbox itself is a failed run, not a lost replica."""
        try:
            return await self._run_once()
        except Exception as error:
            _logger.exception("replica %s", self.name)
            why = f"the sandbox failed to run it: {error or type(error).__name__}"
            self._log("ContainerStartFailed", why, warning=True)
            return why
        finally:
            await asyncio.to_thread(shutil.rmtree, self._home, ignore_errors=True)

    async def _run_once(self) -> str:
        """One run of the container; why it ended."""
        try:
            container, captures = await self._begin()
        except StartError as error:
            self._log("ContainerStartFailed", str(error), warning=True)
            return str(error)
        self._container = container
        self.details = "running, not yet started by its startup probe"
        self._log("ContainerStarted", f"Started container {self._container_name}")
        ended = asyncio.create_task(container.wait())
        judged = asyncio.create_task(self._judge())
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({ended, judged, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                why = f"Container {self._container_name} exited with code {ended.result()}"
                self._log("ContainerCrashed" if ended.result() else "ContainerExited", why, warning=True)
                return why
            why = judged.result() if judged.done() else "stopped"
            judged.cancel()
            self._out_of_rotation()
            await self._end(container, ended)
            return why
        finally:
            self._out_of_rotation()
            container.kill()
            judged.cancel()
            stopped.cancel()
            await ended
            self._container = None
            await asyncio.gather(judged, stopped, *captures, return_exceptions=True)

    async def _begin(self) -> tuple[Container, list[Task[None]]]:
        spec, machine = self._revision.container, self._surroundings.machine
        if machine.root is None:
            self._home.mkdir(parents=True, exist_ok=True)
            plain = translate(spec, self._identity.target_port, self._home)
            spec, self._ports = plain.spec, plain.ports
        launch = launch_spec(spec, self._surroundings.images, self._identity, machine.root)
        (out, stdout), (err, stderr) = os.pipe(), os.pipe()
        captures = [
            asyncio.create_task(self._console.capture(out, "stdout")),
            asyncio.create_task(self._console.capture(err, "stderr")),
        ]
        try:
            return await Container.start(machine, launch, stdout, stderr), captures
        finally:
            os.close(stdout)
            os.close(stderr)

    async def _judge(self) -> str:
        """Probes the container; returns only to have it restarted, with the reason."""
        probes = probes_of(self._revision.container.probes, self._identity.target_port)
        startup = probes.get(ProbeKind.STARTUP)
        if startup and (why := await self._until(startup, passed=True)):
            return why
        self.started = True
        readiness, liveness = probes.get(ProbeKind.READINESS), probes.get(ProbeKind.LIVENESS)
        watching: Task[None] | None = None
        if readiness:
            self.details = "started, not yet ready"
            watching = asyncio.create_task(self._watch_readiness(readiness))
        else:
            self._set_ready(True)
        try:
            if liveness:
                return await self._until(liveness, passed=False)
            return await asyncio.get_running_loop().create_future()
        finally:
            if watching:
                watching.cancel()

    async def _until(self, probe: Probe, *, passed: bool) -> str:
        """Waits for a verdict: "" at a success if `passed` is waited for, the reason at a failure."""
        async with aclosing(outcomes(probe, self.connect, self._surroundings.pace.eager_probe)) as checks:
            async for outcome in checks:
                if not outcome.passed:
                    self._log("ProbeFailed", outcome.reason, warning=True)
                if outcome.decisive and outcome.passed and passed:
                    return ""
                if outcome.decisive and not outcome.passed:
                    why = f"Container {self._container_name} failed {probe.kind.lower()} probe, will be restarted"
                    self._log("ContainerRestarting", f"{why}: {outcome.reason}", warning=True)
                    return f"{why}: {outcome.reason}"
        raise AssertionError("probes go on for ever")

    async def _watch_readiness(self, probe: Probe) -> None:
        async with aclosing(outcomes(probe, self.connect, self._surroundings.pace.eager_probe)) as checks:
            async for outcome in checks:
                if not outcome.passed:
                    self._log("ProbeFailed", outcome.reason, warning=True)
                    self.details = outcome.reason
                if outcome.decisive:
                    self._set_ready(outcome.passed)

    async def _end(self, container: Container, ended: Task[int]) -> None:
        """SIGTERM and grace; what does not end by itself is killed by the caller."""
        grace = self._revision.termination_grace_seconds
        if self.stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), self._surroundings.pace.drain)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                if await container.terminate():
                    await asyncio.shield(ended)
                else:
                    # It would live to the end of the grace without knowing why: only its requests are waited for.
                    await self._idle.wait()

    def _out_of_rotation(self) -> None:
        self.started = False
        self._set_ready(False)

    def _set_ready(self, ready: bool) -> None:
        if ready and self.stopping:
            return
        if ready != self.ready:
            self.ready = ready
            if ready:
                self.details = "running"
            self._on_change(self, "")

    @property
    def _home(self) -> Path:
        """Where there are no namespaces: its home and temporary folder."""
        return self._surroundings.machine.homes / self.name

    @property
    def _container_name(self) -> str:
        return self._revision.container.name

    def _log(self, reason: str, message: str, *, warning: bool = False) -> None:
        self._logs.event(reason, message, revision=self._revision.name, replica=self.name, warning=warning)
