"""What apps and jobs need of their environment, and what they hold on to in it."""

from typing import Final

from sandbox.arm.apps.app_json import Template
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.apps.profiles import DEFAULT_PROFILE
from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId, parse_id
from sandbox.arm.resources import Resource, Resources

ENVIRONMENT_TYPE: Final = "Microsoft.App/managedEnvironments"
APP_TYPE: Final = "Microsoft.App/containerApps"
JOB_TYPE: Final = "Microsoft.App/jobs"


def environment_of(resources: Resources, text: str | None) -> Resource:
    """The environment that an app or a job names.

    Raises:
        ArmError: it is not there, or not ready.
    """
    environment_id = parse_id(text or "")
    environment = None if environment_id is None else resources.find(environment_id)
    if environment is None or environment.id.type != ENVIRONMENT_TYPE:
        raise invalid("ManagedEnvironmentNotFound", f"The environment '{text or ''}' was not found.")
    if environment.provisioning_state != "Succeeded":
        raise invalid(  # azure-container-apps#1208
            "ManagedEnvironmentNotProvisioned",
            f"The environment '{environment.id}' has not been provisioned successfully.",
        )
    return environment


def profile_of(name: str | None, environment: Resource) -> tuple[str, str]:
    """Name and type of a workload profile; names are compared without case, as az does.

    Raises:
        ArmError: the environment has none of that name.
    """
    profiles = profile_types(environment)
    asked = name or DEFAULT_PROFILE
    for known, kind in profiles.items():
        if known.lower() == asked.lower():
            return known, kind
    raise invalid(
        "SandboxWorkloadProfileNotFound",
        f"Not a valid workload profile name: '{asked}'. The valid workload profiles names for this environment are:"
        f" '{', '.join(profiles)}'.",
    )


def profile_types(environment: Resource) -> dict[str, str]:
    """Type of each workload profile of an environment, by name. One without any offers Consumption alone."""
    profiles = environment.properties.get("workloadProfiles") or []
    return {item["name"]: item["workloadProfileType"] for item in profiles} or {DEFAULT_PROFILE: DEFAULT_PROFILE}


def tenants(resources: Resources, environment: ResourceId) -> list[Resource]:
    """The apps and jobs that are in an environment."""
    found = [*resources.of_type(APP_TYPE), *resources.of_type(JOB_TYPE)]
    return [tenant for tenant in found if str(tenant.properties["environmentId"]).lower() == environment.key]


def mounts(tenant: Resource, storage_name: str) -> bool:
    """Whether an app or a job mounts the environment's storage of this name."""
    volumes = parsed(Template, tenant.properties.get("template") or {}).volumes or []
    return any(volume.storage_name == storage_name for volume in volumes)
