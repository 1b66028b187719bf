"""What Container Apps offers in a location, and how much of an environment's quota is used; nothing of it is stored.

Shapes: the usages as `az containerapp env list-usages` shows them (webdevops/azure-resourcemanager-exporter#156), the
profile types as azure-mgmt-appcontainers models them. The sandbox refuses nothing for its quota.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from sandbox.arm.apps.environments import ENVIRONMENT_TYPE, profile_types, tenants
from sandbox.arm.apps.profiles import PROFILE_TYPES
from sandbox.arm.errors import not_found
from sandbox.arm.ids import ResourceId, parse_id
from sandbox.arm.lifecycle import Reply
from sandbox.arm.resource_type import ResourceType
from sandbox.arm.resources import JsonObject, Resource

GPU_LIMIT: Final = 8
CORE_LIMIT: Final = 500
_PROFILE_TYPES: Final = re.compile(
    r"(/subscriptions/[^/]+/providers/microsoft\.app/locations/([^/]+)/"
    r"availablemanagedenvironmentsworkloadprofiletypes)"
)
_REVISIONS: Final = "microsoft.app/containerapps/revisions"
_QUOTAS: Final = {
    "Consumption": "Managed Environment Consumption Cores",
    "D": "Managed Environment General Purpose Cores",
    "E": "Managed Environment Memory Optimized Cores",
    "Consumption-GPU-NC8as-T4": "Managed Environment Consumption T4 Gpus",
    "Consumption-GPU-NC24-A100": "Managed Environment Consumption NCA100 Gpus",
}
"""The quota that a profile type, or a family of them, draws on; dedicated GPUs have a quota of the subscription's."""


class Offers:
    """Answers what the provider answers besides its resources."""

    def __init__(self, types: Mapping[str, ResourceType]) -> None:
        self._types = types

    def answer(self, path: str) -> Reply | None:
        """The answer to a GET; None for a path that is not about an offer.

        Raises:
            ArmError: no such environment.
        """
        if (match := _PROFILE_TYPES.fullmatch(path.lower())) is not None:
            return Reply(body={"value": [_offered(match[1], match[2], name) for name in PROFILE_TYPES]})
        parent, _, last = path.rpartition("/")
        environment = parse_id(parent)
        if last.lower() != "usages" or environment is None or environment.type.lower() != ENVIRONMENT_TYPE.lower():
            return None
        found = self._types[ENVIRONMENT_TYPE.lower()].find(environment)
        if found is None:
            raise not_found(environment)
        used = self._used(found)
        return Reply(body={"value": [_usage(quota, used[quota]) for quota in _QUOTAS.values()]})

    def _used(self, environment: Resource) -> Counter[str]:
        kinds = profile_types(environment)
        used = Counter[str]()
        for tenant in tenants(self._types[ENVIRONMENT_TYPE.lower()].resources, environment.id):
            kind = kinds[str(tenant.properties["workloadProfileName"])]
            quota = _QUOTAS.get(kind) or _QUOTAS.get(kind[0])
            if quota is not None:
                size = PROFILE_TYPES[kind]
                used[quota] += self._replicas(tenant.id) * (size.gpus or int(size.vcpu))
        return used

    def _replicas(self, app: ResourceId) -> int:
        revisions = self._types[_REVISIONS].listed(app)
        return sum(len(self._types[f"{_REVISIONS}/replicas"].listed(revision.id)) for revision in revisions)


def _offered(base: str, location: str, name: str) -> JsonObject:
    size = PROFILE_TYPES[name]
    kind = "GPU" if size.gpus else "Consumption" if name == "Consumption" else "Dedicated"
    properties = {
        "category": f"{kind}-{name}" if size.gpus else name,
        "applicability": "Custom" if size.gpus else "LocationDefault",
        "cores": size.vcpu,
        "memoryGiB": size.memory_gib,
        "gpus": size.gpus,
        "displayName": name,
    }
    return {"id": f"{base}/{name}", "name": name, "type": base, "location": location, "properties": properties}


def _usage(quota: str, used: int) -> JsonObject:
    limit = GPU_LIMIT if quota.endswith("Gpus") else CORE_LIMIT
    name = {"localizedValue": quota, "value": quota.replace(" ", "")}
    return {"currentValue": used, "limit": limit, "name": name, "usage": used}
