"""The GPU workload profiles that Azure Container Apps offers, as a catalogue.

Sources: the Container Apps workload profile overview (figures of November 2025) and the serverless GPU overview (2025),
with the regions that public deployments used until 2026. CPU and memory of a container follow from its profile, so that
nobody has to know them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_PROFILE_NAME_LENGTH: Final = 15
"""The service refuses longer names of workload profiles (azure-cli#31239)."""
REGIONS_AS_OF: Final = "2026"
_NODE_RESERVE_VCPU: Final = 1
_NODE_RESERVE_MEMORY_SHARE: Final = 0.1
"""What a dedicated node keeps for its own runtime: a container that asks for all of it is never placed. The service
does not publish the figures; a vCPU and a tenth are above what Kubernetes nodes of these sizes reserve."""


class GpuKind(StrEnum):
    """Who pays for an idle GPU: `SERVERLESS` bills replicas that run, `DEDICATED` bills nodes that exist."""

    SERVERLESS = "serverless"
    DEDICATED = "dedicated"


@dataclass(frozen=True)
class GpuProfile:
    """One workload profile type: what a replica (serverless) or a node (dedicated) has."""

    type: str
    kind: GpuKind
    label: str
    """A short name, for names that have to be short."""
    vcpu: int
    memory_gib: int
    gpus: int
    regions: frozenset[str]
    """Regions where it was offered as of `REGIONS_AS_OF`; the list moves, so it is good for a warning only."""

    @property
    def container_vcpu(self) -> float:
        """vCPU of the one container: a replica's all, or a node's less what the node needs itself."""
        return float(self.vcpu if self.kind is GpuKind.SERVERLESS else self.vcpu - _NODE_RESERVE_VCPU)

    @property
    def container_memory(self) -> str:
        """Memory of the one container as ARM writes it, such as `56Gi`."""
        kept = 0 if self.kind is GpuKind.SERVERLESS else self.memory_gib * _NODE_RESERVE_MEMORY_SHARE
        return f"{int(self.memory_gib - kept)}Gi"

    @property
    def addable(self) -> bool:
        """Whether an environment that exists can get it: dedicated GPUs come with the environment only."""
        return self.kind is GpuKind.SERVERLESS

    def region_warning(self, location: str) -> str | None:
        """What to tell somebody who wants it in this region, or None where it is known to be offered."""
        region = location.replace(" ", "").lower()
        if region in self.regions:
            return None
        return (
            f"{self.type} was not offered in {region} as of {REGIONS_AS_OF}, but in {', '.join(sorted(self.regions))};"
            f" `az containerapp env workload-profile list-supported -l {region}` tells what is today"
        )


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
    GpuProfile("Consumption-GPU-NC8as-T4", GpuKind.SERVERLESS, "T4", 8, 56, 1, _SERVERLESS_T4),
    GpuProfile("Consumption-GPU-NC24-A100", GpuKind.SERVERLESS, "A100", 24, 220, 1, _SERVERLESS_A100),
    GpuProfile("NC24-A100", GpuKind.DEDICATED, "NC24-A100", 24, 220, 1, _DEDICATED),
    GpuProfile("NC48-A100", GpuKind.DEDICATED, "NC48-A100", 48, 440, 2, _DEDICATED),
    GpuProfile("NC96-A100", GpuKind.DEDICATED, "NC96-A100", 96, 880, 4, _DEDICATED),
)

GPU_PROFILES: Final = {profile.type: profile for profile in _PROFILES}
"""All profiles by type, those that cost nothing while idle first."""


def gpu_profile(profile_type: str) -> GpuProfile:
    """The profile of this type.

    Raises:
        ValueError: no such type; the message lists those there are.
    """
    if profile := GPU_PROFILES.get(profile_type):
        return profile
    raise ValueError(f"{profile_type!r} is no GPU workload profile; there are: {', '.join(GPU_PROFILES)}")
