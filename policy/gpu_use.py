"""How many GPUs a stack may use: what runs all the time, and what may run at most.

A replica takes a whole node of a dedicated profile, and one unit of a serverless one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from components.gpu import GPU_PROFILES, GpuKind, GpuProfile
from policy.resource import CONTAINER_APP, ENVIRONMENT, Property, Resource, Stack

SERVICE_MAXIMUM_REPLICAS: Final = 10
"""Replicas that the service allows where the app does not say."""


@dataclass(frozen=True)
class GpuUse:
    """Units of one profile (replicas or nodes): how many always run, and how many may run at most."""

    profile: GpuProfile
    always: int
    possible: int


def workload_profile(app: Resource) -> Property | None:
    """The entry of the environment's list that the app is placed on; None where the environment is not in the stack.

    An app that names no profile, or one that is not there, gets an entry that holds nothing.
    """
    wanted = app.at("workloadProfileName").value
    for environment in environments_of(app):
        for profile in environment.items("workloadProfiles"):
            if profile.at("name").value == wanted:
                return profile
        return environment.computed(None, "workloadProfiles")
    return None


def environments_of(app: Resource) -> list[Resource]:
    """The environment that an app runs in, if it is part of the stack; the service has two words for it."""
    named = (app.at("environmentId"), app.at("managedEnvironmentId"))
    return [found for reference in named for found in app.siblings.referred(reference, ENVIRONMENT)]


def gpu_of(app: Resource) -> GpuProfile | None:
    """The GPU profile that an app is placed on, if it is placed on one."""
    profile = workload_profile(app)
    return None if profile is None else GPU_PROFILES.get(str(profile.at("workloadProfileType").value))


def replicas(app: Resource) -> tuple[int, int]:
    """Least and most replicas of an app."""
    scale = app.at("template.scale")
    most = scale.at("maxReplicas").value
    return int(scale.at("minReplicas").value or 0), SERVICE_MAXIMUM_REPLICAS if most is None else int(most)


def gpu_apps(stack: Stack) -> Iterator[tuple[Resource, GpuProfile]]:
    """Every app on a GPU profile, with the profile."""
    for app in stack.of_type(CONTAINER_APP):
        if profile := gpu_of(app):
            yield app, profile


def dedicated_profiles(environment: Resource) -> Iterator[tuple[Property, GpuProfile]]:
    """The environment's own GPU nodes: entries of its list, with what they are."""
    for entry in environment.items("workloadProfiles"):
        profile = GPU_PROFILES.get(str(entry.at("workloadProfileType").value))
        if profile and profile.kind is GpuKind.DEDICATED:
            yield entry, profile


def needed_nodes(environment: Resource, entry: Property) -> tuple[int, int]:
    """Nodes of a dedicated profile that the stack's apps keep busy, and could keep busy at most."""
    placed = [
        replicas(app)
        for app in environment.siblings.of_type(CONTAINER_APP)
        if app.at("workloadProfileName").value == entry.at("name").value
        and any(found.urn == environment.urn for found in environments_of(app))
    ]
    return sum(least for least, _ in placed), sum(most for _, most in placed)


def gpu_use(stack: Stack) -> list[GpuUse]:
    """What the whole stack uses: serverless replicas of its apps, dedicated nodes of its environments."""
    uses: list[GpuUse] = []
    for app, profile in gpu_apps(stack):
        if profile.kind is GpuKind.SERVERLESS:
            uses.append(GpuUse(profile, *replicas(app)))
    for environment in stack.of_type(ENVIRONMENT):
        for entry, profile in dedicated_profiles(environment):
            possible = int(entry.at("maximumCount").value or 0)
            least, _ = needed_nodes(environment, entry)
            always = max(int(entry.at("minimumCount").value or 0), min(least, possible))
            uses.append(GpuUse(profile, always, possible))
    return uses
