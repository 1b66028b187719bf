"""Which GPUs a stack's apps and jobs are placed on, and how many they may use.

A replica takes a whole node of a dedicated profile, and one unit of a serverless one. Where the environment is not part
of the stack, whatever GPU it may have is assumed, and the doubt is told with what comes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from components.gpu import GPU_PROFILES, GpuKind, GpuProfile
from policy.property import NotKnownError, Property, UnreadableError
from policy.resource import ENVIRONMENT, JOB, WORKLOADS, Resource, Stack

CONSUMPTION: Final = "Consumption"
"""The profile without GPUs that every environment has, and on which an app is that names none."""
SERVICE_MAXIMUM_REPLICAS: Final = 10
"""Replicas that the service allows where the app does not say."""
SERVICE_MAXIMUM_EXECUTIONS: Final = 100
"""Executions of an event-driven job that the service allows at a time where the job does not say."""
ADDED_PROFILE: Final = "dynamic:WorkloadProfile"
"""This project's resource that adds one profile to an environment of somebody else."""
OUTSIDE: Final = "its environment is not part of this stack, so nobody knows whether the profile has a GPU"


@dataclass(frozen=True)
class Offered:
    """A workload profile that an environment offers: what it is called, and the entry or resource that says so."""

    name: str
    type: str
    entry: Property

    @property
    def gpu(self) -> GpuProfile | None:
        """What the catalogue knows of it; None for a profile without GPUs."""
        return GPU_PROFILES.get(self.type)


@dataclass(frozen=True)
class Placement:
    """What an app or a job runs on."""

    gpus: tuple[GpuProfile, ...] = ()
    """The GPU profile; none for a place without; all that there are where there is a doubt."""
    nodes: int | None = None
    """How many nodes of a dedicated profile there may be."""
    doubt: str = ""

    @property
    def most_gpus(self) -> int:
        """GPUs that one replica takes at most."""
        return max((profile.gpus for profile in self.gpus), default=0)


@dataclass(frozen=True)
class GpuUse:
    """Units of a profile (replicas or nodes): how many always run, and how many may run at most."""

    profiles: tuple[GpuProfile, ...]
    always: int
    possible: int
    doubt: str = ""


def environments_of(app: Resource) -> list[Resource]:
    """The environment that an app runs in, if it is part of the stack; the service has two words for it."""
    named = (app.at("environmentId"), app.at("managedEnvironmentId"))
    return [found for reference in named for found in app.siblings.referred(reference, ENVIRONMENT)]


def offered(environment: Resource) -> list[Offered]:
    """The profiles in the environment's list, and those that the stack adds to it."""
    return environment.siblings.once(("offered", environment.urn), lambda: list(_offered(environment)))


def placement(app: Resource) -> Placement:
    """What an app or a job is placed on."""
    return app.siblings.once(("placement", app.urn), lambda: _placement(app))


def replicas(app: Resource) -> tuple[int, int]:
    """Least and most replicas at the same time; of a job, those of all its executions."""
    if app.type == JOB:
        return 0, _most_of_job(app)
    scale = app.at("template.scale")
    return int(scale.at("minReplicas").number), int(scale.at("maxReplicas").number) or SERVICE_MAXIMUM_REPLICAS


def dedicated_profiles(environment: Resource) -> Iterator[Offered]:
    """The environment's own GPU nodes."""
    for profile in offered(environment):
        if profile.gpu and profile.gpu.kind is GpuKind.DEDICATED:
            yield profile


def needed_nodes(environment: Resource, profile: Offered) -> tuple[int, int]:
    """Nodes of a dedicated profile that the stack's apps keep busy, and could keep busy at most."""
    placed = [
        replicas(app)
        for app in environment.siblings.of_type(*WORKLOADS)
        if app.at("workloadProfileName").text == profile.name
        and any(found.urn == environment.urn for found in environments_of(app))
    ]
    return sum(least for least, _ in placed), sum(most for _, most in placed)


def gpu_use(stack: Stack) -> tuple[list[GpuUse], list[UnreadableError]]:
    """What the whole stack uses, and what of it cannot be read: serverless replicas, and dedicated nodes.

    Of an environment that is somebody else's only the nodes count that the stack's own apps use: its owner pays for the
    others.
    """
    uses: list[GpuUse] = []
    troubles: list[UnreadableError] = []
    for resource in stack.of_type(*WORKLOADS, ENVIRONMENT):
        try:
            uses.extend(_nodes(resource) if resource.type == ENVIRONMENT else _serverless(resource))
        except NotKnownError as error:
            troubles.append(NotKnownError(f"{error.path} of {resource.name}"))
        except UnreadableError as error:
            troubles.append(error)
    return uses, troubles


def _offered(environment: Resource) -> Iterator[Offered]:
    for entry in environment.items("workloadProfiles"):
        yield Offered(entry.at("name").text, entry.at("workloadProfileType").text, entry)
    for added in environment.siblings.referring(environment, ADDED_PROFILE, "environment_id"):
        yield Offered(added.at("profile_name").text, added.at("profile_type").text, added.at("profile_name"))


def _placement(app: Resource) -> Placement:
    name = app.at("workloadProfileName").text
    if name in ("", CONSUMPTION):
        return Placement()
    environments = environments_of(app)
    for environment in environments:
        for profile in offered(environment):
            if profile.name == name and profile.gpu:
                dedicated = profile.gpu.kind is GpuKind.DEDICATED
                return Placement((profile.gpu,), int(profile.entry.at("maximumCount").number) if dedicated else None)
    return Placement() if environments else Placement(tuple(GPU_PROFILES.values()), doubt=OUTSIDE)


def _most_of_job(job: Resource) -> int:
    configuration = job.at("configuration")
    kind = configuration.at("triggerType").text
    trigger = configuration.at(f"{kind[:1].lower()}{kind[1:]}TriggerConfig")
    parallel = int(trigger.at("parallelism").number) or 1
    if kind != "Event":
        return parallel
    return parallel * (int(trigger.at("scale.maxExecutions").number) or SERVICE_MAXIMUM_EXECUTIONS)


def _serverless(app: Resource) -> Iterator[GpuUse]:
    place = placement(app)
    if place.gpus and (place.doubt or place.gpus[0].kind is GpuKind.SERVERLESS):
        yield GpuUse(place.gpus, *replicas(app), place.doubt)


def _nodes(environment: Resource) -> Iterator[GpuUse]:
    for profile in dedicated_profiles(environment):
        if not profile.gpu:
            continue
        there = int(profile.entry.at("maximumCount").number)
        least, most = (min(needed, there) for needed in needed_nodes(environment, profile))
        if environment.adopted:
            yield GpuUse((profile.gpu,), least, most)
        else:
            yield GpuUse((profile.gpu,), max(int(profile.entry.at("minimumCount").number), least), there)
