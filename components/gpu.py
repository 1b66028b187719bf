"""The GPU workload profiles that Azure Container Apps offers, as a catalogue.

Source: the Container Apps workload profile overview (figures of November 2025). CPU and memory of a container follow
from its profile, so that nobody has to know them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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

    @property
    def memory(self) -> str:
        """Memory as ARM writes it, such as `56Gi`."""
        return f"{self.memory_gib}Gi"


_PROFILES: Final = (
    GpuProfile("Consumption-GPU-NC8as-T4", GpuKind.SERVERLESS, vcpu=8, memory_gib=56, gpus=1),
    GpuProfile("Consumption-GPU-NC24-A100", GpuKind.SERVERLESS, vcpu=24, memory_gib=220, gpus=1),
    GpuProfile("NC24-A100", GpuKind.DEDICATED, vcpu=24, memory_gib=220, gpus=1),
    GpuProfile("NC48-A100", GpuKind.DEDICATED, vcpu=48, memory_gib=440, gpus=2),
    GpuProfile("NC96-A100", GpuKind.DEDICATED, vcpu=96, memory_gib=880, gpus=4),
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
