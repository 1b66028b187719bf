"""The program: finds what exists, decides, and composes the components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi

from components.adoption import OWNER_TAG
from components.api_key import ApiKey
from components.entra_sign_in import EntraSignIn
from components.inference_container import API_KEY_SECRET, DEFAULT_START_SECONDS
from components.inference_endpoint import RegistryAccess
from components.inference_service import InferenceService
from components.model_store import StorageNetwork
from components.naming import ServiceNames, default_names, resource_group_id
from components.service_group import ServiceGroup
from components.subscription import current_subscription_id
from operations.code_folder import describe as describe_release
from stack.code import release_to_mount
from stack.found import Found
from stack.last_run import made_last_time
from stack.placement import Placement, place
from stack.settings import Authentication, Settings, SettingsError, secrets
from stack.summary import describe, names_by_key
from stack.survey import Wanted, app_secrets, find_resource_group, survey

CODE: Final = "inference_app"
INSTALLING_START_SECONDS: Final = 1200
"""What commands of one's own may take until the server listens: they may install packages, as the original did."""


@dataclass(frozen=True)
class Deployment:
    """What the program made of the settings."""

    subscription_id: str
    resource_group_name: pulumi.Output[str]
    service: InferenceService
    placement: Placement
    names: Mapping[str, str]
    """Name of each resource by its key in `adopt`."""
    release: str
    """What the app mounts: the release of the local code, or an earlier one that somebody went back to."""
    api_key: pulumi.Output[str] | None
    """The key that clients send, a secret; None where no key is asked for."""


def deploy(settings: Settings) -> Deployment:
    """Declares every resource of the service.

    Raises:
        SettingsError: a setting is missing that cannot be derived.
        PlacementError: something exists that cannot be used.
    """
    subscription_id = current_subscription_id()
    group = find_resource_group(settings.resource_group)
    names = _names(settings, group.id if group else resource_group_id(subscription_id, settings.resource_group))
    owner = "/".join((pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()))
    location = _location(settings, group)
    found = survey(group, Wanted(settings.resource_group, names, owner, settings.read_only_mount))
    placement = place(found, settings, names, owner, location)
    called = names_by_key(settings, names)
    pulumi.log.info(describe(placement, found, called, made_last_time(owner)))
    for warning in placement.warnings:
        pulumi.log.warn(warning)
    tags = {**settings.tags, OWNER_TAG: owner}
    known_secrets = app_secrets(settings.resource_group, names.app) if placement.presence.app.id is not None else {}
    api_key = _api_key(settings, known_secrets)
    code = describe_release(Path(CODE)).name
    mounted = release_to_mount(code, found)
    resource_group = ServiceGroup(
        "resource-group",
        {
            "group_name": settings.resource_group,
            "location": (group and group.location) or location,
            "tags": tags,
            "presence": placement.resource_group,
        },
    )
    ours = _starts_inference_app(settings.default_commands)
    service = InferenceService(
        "inference",
        {
            "resource_group_name": resource_group.group_name,
            "location": location,
            "app_location": placement.app_location,
            "names": names,
            "gpu": placement.gpu,
            "gpu_profile_name": placement.gpu_profile_name,
            "add_profile": placement.add_profile,
            "other_profiles": placement.other_profiles,
            "maximum_instances": settings.maximum_instance_count,
            "minimum_replicas": settings.minimum_replicas,
            "concurrent_requests_per_replica": settings.concurrent_requests_per_replica,
            "scale_down_seconds": settings.scale_down_seconds,
            "termination_grace_seconds": settings.termination_grace_seconds,
            "image": settings.image,
            "registry": _registry(settings),
            "system_assigned_identity": settings.system_assigned_identity,
            "user_assigned_identities": settings.user_assigned_identities,
            "commands": settings.default_commands,
            "start_seconds": DEFAULT_START_SECONDS if _is_default(settings) else INSTALLING_START_SECONDS,
            "has_health_routes": ours,
            "environment_variables": settings.environment_variables,
            "secret_environment_variables": secrets.environment_variables(settings.secrets),
            "read_only": settings.read_only_mount,
            "code": CODE,
            "release": code,
            "mounted_release": mounted,
            "api_key": api_key,
            "entra": _entra(settings),
            "allowed_ip_ranges": settings.allowed_ip_ranges,
            "infrastructure_subnet_id": settings.infrastructure_subnet_id,
            "internal": settings.internal,
            "share_quota_gib": settings.share_quota_gib,
            "share_soft_delete_days": settings.share_soft_delete_days,
            "storage_network": _storage_network(settings),
            "log_retention_days": settings.log_retention_days,
            "tags": tags,
            "presence": placement.presence,
            "other_secrets": _other_secrets(placement, known_secrets),
        },
    )
    return Deployment(subscription_id, resource_group.group_name, service, placement, called, mounted, api_key)


def _names(settings: Settings, group_id: str) -> ServiceNames:
    default = default_names(group_id)
    return ServiceNames(
        storage_account=settings.storage_account_name or default.storage_account,
        file_share=settings.file_share_name or default.file_share,
        environment=settings.aca_environment_name or default.environment,
        environment_storage=settings.aca_environment_storage_name or default.environment_storage,
        app=settings.aca_app_name or default.app,
        log_workspace=settings.aca_log_analytics_name or default.log_workspace,
    )


def _location(settings: Settings, group: Found | None) -> str:
    location = settings.location or (group and group.location) or pulumi.Config("azure-native").get("location")
    if not location:
        raise SettingsError(
            [
                f"location: missing, and the resource group {settings.resource_group} does not exist yet to take it"
                " from; set it with `pulumi config set location REGION`"
            ]
        )
    return location


def _api_key(settings: Settings, known_secrets: Mapping[str, str]) -> pulumi.Output[str] | None:
    """The key of the configuration, or else one of the stack's own."""
    if settings.authentication is not Authentication.API_KEY:
        return None
    return secrets.api_key() or ApiKey("api-key", {"known_key": known_secrets.get(API_KEY_SECRET)}).key


def _registry(settings: Settings) -> RegistryAccess | None:
    registry = settings.registry
    if registry is None:
        return None
    return RegistryAccess(registry.server, registry.username, secrets.registry_password(), registry.identity)


def _entra(settings: Settings) -> EntraSignIn | None:
    entra = settings.entra
    if entra is None:
        return None
    return EntraSignIn(entra.client_id, entra.tenant_id, entra.allowed_audiences, secrets.entra_client_secret())


def _storage_network(settings: Settings) -> StorageNetwork | None:
    rules = settings.storage_network_rules
    if rules is None:
        return None
    own = (settings.infrastructure_subnet_id,) if settings.infrastructure_subnet_id else ()
    return StorageNetwork(rules.allowed_ip_ranges, tuple(dict.fromkeys((*own, *rules.allowed_subnet_ids))))


def _other_secrets(placement: Placement, known_secrets: Mapping[str, str]) -> Mapping[str, pulumi.Output[str]]:
    """What an app that is taken over has: an app of the stack's own has nothing but what the program says."""
    if not placement.presence.app.adopted:
        return {}
    return {name: pulumi.Output.secret(value) for name, value in known_secrets.items()}


def _is_default(settings: Settings) -> bool:
    return "default_commands" not in settings.model_fields_set


def _starts_inference_app(commands: Sequence[str]) -> bool:
    """Whether the server that these start is ours; another one has other routes, or none to ask for its health."""
    return any(CODE in command for command in commands)
