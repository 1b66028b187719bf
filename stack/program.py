"""The program: finds what exists, decides, and composes the components."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
from pulumi_azure_native import authorization, resources

from components.adoption import OWNER_TAG, Presence, child_options
from components.inference_service import InferenceService, ServicePresence
from components.naming import ServiceNames, default_names, resource_group_id
from operations import release
from stack.placement import Placement, place
from stack.settings import Settings, SettingsError, api_key
from stack.survey import Found, find_resource_group, survey

CODE: Final = "inference_app"


@dataclass(frozen=True)
class Deployment:
    """What the program made of the settings."""

    subscription_id: str
    resource_group_name: pulumi.Output[str]
    service: InferenceService
    presence: ServicePresence
    release: str


def deploy(settings: Settings) -> Deployment:
    """Declares every resource of the service.

    Raises:
        SettingsError: a setting is missing that cannot be derived.
        PlacementError: something exists that cannot be used.
    """
    subscription_id = authorization.get_client_config().subscription_id
    group = find_resource_group(settings.resource_group)
    names = _names(settings, group.id if group else resource_group_id(subscription_id, settings.resource_group))
    mark = "/".join((pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()))
    found = survey(group, settings.resource_group, names)
    placement = place(found, settings, names, mark)
    location = _location(settings, group)
    tags = {OWNER_TAG: mark}
    code = release.describe(Path(CODE)).name
    resource_group = _resource_group(settings.resource_group, location, tags, placement)
    service = InferenceService(
        "inference",
        {
            "resource_group_name": resource_group.name,
            "location": location,
            "names": names,
            "gpu": placement.gpu,
            "gpu_profile_name": placement.gpu_profile_name,
            "maximum_instances": settings.maximum_instance_count,
            "minimum_replicas": settings.minimum_replicas,
            "image": settings.image,
            "commands": settings.default_commands,
            "code": CODE,
            "release": code,
            "api_key": api_key(settings),
            "tags": tags,
            "presence": placement.presence,
        },
    )
    return Deployment(subscription_id, resource_group.name, service, placement.presence, code)


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


def _resource_group(name: str, location: str, tags: dict[str, str], placement: Placement) -> resources.ResourceGroup:
    presence: Presence = placement.resource_group
    return resources.ResourceGroup(
        "resource-group",
        resource_group_name=name,
        location=location,
        tags=tags,
        opts=child_options(None, presence),
    )
