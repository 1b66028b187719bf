"""What is there already: each resource looked up by name before the program declares anything.

Look-ups go through the provider, so they use the very credentials and cloud that the deployment uses.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pulumi
from pulumi_azure_native import app, operationalinsights, resources, storage

from components.adoption import OWNER_METADATA, OWNER_TAG
from components.entra_sign_in import CONFIG_NAME
from components.gpu_environment import ListedProfile
from components.naming import ServiceNames
from components.storage_link import marked_link_name
from operations.code_folder import DEPLOYED_TAG, release_in
from stack.found import (
    Found,
    FoundAccount,
    FoundApp,
    FoundEnvironment,
    FoundGroup,
    FoundLink,
    FoundShare,
    FoundWorkspace,
    Survey,
)

_Result = TypeVar("_Result")

_ABSENT: Final = ("status=404", "notfound")
"""How a failed look-up says that the thing is not there: the status, or a code such as ResourceNotFound."""
_SETTLED: Final = ("succeeded", "failed", "canceled")
SETTLE_TIMEOUT_SECONDS: Final = 900.0
"""How long a resource that an earlier run, or somebody else, is still making is waited for."""
_SETTLE_POLL_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Wanted:
    """What to look for: the group and names of the resources, and what makes the stack's own link its own."""

    group_name: str
    names: ServiceNames
    owner: str
    read_only: bool


def find_resource_group(name: str) -> FoundGroup | None:
    """The resource group, if it is there."""
    group = _look_up(lambda: resources.get_resource_group(resource_group_name=name))
    if group is None:
        return None
    return FoundGroup(
        group.id, _mark(group.tags), group.location, being_deleted=group.properties.provisioning_state == "Deleting"
    )


def survey(resource_group: FoundGroup | None, wanted: Wanted) -> Survey:
    """Looks each resource up; children only where their parent is there."""
    if resource_group is None:
        return Survey()
    account = _find_account(wanted)
    environment = _find_environment(wanted)
    return Survey(
        resource_group=resource_group,
        storage_account=account,
        file_share=account and _find_share(wanted),
        log_workspace=_find_workspace(wanted),
        environment=environment,
        environment_storage=environment and _find_link(wanted, wanted.names.environment_storage),
        own_link=(environment and account and account.allows_keys and _find_own_link(wanted)) or None,
        app=_find_app(wanted),
    )


def app_secrets(group_name: str, app_name: str) -> Mapping[str, str]:
    """The values of an app's secrets, by name."""
    listed = app.list_container_app_secrets(resource_group_name=group_name, container_app_name=app_name)
    return {secret.name: secret.value for secret in listed.value if secret.value}


def _find_account(wanted: Wanted) -> FoundAccount | None:
    found = _settled(
        lambda: storage.get_storage_account(
            resource_group_name=wanted.group_name, account_name=wanted.names.storage_account
        )
    )
    if found is None:
        return None
    rules = found.network_rule_set
    return FoundAccount(
        found.id,
        _mark(found.tags),
        found.location,
        kind=found.kind,
        allows_keys=found.allow_shared_key_access is not False,
        open_to_all_networks=rules is None or rules.default_action != "Deny",
    )


def _find_share(wanted: Wanted) -> FoundShare | None:
    found = _look_up(
        lambda: storage.get_file_share(
            resource_group_name=wanted.group_name,
            account_name=wanted.names.storage_account,
            share_name=wanted.names.file_share,
        )
    )
    return found and FoundShare(
        found.id, (found.metadata or {}).get(OWNER_METADATA), protocol=found.enabled_protocols or "SMB"
    )


def _find_workspace(wanted: Wanted) -> FoundWorkspace | None:
    found = _settled(
        lambda: operationalinsights.get_workspace(
            resource_group_name=wanted.group_name, workspace_name=wanted.names.log_workspace
        )
    )
    if found is None:
        return None
    locked = bool(found.features and found.features.disable_local_auth)
    return FoundWorkspace(found.id, _mark(found.tags), found.location, allows_keys=not locked)


def _find_environment(wanted: Wanted) -> FoundEnvironment | None:
    found = _settled(
        lambda: app.get_managed_environment(
            resource_group_name=wanted.group_name, environment_name=wanted.names.environment
        )
    )
    if found is None:
        return None
    network = found.vnet_configuration
    return FoundEnvironment(
        found.id,
        _mark(found.tags),
        found.location,
        workload_profiles=tuple(
            ListedProfile(item.name, item.workload_profile_type, item.minimum_count, item.maximum_count)
            for item in found.workload_profiles or []
        ),
        subnet_id=network.infrastructure_subnet_id if network else None,
        internal=bool(network and network.internal),
        state=found.provisioning_state or "Succeeded",
    )


def _find_link(wanted: Wanted, name: str) -> FoundLink | None:
    found = _look_up(
        lambda: app.get_managed_environments_storage(
            resource_group_name=wanted.group_name, environment_name=wanted.names.environment, storage_name=name
        )
    )
    if found is None:
        return None
    file = found.properties.azure_file
    if file is None:
        return FoundLink(found.id)
    return FoundLink(found.id, account_name=file.account_name or "", share_name=file.share_name or "")


def _find_own_link(wanted: Wanted) -> Found | None:
    keys = storage.list_storage_account_keys(
        resource_group_name=wanted.group_name, account_name=wanted.names.storage_account
    ).keys
    name = marked_link_name(
        wanted.names.environment_storage,
        wanted.owner,
        wanted.names.storage_account,
        keys[0].value,
        wanted.names.file_share,
        read_only=wanted.read_only,
    )
    found = _find_link(wanted, name)
    return found and Found(found.id, wanted.owner)


def _find_app(wanted: Wanted) -> FoundApp | None:
    group, name = wanted.group_name, wanted.names.app
    found = _settled(lambda: app.get_container_app(resource_group_name=group, container_app_name=name))
    if found is None:
        return None
    sign_in = _look_up(
        lambda: app.get_container_apps_auth_config(
            resource_group_name=group, container_app_name=name, auth_config_name=CONFIG_NAME
        )
    )
    return FoundApp(
        found.id,
        _mark(found.tags),
        found.location,
        environment_id=found.environment_id or found.managed_environment_id or "",
        sign_in_id=sign_in and sign_in.id,
        mounted_release=release_in(
            mount.sub_path
            for container in (found.template and found.template.containers) or []
            for mount in container.volume_mounts or []
        ),
        deployed_release=(found.tags or {}).get(DEPLOYED_TAG),
    )


def _mark(tags: Mapping[str, str] | None) -> str | None:
    return (tags or {}).get(OWNER_TAG)


def _settled(get: Callable[[], Any]) -> Any:
    """The resource once nothing is being done to it any more: an earlier run that was cut off leaves Azure at work."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_SECONDS
    told = False
    while True:
        found = _look_up(get)
        state = str(getattr(found, "provisioning_state", None) or "Succeeded")
        if found is None or state.lower() in _SETTLED or time.monotonic() > deadline:
            return found
        if not told:
            pulumi.log.info(f"{found.id} is {state}; waiting until Azure is done with it")
            told = True
        time.sleep(_SETTLE_POLL_SECONDS)


def _look_up(get: Callable[[], _Result]) -> _Result | None:
    try:
        return get()
    except Exception as error:  # the SDK raises nothing more specific for a failed look-up
        text = str(error)
        if any(sign in text.lower() for sign in _ABSENT):
            return None
        raise pulumi.RunError(f"could not look up what exists in Azure: {text}") from error
