"""What is there already: each resource looked up by name before the program declares anything.

Look-ups go through the provider, so they use the very credentials and cloud that the deployment uses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import pulumi
from pulumi_azure_native import app, operationalinsights, resources, storage

from components.adoption import OWNER_METADATA, OWNER_TAG
from components.naming import ServiceNames

_Result = TypeVar("_Result")

_ABSENT: Final = ("status=404", "notfound")
"""How a failed look-up says that the thing is not there: the status, or a code such as ResourceNotFound."""


@dataclass(frozen=True)
class Found:
    """A resource that exists: its ARM id, whose mark it carries, where it is."""

    id: str
    mark: str | None = None
    location: str | None = None


@dataclass(frozen=True)
class FoundEnvironment(Found):
    """An environment with its workload profiles, type by name."""

    workload_profiles: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class FoundStorage(Found):
    """A storage link with the account and share that it points to."""

    account_name: str = ""
    share_name: str = ""


@dataclass(frozen=True)
class Survey:
    """Every resource of the service as it was found; None where nothing is."""

    resource_group: Found | None = None
    storage_account: Found | None = None
    file_share: Found | None = None
    log_workspace: Found | None = None
    environment: FoundEnvironment | None = None
    environment_storage: FoundStorage | None = None
    app: Found | None = None


def find_resource_group(name: str) -> Found | None:
    """The resource group, if it is there."""
    group = _look_up(lambda: resources.get_resource_group(resource_group_name=name))
    return group and Found(group.id, _mark(group.tags), group.location)


def survey(resource_group: Found | None, group_name: str, names: ServiceNames) -> Survey:
    """Looks each resource up; children only where their parent is there."""
    if resource_group is None:
        return Survey()
    account = _look_up(
        lambda: storage.get_storage_account(resource_group_name=group_name, account_name=names.storage_account)
    )
    share = account and _look_up(
        lambda: storage.get_file_share(
            resource_group_name=group_name, account_name=names.storage_account, share_name=names.file_share
        )
    )
    workspace = _look_up(
        lambda: operationalinsights.get_workspace(resource_group_name=group_name, workspace_name=names.log_workspace)
    )
    environment = _look_up(
        lambda: app.get_managed_environment(resource_group_name=group_name, environment_name=names.environment)
    )
    link = environment and _look_up(
        lambda: app.get_managed_environments_storage(
            resource_group_name=group_name,
            environment_name=names.environment,
            storage_name=names.environment_storage,
        )
    )
    container_app = _look_up(
        lambda: app.get_container_app(resource_group_name=group_name, container_app_name=names.app)
    )
    return Survey(
        resource_group=resource_group,
        storage_account=account and Found(account.id, _mark(account.tags), account.location),
        file_share=share and Found(share.id, (share.metadata or {}).get(OWNER_METADATA)),
        log_workspace=workspace and Found(workspace.id, _mark(workspace.tags), workspace.location),
        environment=environment and _environment(environment),
        environment_storage=link and _storage(link),
        app=container_app and Found(container_app.id, _mark(container_app.tags), container_app.location),
    )


def _environment(found: app.GetManagedEnvironmentResult) -> FoundEnvironment:
    profiles = {profile.name: profile.workload_profile_type for profile in found.workload_profiles or []}
    return FoundEnvironment(found.id, _mark(found.tags), found.location, profiles)


def _storage(found: app.GetManagedEnvironmentsStorageResult) -> FoundStorage:
    file = found.properties.azure_file
    if file is None:
        return FoundStorage(found.id)
    return FoundStorage(found.id, account_name=file.account_name or "", share_name=file.share_name or "")


def _mark(tags: Mapping[str, str] | None) -> str | None:
    return (tags or {}).get(OWNER_TAG)


def _look_up(get: Callable[[], _Result]) -> _Result | None:
    try:
        return get()
    except Exception as error:  # the SDK raises nothing more specific for a failed look-up
        text = str(error)
        if any(sign in text.lower() for sign in _ABSENT):
            return None
        raise pulumi.RunError(f"could not look up what exists in Azure: {text}") from error
