"""What ARM asks the fleet to run, and what the fleet reports back: plain values, no behaviour.

`sandbox.arm` translates a container app's JSON into an `AppSpec`; `sandbox.fleet` keeps processes, probes and
routing equal to the newest `AppSpec` of each app and reports with `AppStatus` and `FleetEvent`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath

from sandbox.fleet.gate import Gate


class ProbeKind(StrEnum):
    """The three probes of a container; the values are ARM's."""

    STARTUP = "Startup"
    LIVENESS = "Liveness"
    READINESS = "Readiness"


@dataclass(frozen=True)
class Probe:
    """One probe. `path` set: HTTP GET, healthy on 200..399; `path` None: a TCP connect."""

    kind: ProbeKind
    port: int
    path: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    initial_delay_seconds: int = 0
    period_seconds: int = 10
    timeout_seconds: int = 1
    failure_threshold: int = 3
    success_threshold: int = 1


@dataclass(frozen=True)
class Mount:
    """A folder of this machine that the process sees at `target`."""

    source: Path
    target: PurePosixPath
    read_only: bool = False


@dataclass(frozen=True)
class ContainerSpec:
    """The app's first container. An empty `command` means the image's own."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    mounts: tuple[Mount, ...] = ()
    probes: tuple[Probe, ...] = ()


@dataclass(frozen=True)
class RevisionSpec:
    """One active revision. `max_replicas` >= 1; `min_replicas` 0 allows scale to zero."""

    name: str
    container: ContainerSpec
    min_replicas: int = 0
    max_replicas: int = 10
    cooldown_seconds: int = 300
    termination_grace_seconds: int = 30


@dataclass(frozen=True)
class TrafficWeight:
    """Share of requests, in percent; `revision` None means the latest."""

    revision: str | None
    weight: int


@dataclass(frozen=True)
class AppSpec:
    """Everything that should run for one container app.

    `revisions` are the active ones, oldest first. With `single` the newest *ready* revision gets all traffic, and
    older ones are drained and stopped once it has it (reported as `REVISION_REPLACED`); `traffic` is then unused.
    `ingress_port` is where the app is served on 127.0.0.1 (plain HTTP); None means no ingress.
    """

    app_id: str  # lower-case ARM id
    name: str
    revisions: tuple[RevisionSpec, ...]
    single: bool = True
    traffic: tuple[TrafficWeight, ...] = ()
    target_port: int | None = None
    ingress_port: int | None = None
    gate: Gate = field(default_factory=Gate)


@dataclass(frozen=True)
class ReplicaStatus:
    """One replica, in ARM's words: `running_state` Running, NotRunning or Unknown."""

    name: str
    running_state: str
    details: str
    ready: bool
    started: bool
    restart_count: int
    created: str  # ISO 8601, UTC


@dataclass(frozen=True)
class RevisionStatus:
    """One revision, in ARM's words.

    `running_state`: Running, Processing, Stopped, Degraded, Failed or Unknown; `health_state`: Healthy, Unhealthy or
    None; `details`: why, in the service's words ("Deployment Progress Deadline Exceeded. 0/1 replicas ready.").
    """

    name: str
    running_state: str
    health_state: str
    details: str
    replicas: tuple[ReplicaStatus, ...]


@dataclass(frozen=True)
class AppStatus:
    """The app's active revisions as they are now; `latest_ready` is what gets the traffic in single mode.

    `details`: what is wrong with the app itself (its ingress port is taken) or restricted on this machine; mostly "".
    """

    app_id: str
    latest_ready: str | None
    revisions: tuple[RevisionStatus, ...]
    details: str = ""


class EventKind(StrEnum):
    """What the fleet tells ARM about without being asked."""

    REVISION_READY = "RevisionReady"
    REVISION_REPLACED = "RevisionReplaced"
    REPLICA_EXITED = "ReplicaExited"


@dataclass(frozen=True)
class FleetEvent:
    """Something that happened to a revision."""

    kind: EventKind
    app_id: str
    revision: str
    message: str = ""
