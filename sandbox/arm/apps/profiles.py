"""Workload profile types, and what the service says about profiles in an environment.

Types and sizes: https://learn.microsoft.com/azure/container-apps/workload-profiles-overview
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.arm.apps.environment_json import WorkloadProfile
from sandbox.arm.errors import invalid

MAX_PROFILE_NAME_LENGTH: Final = 15
DEFAULT_PROFILE: Final = "Consumption"


@dataclass(frozen=True)
class ProfileType:
    """Size of a replica (consumption) or a node (dedicated): vCPU, GiB of memory, GPUs."""

    vcpu: float
    memory_gib: float
    gpus: int = 0
    dedicated: bool = False


PROFILE_TYPES: Final = {
    "Consumption": ProfileType(4, 8),
    "D4": ProfileType(4, 16, dedicated=True),
    "D8": ProfileType(8, 32, dedicated=True),
    "D16": ProfileType(16, 64, dedicated=True),
    "D32": ProfileType(32, 128, dedicated=True),
    "E4": ProfileType(4, 32, dedicated=True),
    "E8": ProfileType(8, 64, dedicated=True),
    "E16": ProfileType(16, 128, dedicated=True),
    "E32": ProfileType(32, 256, dedicated=True),
    "Consumption-GPU-NC8as-T4": ProfileType(8, 56, 1),
    "Consumption-GPU-NC24-A100": ProfileType(24, 220, 1),
    "NC24-A100": ProfileType(24, 220, 1, dedicated=True),
    "NC48-A100": ProfileType(48, 440, 2, dedicated=True),
    "NC96-A100": ProfileType(96, 880, 4, dedicated=True),
}


def check_profiles(profiles: Sequence[WorkloadProfile]) -> None:
    """Refuses what the service refuses.

    Raises:
        ArmError: the first profile that cannot be.
    """
    names = [profile.name.lower() for profile in profiles]
    for profile in profiles:
        _check_profile(profile)
        if names.count(profile.name.lower()) > 1:
            raise invalid("SandboxWorkloadProfileDuplicate", f"Workload profile '{profile.name}' is given twice.")


def _check_profile(profile: WorkloadProfile) -> None:
    kind = PROFILE_TYPES.get(profile.workload_profile_type)
    if kind is None:
        raise invalid(
            "SandboxWorkloadProfileTypeUnknown",
            f"Workload profile type '{profile.workload_profile_type}' is not known. The types are:"
            f" {', '.join(PROFILE_TYPES)}.",
        )
    if len(profile.name) > MAX_PROFILE_NAME_LENGTH:
        raise invalid(
            "WorkloadProfileInvalidNameTooLong",
            f"Workload profile name '{profile.name}' is too long; the most is {MAX_PROFILE_NAME_LENGTH} characters.",
        )
    counts = {"MinimumCount": profile.minimum_count, "MaximumCount": profile.maximum_count}
    if not kind.dedicated:
        # Text as in terraform-provider-azurerm#31763: the type is spelled with underscores.
        spelled = profile.workload_profile_type.replace("-", "_")
        for name, count in counts.items():
            if count is not None:
                raise invalid(
                    "WorkloadProfilePropertyNotSupported",
                    f"Workload Profile property '{name}' is not supported for {spelled}",
                )
        return
    low, high = profile.minimum_count, profile.maximum_count
    if low is None or high is None or not 0 <= low <= high or high < 1:
        raise invalid(
            "SandboxWorkloadProfileCountsInvalid",
            f"Workload profile '{profile.name}' of the dedicated type {profile.workload_profile_type} needs"
            " minimumCount and maximumCount, 0 <= minimumCount <= maximumCount and maximumCount >= 1.",
        )
