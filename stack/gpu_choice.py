"""Which workload profile the app is placed on, and what that changes in the environment's list."""

from dataclasses import dataclass
from typing import Final

from components.adoption import Presence
from components.gpu import GPU_PROFILES, GpuProfile, gpu_profile
from components.gpu_environment import CONSUMPTION_PROFILE, ListedProfile
from components.workload_profile import is_marked, marked_profile_name
from stack.found import FoundEnvironment
from stack.problems import Problems
from stack.settings import Settings

GPU_PROFILE_NAME: Final = "GPU"
"""What fine-tuning's templates call the GPU profile of an environment."""


@dataclass(frozen=True)
class GpuChoice:
    """A profile type, its name in the environment, and whether it has to be added to an adopted one."""

    gpu: GpuProfile
    name: str = GPU_PROFILE_NAME
    add: bool = False
    others: tuple[ListedProfile, ...] = ()
    """Profiles of an environment of the stack's own that stay as they are."""


def choose_gpu(
    found: FoundEnvironment | None, presence: Presence, settings: Settings, mark: str, problems: Problems
) -> GpuChoice:
    """The profile for these settings; what stands against it goes to the problems."""
    wanted = gpu_profile(settings.gpu_profile)
    if found is None:
        return GpuChoice(wanted)
    if not found.workload_profiles:
        problems.add(
            f"the environment {found.id} has no workload profiles (consumption only), so it can have no GPU, and none"
            " can be added. Name another environment in acaEnvironmentName: one that does not exist is made"
        )
        return GpuChoice(wanted)
    if presence.adopted:
        return _lent(found, wanted, settings, mark, problems)
    return _own(found, wanted, problems)


def _lent(found: FoundEnvironment, wanted: GpuProfile, settings: Settings, mark: str, problems: Problems) -> GpuChoice:
    """A profile that the adopted environment has; one of the stack's own in addition if need be and possible.

    Profiles that other stacks added go away with them, so they are not used.
    """
    own = marked_profile_name(mark, wanted)
    offered = [
        item
        for item in found.workload_profiles
        if item.type in GPU_PROFILES and not is_marked(item.name, GPU_PROFILES[item.type])
    ]
    if any(item.name == own for item in found.workload_profiles):
        return GpuChoice(wanted, own, add=True)
    explicit = "gpu_profile" in settings.model_fields_set
    fitting = [item for item in offered if item.type == wanted.type]
    if not fitting and not explicit:
        # What is there beats a default: the first of the catalogue, that is the cheapest while idle.
        fitting = sorted(offered, key=lambda item: list(GPU_PROFILES).index(item.type))
    if fitting:
        chosen = fitting[0]
        _check_nodes(found, chosen, settings, problems)
        return GpuChoice(gpu_profile(chosen.type), chosen.name)
    if not wanted.addable:
        offers = f"offers {', '.join(sorted({item.type for item in offered}))}" if offered else "has no GPU"
        problems.add(
            f"the environment {found.id} {offers}, not {wanted.type}, and a dedicated GPU comes with an environment or"
            " never. Set gpuProfile to one that it offers or to a serverless one (Consumption-GPU-…), which can be"
            " added, or name another environment in acaEnvironmentName: one that does not exist is made"
        )
    return GpuChoice(wanted, own, add=True)


def _check_nodes(found: FoundEnvironment, chosen: ListedProfile, settings: Settings, problems: Problems) -> None:
    most = chosen.maximum_count
    if most is not None and settings.maximum_instance_count > most:
        problems.add(
            f"the workload profile {chosen.name} of the environment {found.id} has at most {most} nodes, and they are"
            f" its owner's affair. Set maximumInstanceCount to {most} or less, or have the owner raise it"
        )


def _own(found: FoundEnvironment, wanted: GpuProfile, problems: Problems) -> GpuChoice:
    """The stack's own environment: the list is the stack's, but for what others added to it."""
    named = {item.name: item.type for item in found.workload_profiles}
    label = f"{GPU_PROFILE_NAME}-{wanted.label}"
    names = [name for name in (GPU_PROFILE_NAME, label) if named.get(name) == wanted.type]
    name = names[0] if names else (label if GPU_PROFILE_NAME in named else GPU_PROFILE_NAME)
    if not names and not wanted.addable:
        problems.add(
            f"the environment {found.id} was made without {wanted.type}, and a dedicated GPU comes with an environment"
            " or never. Name another environment in acaEnvironmentName: one that does not exist is made"
        )
    others = tuple(item for item in found.workload_profiles if item.name not in (name, CONSUMPTION_PROFILE))
    return GpuChoice(wanted, name, others=others)
