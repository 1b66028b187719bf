"""The GPU workload profiles that Azure Container Apps offers, as a catalogue.

Source: the Container Apps workload profile overview (figures of November 2025). CPU and memory of a container follow
from its profile, so that nobody has to know them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

REGIONS_AS_OF: Final = "2026"


class GpuKind(StrEnum):
    """Who pays for an idle GPU: `SERVERLESS` bills replicas that run, `DEDICATED` bills nodes that exist."""

    SERVERLESS = "serverless"
    DEDICATED = "dedicated"


@dataclass(frozen=True)
class GpuProfile:
    """One workload profile type: what a replica (serverless) or a node (dedicated) has."""

    type: str
    kind: GpuKind
    vcpu: int
    memory_gib: int
    gpus: int
    regions: frozenset[str]
    """Regions where it was offered as of `REGIONS_AS_OF`; the list moves, so it is good for a warning only."""

    @property
    def memory(self) -> str:
        """Memory as ARM writes it, such as `56Gi`."""
        return f"{self.memory_gib}Gi"


_SERVERLESS_A100: Final = frozenset(
    [
        "australiaeast",
        "brazilsouth",
        "canadacentral",
        "eastus",
        "italynorth",
        "swedencentral",
        "uksouth",
        "westus",
        "westus3",
    ]
)
_SERVERLESS_T4: Final = _SERVERLESS_A100 - {"westus"} | {"westeurope"}
_DEDICATED: Final = frozenset({"northeurope", "westus3"})

_PROFILES: Final = (
    GpuProfile("Consumption-GPU-NC8as-T4", GpuKind.SERVERLESS, 8, 56, 1, _SERVERLESS_T4),
    GpuProfile("Consumption-GPU-NC24-A100", GpuKind.SERVERLESS, 24, 220, 1, _SERVERLESS_A100),
    GpuProfile("NC24-A100", GpuKind.DEDICATED, 24, 220, 1, _DEDICATED),
    GpuProfile("NC48-A100", GpuKind.DEDICATED, 48, 440, 2, _DEDICATED),
    GpuProfile("NC96-A100", GpuKind.DEDICATED, 96, 880, 4, _DEDICATED),
)

GPU_PROFILES: Final = {profile.type: profile for profile in _PROFILES}


def gpu_profile(profile_type: str) -> GpuProfile:
    """The profile of this type.

    Raises:
        ValueError: no such type; the message lists those there are.
    """
    if profile := GPU_PROFILES.get(profile_type):
        return profile
    raise ValueError(f"{profile_type!r} is no GPU workload profile; there are: {', '.join(GPU_PROFILES)}")
