"""How the deployment is: environment, app, revisions, replicas, models, and what is wrong in plain words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from azure.core.exceptions import HttpResponseError
from azure.mgmt.appcontainers import ContainerAppsAPIClient

from operations import log_stream
from operations.config_file import InferenceConfig
from operations.container_app import ContainerApp, Json, container, mounted_release, replicas_allowed, workload_profile
from operations.diagnosis import Problem, diagnose
from operations.endpoint import Model, Unusable, endpoint_url, readiness, served
from operations.errors import CloudError, EndpointError
from operations.management import open_client, place_of

EVENTS_LOOKED_AT: Final = 40


@dataclass(frozen=True)
class Replica:
    """One replica and its container."""

    name: str
    state: str
    details: str
    started: bool
    ready: bool
    restarts: int


@dataclass(frozen=True)
class Revision:
    """An active revision, with the release that it mounts; `traffic` in percent."""

    name: str
    created: str
    state: str
    health: str
    details: str
    traffic: int
    release: str | None
    replicas: tuple[Replica, ...]


@dataclass(frozen=True)
class Environment:
    """Where the app runs."""

    name: str
    location: str
    state: str
    profile: str
    profile_type: str


@dataclass(frozen=True)
class Status:
    """The whole deployment."""

    app: str
    resource_group: str
    endpoint: str
    provisioning: str
    running: str
    environment: Environment
    newest_release: str | None
    """What the newest revision mounts; None for an app that was not made by this project."""
    serving_release: str | None
    """What the revision that answers requests mounts; None until one is ready."""
    replicas_allowed: tuple[int, int]
    probes: dict[str, str]
    """Path (or port) by kind of probe."""
    revisions: tuple[Revision, ...]
    waiting_for: str | None
    """None when the endpoint is ready; else what it waits for."""
    models: tuple[Model, ...]
    unusable: tuple[Unusable, ...]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def well(self) -> bool:
        """Whether requests are answered, if need be after a start from zero."""
        return not self.problems and (self.waiting_for is None or self.asleep)

    @property
    def asleep(self) -> bool:
        """Whether the app is scaled to zero: nothing runs, nothing is wrong."""
        return self.running != "Stopped" and bool(self.revisions) and not any(r.replicas for r in self.revisions)


def survey(config: InferenceConfig, api_key: str | None = None) -> Status:
    """Asks the resource manager and, unless that would start a replica, the endpoint.

    Raises:
        CloudError: not signed in, no such app, or not reached.
    """
    with open_client(ContainerAppsAPIClient, config.subscription_id) as client:
        app = ContainerApp(client, config.resource_group_name, config.aca_app_name)
        found = app.read()
        listed = app.revisions()
        revisions = tuple(_revisions(app, listed))
        environment = _environment(client, found)
        messages = list(_complaints(app, found, listed, revisions))
        url = endpoint_url(config.aca_app_endpoint)
        awake = any(revision.replicas for revision in revisions)
        waiting_for = readiness(url) if awake else "scaled to zero; a request would start a replica"
        models: tuple[Model, ...] = ()
        unusable: tuple[Unusable, ...] = ()
        if awake and waiting_for is None:
            try:
                listing = served(url, api_key or app.api_key())
                models, unusable = listing.models, listing.unusable
            except (EndpointError, CloudError, HttpResponseError) as error:
                messages.append(str(error))
    ready = _named(revisions, found["properties"].get("latestReadyRevisionName"))
    return Status(
        app=config.aca_app_name,
        resource_group=config.resource_group_name,
        endpoint=url,
        provisioning=str(found["properties"].get("provisioningState")),
        running=str(found["properties"].get("runningStatus")),
        environment=environment,
        newest_release=mounted_release(found),
        serving_release=ready.release if ready else None,
        replicas_allowed=replicas_allowed(found),
        probes=dict(_probes(found)),
        revisions=revisions,
        waiting_for=waiting_for,
        models=models,
        unusable=unusable,
        problems=tuple(diagnose(messages)),
    )


def _revisions(app: ContainerApp, listed: list[Json]) -> Iterator[Revision]:
    for item in listed:
        properties = item["properties"]
        if not properties.get("active"):
            continue
        yield Revision(
            name=item["name"],
            created=str(properties.get("createdTime")),
            state=str(properties.get("runningState")),
            health=str(properties.get("healthState")),
            details=str(properties.get("runningStateDetails") or properties.get("provisioningError") or ""),
            traffic=int(properties.get("trafficWeight") or 0),
            release=mounted_release(item),
            replicas=tuple(_replica(replica) for replica in app.replicas(item["name"])),
        )


def _replica(item: Json) -> Replica:
    properties = item["properties"]
    first = (properties.get("containers") or [{}])[0]
    return Replica(
        name=item["name"],
        state=str(properties.get("runningState")),
        details=str(first.get("runningStateDetails") or properties.get("runningStateDetails") or ""),
        started=bool(first.get("started")),
        ready=bool(first.get("ready")),
        restarts=int(first.get("restartCount") or 0),
    )


def _environment(client: ContainerAppsAPIClient, app: Json) -> Environment:
    place = place_of(app["properties"]["environmentId"])
    found: dict[str, Any] = client.managed_environments.get(*place).as_dict()
    profile = workload_profile(app, found)
    return Environment(
        place.name,
        str(found.get("location")),
        str(found["properties"].get("provisioningState")),
        str(profile["name"]),
        str(profile["workloadProfileType"]),
    )


def _complaints(app: ContainerApp, found: Json, listed: list[Json], revisions: tuple[Revision, ...]) -> Iterator[str]:
    """What Azure says where something is not as it should be: about the newest revision, then its last events."""
    latest = str(found["properties"].get("latestRevisionName"))
    ill = False
    for revision in revisions:
        if revision.name == latest and revision.health == "Unhealthy":
            ill = True
            yield from (replica.details for replica in revision.replicas if not replica.ready and replica.details)
            if not revision.replicas and revision.details:
                yield revision.details
    for item in listed:
        if item["name"] == latest and item["properties"].get("provisioningState") == "Failed":
            ill = True
            yield str(item["properties"].get("provisioningError") or "the newest revision could not be provisioned")
    if found["properties"].get("provisioningState") == "Failed" and not ill:
        ill = True
        yield "the last change of the app failed"
    if ill:
        for entry in log_stream.system(app, tail=EVENTS_LOOKED_AT):
            if entry.warning and (latest in entry.text or entry.source.startswith(latest)):
                yield entry.text


def _probes(app: Json) -> Iterator[tuple[str, str]]:
    for probe in container(app).get("probes") or []:
        http, tcp = probe.get("httpGet"), probe.get("tcpSocket")
        yield str(probe.get("type")), str(http["path"] if http else f"port {(tcp or {}).get('port')}")


def _named(revisions: tuple[Revision, ...], name: str | None) -> Revision | None:
    return next((revision for revision in revisions if revision.name == name), None)
