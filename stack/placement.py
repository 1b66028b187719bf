"""Adopt or create: a pure decision from what was found, made before anything is touched.

A resource that carries this stack's mark is the stack's own, whatever the state remembers: a run that was killed
between creating and recording leaves such a resource. Everything else that exists belongs to somebody else and is
adopted, never changed.
"""

from dataclasses import dataclass

import pulumi

from components.adoption import MISSING, Presence
from components.gpu import GPU_PROFILES, GpuProfile, gpu_profile
from components.inference_service import ServicePresence
from components.naming import ServiceNames
from stack.settings import Settings
from stack.survey import Found, FoundEnvironment, FoundStorage, Survey

GPU_PROFILE_NAME = "GPU"
"""What fine-tuning's templates call the GPU profile of an environment."""


class PlacementError(pulumi.RunError):
    """What exists cannot serve; the message names the resource, what is wrong with it and the way out."""


@dataclass(frozen=True)
class Placement:
    """How each resource is treated, and the workload profile that the app is placed on."""

    resource_group: Presence
    presence: ServicePresence
    gpu: GpuProfile
    gpu_profile_name: str


def place(found: Survey, settings: Settings, names: ServiceNames, mark: str) -> Placement:
    """Decides for every resource.

    Raises:
        PlacementError: an existing resource cannot be used as it is.
    """
    environment = presence_of(found.environment, mark)
    gpu, profile_name = _workload_profile(found.environment, environment, settings)
    return Placement(
        resource_group=presence_of(found.resource_group, mark),
        presence=ServicePresence(
            storage_account=presence_of(found.storage_account, mark),
            file_share=presence_of(found.file_share, mark),
            log_workspace=presence_of(found.log_workspace, mark),
            environment=environment,
            environment_storage=_storage_link(found.environment_storage, environment, names),
            app=_app(found.app, names, mark),
        ),
        gpu=gpu,
        gpu_profile_name=profile_name,
    )


def presence_of(found: Found | None, mark: str) -> Presence:
    """Missing, this stack's own, or somebody else's."""
    return MISSING if found is None else Presence(found.id, owned=found.mark == mark)


def _workload_profile(found: FoundEnvironment | None, presence: Presence, settings: Settings) -> tuple[GpuProfile, str]:
    wanted = gpu_profile(settings.gpu_profile)
    if found is None or not presence.adopted:
        return wanted, GPU_PROFILE_NAME
    offered = {name: kind for name, kind in found.workload_profiles.items() if kind in GPU_PROFILES}
    for name, kind in offered.items():
        if kind == wanted.type:
            return wanted, name
    if not offered:
        raise PlacementError(
            f"the environment {found.id} is not this stack's and has no GPU workload profile. Add one to it"
            f" (az containerapp env workload-profile add --workload-profile-type {wanted.type}), or name another"
            " environment in acaEnvironmentName: one that does not exist is made"
        )
    raise PlacementError(
        f"the environment {found.id} is not this stack's and offers {', '.join(sorted(offered.values()))}, not"
        f" {wanted.type}. Set gpuProfile to one that it offers, or name another environment in acaEnvironmentName"
    )


def _storage_link(found: FoundStorage | None, environment: Presence, names: ServiceNames) -> Presence:
    """A link carries no tags: it belongs to whom its environment belongs to."""
    if found is None:
        return MISSING
    wanted = (names.storage_account, names.file_share)
    if environment.adopted and (found.account_name, found.share_name) != wanted:
        raise PlacementError(
            f"the environment storage {found.id} is not this stack's and points to share"
            f" {found.account_name}/{found.share_name}, not {'/'.join(wanted)}. Name another one in"
            " acaEnvironmentStorageName: one that does not exist is made"
        )
    return Presence(found.id, owned=not environment.adopted)


def _app(found: Found | None, names: ServiceNames, mark: str) -> Presence:
    presence = presence_of(found, mark)
    if presence.adopted:
        raise PlacementError(
            f"the Container App {names.app} exists and is not this stack's: its owner would lose it. Name another one"
            " in acaAppName, or remove that app first"
        )
    return presence
