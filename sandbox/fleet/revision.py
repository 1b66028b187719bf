"""One revision: how many replicas it has, and what may be said of it."""

import asyncio
import hashlib
import math
import secrets
import string
from asyncio import Task
from collections.abc import Callable

from sandbox.fleet.image import ReplicaIdentity
from sandbox.fleet.logs import AppLogs
from sandbox.fleet.replica import Replica, Surroundings
from sandbox.fleet.spec import RevisionSpec, RevisionStatus

_CRASHES_TO_FAIL = 2
_SUFFIX_ALPHABET = string.ascii_lowercase + string.digits


class Revision:
    """The replicas of one active revision. Only the app's reconciliation changes them."""

    def __init__(
        self,
        app: str,
        spec: RevisionSpec,
        target_port: int | None,
        surroundings: Surroundings,
        logs: AppLogs,
        on_change: Callable[["Revision", Replica, str], None],
    ) -> None:
        self.spec = spec
        self.replicas: list[Replica] = []
        self.waiting = 0
        """Requests that wait for a ready replica."""
        self.announced = False
        """It has been ready once."""
        self.waking = False
        """It was scaled to zero, and requests wait for its first replica."""
        self._app = app
        self._target_port = target_port
        self._surroundings = surroundings
        self._logs = logs
        self._on_change = on_change
        self._created = asyncio.get_running_loop().time()
        self._outdated: set[Replica] = set()
        self._ending: dict[Replica, Task[None]] = {}
        self._count = max(1, spec.min_replicas)
        self._more_than_needed_since: float | None = None

    @property
    def name(self) -> str:
        """The whole name, APP--SUFFIX."""
        return self.spec.name

    @property
    def ready(self) -> list[Replica]:
        """The replicas that requests may go to."""
        return [replica for replica in self.replicas if replica.ready]

    def restart(self) -> None:
        """Has each replica replaced by a fresh one; one that serves stays until its successor is ready."""
        self._outdated.update(self.replicas)

    def reconcile(self, now: float) -> float | None:
        """Starts and stops replicas as needed; when to look again without a reason (event loop time)."""
        look_again = self._set_count(now)
        current = [replica for replica in self._serving() if replica not in self._outdated]
        for _ in range(self._count - len(current)):
            self._start_one()
        surplus = len(current) - self._count
        # Those that serve least go first.
        for replica in sorted(current, key=lambda replica: (replica.ready, replica.in_flight))[: max(0, surplus)]:
            self._stop_one(replica)
        successors = sum(replica.ready for replica in current)
        outdated = [replica for replica in self._serving() if replica in self._outdated]
        kept = [replica for replica in outdated if replica.ready][: max(0, self._count - successors)]
        for replica in outdated:
            if replica not in kept:
                self._stop_one(replica)
        if self.ready:
            self.waking = False
        if not self.announced:
            deadline = self._created + self._surroundings.pace.start_deadline
            if deadline > now:
                return min(deadline, look_again or deadline)
        return look_again

    async def stop(self) -> None:
        """Ends all replicas, with grace."""
        for replica in self._serving():
            self._stop_one(replica)
        await asyncio.gather(*self._ending.values())

    def status(self) -> RevisionStatus:
        """As it is now."""
        state, health, details = self._judgement()
        return RevisionStatus(
            name=self.name,
            running_state=state,
            health_state=health,
            details=details,
            replicas=tuple(replica.status() for replica in self.replicas),
        )

    def _judgement(self) -> tuple[str, str, str]:
        serving = self._serving()
        ready = sum(replica.ready for replica in serving)
        counted = f"{ready}/{max(self._count, len(serving))} replicas ready."
        if not serving and not self._count:
            return "Running", "Healthy", "Scaled to zero; the next request starts a replica."
        if ready and ready >= self._count:
            return "Running", "Healthy", counted
        crashing = [replica for replica in serving if replica.crashes >= _CRASHES_TO_FAIL and not replica.ready]
        if ready:
            return "Degraded", "Unhealthy", f"{counted} {crashing[0].details if crashing else ''}".strip()
        if crashing:
            return "Failed", "Unhealthy", f"{counted} {crashing[0].details}"
        if not self.announced and self._overdue():
            return "Failed", "Unhealthy", f"Deployment Progress Deadline Exceeded. {counted}"
        details = "; ".join(sorted({replica.details for replica in serving}))
        if self.announced and not self.waking:
            return "Degraded", "Unhealthy", f"{counted} {details}".strip()
        return "Processing", "None", f"{counted} {details}".strip()

    def _overdue(self) -> bool:
        return asyncio.get_running_loop().time() - self._created >= self._surroundings.pace.start_deadline

    def _serving(self) -> list[Replica]:
        return [replica for replica in self.replicas if replica not in self._ending]

    def _set_count(self, now: float) -> float | None:
        """How many replicas are wanted: more at once, fewer when fewer were enough for the cool-down."""
        load = self.waiting + sum(replica.in_flight for replica in self.replicas)
        needed = math.ceil(load / self._surroundings.pace.requests_per_replica)
        needed = max(self.spec.min_replicas, min(needed, self.spec.max_replicas))
        if not self.announced:
            needed = max(1, needed)
        if needed >= self._count:
            self.waking = self.waking or (self._count == 0 and needed > 0)
            self._count, self._more_than_needed_since = needed, None
            return None
        if self._more_than_needed_since is None:
            self._more_than_needed_since = now
        due = self._more_than_needed_since + self.spec.cooldown_seconds
        if now < due:
            return due
        self._logs.event("ScaledDown", f"Scaled from {self._count} to {needed} replicas", revision=self.name)
        self._count, self._more_than_needed_since = needed, None
        self.waking = self.waking and needed > 0
        return None

    def _start_one(self) -> None:
        digest = hashlib.sha256(repr((self.name, self.spec.container.image, self.spec.container.command)).encode())
        suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(5))
        name = f"{self.name}-{digest.hexdigest()[:10]}-{suffix}"
        identity = ReplicaIdentity(self._app, self.name, name, self._target_port)
        replica = Replica(identity, self.spec, self._surroundings, self._logs, self._changed)
        self.replicas.append(replica)
        replica.start()

    def _changed(self, replica: Replica, exited: str) -> None:
        self._on_change(self, replica, exited)

    def _stop_one(self, replica: Replica) -> None:
        self._ending[replica] = asyncio.create_task(self._end(replica))

    async def _end(self, replica: Replica) -> None:
        try:
            await replica.stop()
        finally:
            self.replicas.remove(replica)
            self._outdated.discard(replica)
            del self._ending[replica]
            self._changed(replica, "")
