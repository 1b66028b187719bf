"""A GPU workload profile in an environment that belongs to somebody else.

A dynamic resource: a PUT of the environment would carry all of it, while this adds one item to its list and takes
exactly that item back. It runs in a plugin process of its own; what it needs there it gets as inputs.
"""

from typing import Any, Final, TypedDict

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider

from components.adoption import mark_of
from components.gpu import GpuProfile
from components.plugin import told

_NAME_PREFIX: Final = "gpu"


class WorkloadProfileArgs(TypedDict):
    """Arguments of `WorkloadProfile`."""

    environment_id: pulumi.Input[str]
    profile_name: pulumi.Input[str]
    """Name within the environment, at most 15 characters; see `marked_profile_name`."""
    profile_type: pulumi.Input[str]


class WorkloadProfile(Resource, module="aca-inference", name="WorkloadProfile"):
    """One workload profile on an environment; deleting it is refused while apps or jobs use it."""

    profile_name: pulumi.Output[str]

    def __init__(self, name: str, args: WorkloadProfileArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(_WorkloadProfileProvider(), name, {**args}, opts)


def marked_profile_name(owner: str, gpu: GpuProfile) -> str:
    """The name of a profile that this owner adds: no tag can tell whose a profile is, so its name does."""
    return f"{_NAME_PREFIX}-{mark_of(owner)}-{gpu.label}"


def is_marked(profile_name: str, gpu: GpuProfile) -> bool:
    """Whether some owner of this kind, whichever, added the profile of this name and type."""
    return len(profile_name) == len(marked_profile_name("", gpu)) and (
        profile_name.startswith(f"{_NAME_PREFIX}-") and profile_name.endswith(f"-{gpu.label}")
    )


_INPUTS: Final = ("environment_id", "profile_name", "profile_type")
"""In the order of `operations.workload_profiles.Profile`."""


class _WorkloadProfileProvider(ResourceProvider):
    """Adds on create, takes back on delete; nothing of a profile can be changed.

    What it calls is imported there: only the plugin process needs Azure's clients, and they take a second to import.
    """

    @told
    def create(self, props: dict[str, Any]) -> CreateResult:
        from operations.workload_profiles import Profile, add

        add(Profile(*(props[key] for key in _INPUTS)))
        return CreateResult(f"{props['environment_id']}/workloadProfiles/{props['profile_name']}", props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = [key for key in _INPUTS if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed, delete_before_replace=False)

    @told
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        from operations.workload_profiles import Profile, exists

        return ReadResult(id_ if exists(Profile(*(props[key] for key in _INPUTS))) else None, props)

    @told
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        from operations.workload_profiles import Profile, remove

        remove(Profile(*(_props[key] for key in _INPUTS)))
