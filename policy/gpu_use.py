"""How many GPUs a stack may use: what runs all the time, and what may run at most.

A replica takes a whole node of a dedicated profile, and one unit of a serverless one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from components.gpu import GPU_PROFILES, GpuKind, GpuProfile
from policy.resource import ENVIRONMENT, JOB, WORKLOADS, OutsideError, Property, Resource, Stack, UnreadableError

CONSUMPTION: Final = "Consumption"
"""The profile that every environment has, by name and type; it has no GPUs."""
SERVICE_MAXIMUM_REPLICAS: Final = 10
"""Replicas that the service allows where the app does not say."""


ADDED_PROFILE: Final = "dynamic:WorkloadProfile"
"""This project's resource that adds one profile to an environment of somebody else."""


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
class GpuUse:
    """Units of one profile (replicas or nodes): how many always run, and how many may run at most."""

    profile: GpuProfile
    always: int
    possible: int


def environments_of(app: Resource) -> list[Resource]:
    """The environment that an app or job runs in, if it is part of the stack; the service has two words for it."""
    named = (app.at("environmentId"), app.at("managedEnvironmentId"))
    return [found for reference in named for found in app.siblings.referred(reference, ENVIRONMENT)]


def offered(environment: Resource) -> Iterator[Offered]:
    """The profiles in the environment's list, and those that the stack adds to it."""
    for entry in environment.items("workloadProfiles"):
        yield Offered(entry.at("name").text, entry.at("workloadProfileType").text, entry)
    for added in environment.siblings.referring(environment, ADDED_PROFILE, "environment_id"):
        yield Offered(added.at("profile_name").text, added.at("profile_type").text, added.at("profile_name"))


def placed_on(app: Resource) -> Offered | None:
    """The profile that an app or job is placed on; None for the one that every environment has, and for no such name.

    Raises:
        OutsideError: the environment is not part of the stack, so nothing is known of its profiles.
    """
    name = app.at("workloadProfileName").text
    if name in ("", CONSUMPTION):
        return None
    environments = environments_of(app)
    if not environments:
        raise OutsideError("workloadProfileName", f'"{name}" of an environment that is not part of this stack')
    named = (profile for environment in environments for profile in offered(environment) if profile.name == name)
    return next(named, None)


def gpu_of(app: Resource) -> GpuProfile | None:
    """The GPU profile that an app or job is placed on; None where it is on none. Raises like `placed_on`."""
    profile = placed_on(app)
    return profile.gpu if profile else None


def replicas(app: Resource) -> tuple[int, int]:
    """Least and most replicas of an app, or of one run of a job."""
    if app.type == JOB:
        kinds = ("manualTriggerConfig", "scheduleTriggerConfig", "eventTriggerConfig")
        return 0, max(int(app.at(f"configuration.{kind}.parallelism").number) for kind in kinds) or 1
    scale = app.at("template.scale")
    return int(scale.at("minReplicas").number), int(scale.at("maxReplicas").number) or SERVICE_MAXIMUM_REPLICAS


def possible_gpus(app: Resource) -> int:
    """GPUs that an app can use at the same time: its replicas', but no more than its profile's nodes have."""
    profile = placed_on(app)
    if profile is None or profile.gpu is None:
        return 0
    most = replicas(app)[1]
    if profile.gpu.kind is GpuKind.DEDICATED and profile.entry.at("maximumCount").raw is not None:
        most = min(most, int(profile.entry.at("maximumCount").number))
    return most * profile.gpu.gpus


def dedicated_profiles(environment: Resource) -> Iterator[Offered]:
    """The environment's own GPU nodes."""
    for profile in offered(environment):
        if profile.gpu and profile.gpu.kind is GpuKind.DEDICATED:
            yield profile


def needed_nodes(environment: Resource, profile: Offered) -> tuple[int, int]:
    """Nodes of a dedicated profile that the stack's apps keep busy, and could keep busy at most."""
    placed = [
        replicas(app)
        for kind in WORKLOADS
        for app in environment.siblings.of_type(kind)
        if app.at("workloadProfileName").text == profile.name
        and any(found.urn == environment.urn for found in environments_of(app))
    ]
    return sum(least for least, _ in placed), sum(most for _, most in placed)


def gpu_use(stack: Stack) -> tuple[list[GpuUse], list[UnreadableError]]:
    """What the whole stack uses, as far as it is known, and what keeps the rest from being known.

    Serverless replicas of its apps, dedicated nodes of its environments. Of an adopted environment only the nodes count
    that the stack's own apps use: its owner pays for the others.
    """
    uses: list[GpuUse] = []
    missing: list[UnreadableError] = []
    for app in (app for kind in WORKLOADS for app in stack.of_type(kind)):
        try:
            profile = gpu_of(app)
            if profile and profile.kind is GpuKind.SERVERLESS:
                uses.append(GpuUse(profile, *replicas(app)))
        except UnreadableError as error:
            missing.append(error)
    for environment in stack.of_type(ENVIRONMENT):
        try:
            nodes = [(profile, profile.gpu) for profile in dedicated_profiles(environment)]
            uses += [_nodes(environment, profile, gpu) for profile, gpu in nodes if gpu]
        except UnreadableError as error:
            missing.append(error)
    return uses, missing


def _nodes(environment: Resource, profile: Offered, gpu: GpuProfile) -> GpuUse:
    there = int(profile.entry.at("maximumCount").number)
    least, most = (min(needed, there) for needed in needed_nodes(environment, profile))
    if environment.adopted:
        return GpuUse(gpu, least, most)
    return GpuUse(gpu, max(int(profile.entry.at("minimumCount").number), least), there)
