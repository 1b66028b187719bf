"""The Container Apps environment with its GPU workload profile and its log destination."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import app

from components.adoption import MISSING, Presence, child_options
from components.deletion_when_empty import deletion_when_empty
from components.gpu import GpuKind, GpuProfile
from components.ordering import after
from components.workload_profile import WorkloadProfile

CONSUMPTION_PROFILE: Final = "Consumption"
_SERVICE_CHOSEN: Final = ("infrastructureResourceGroup", "vnetConfiguration")
"""Immutable properties left to the service: seen when an environment is imported, never a reason to replace it."""


@dataclass(frozen=True)
class ListedProfile:
    """A workload profile in an environment's list. Only dedicated types have counts of nodes."""

    name: str
    type: str
    minimum_count: int | None = None
    maximum_count: int | None = None


class GpuEnvironmentArgs(TypedDict):
    """Arguments of `GpuEnvironment`."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    environment_name: pulumi.Input[str]
    gpu: GpuProfile
    """Workload profile that the environment offers to apps."""
    gpu_profile_name: str
    """What the profile is called within the environment; fine-tuning calls it `GPU`."""
    maximum_nodes: NotRequired[pulumi.Input[int]]
    """Upper limit of GPU nodes of a dedicated profile; 1 when not given. Serverless profiles have no nodes."""
    other_profiles: NotRequired[Sequence[ListedProfile]]
    """Profiles that others put into the environment: they stay as they are."""
    add_profile: NotRequired[bool]
    """Whether an adopted environment still has to get the profile; False when not given."""
    log_customer_id: NotRequired[pulumi.Input[str]]
    log_shared_key: NotRequired[pulumi.Input[str]]
    """Id and key of the workspace that gets console and system logs; an adopted environment keeps its own."""
    infrastructure_subnet_id: NotRequired[pulumi.Input[str] | None]
    """Subnet that the environment is made in; Azure's own network when not given."""
    internal: NotRequired[bool]
    """Whether apps are reachable from that network only; False when not given."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    presence: NotRequired[Presence]
    """The environment as it was found; created when not given."""


class GpuEnvironment(pulumi.ComponentResource):
    """A Container Apps environment, created or adopted, with a GPU workload profile."""

    environment_id: pulumi.Output[str]
    environment_name: pulumi.Output[str]
    default_domain: pulumi.Output[str]
    gpu_profile_name: pulumi.Output[str]
    """The profile to place apps on; known once the environment has it."""

    def __init__(self, name: str, args: GpuEnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:GpuEnvironment", name, None, opts)
        presence = args.get("presence", MISSING)
        deletion = deletion_when_empty(
            f"{name}-deletion",
            self,
            presence,
            args.get("tags"),
            args["resource_group_name"],
            "Microsoft.App/managedEnvironments",
            args["environment_name"],
        )
        environment = app.ManagedEnvironment(
            f"{name}-environment",
            resource_group_name=args["resource_group_name"],
            environment_name=args["environment_name"],
            location=args["location"],
            workload_profiles=_workload_profiles(args),
            app_logs_configuration=_logs(args),
            vnet_configuration=_network(args),
            zone_redundant=False,
            tags=args.get("tags"),
            opts=child_options(self, presence, depends_on=deletion, ignore_changes=_SERVICE_CHOSEN, retained=True),
        )
        self.environment_id = environment.id
        self.environment_name = environment.name
        self.default_domain = environment.default_domain
        added = None
        if args.get("add_profile", False):
            added = WorkloadProfile(
                f"{name}-gpu",
                {
                    "environment_id": environment.id,
                    "profile_name": args["gpu_profile_name"],
                    "profile_type": args["gpu"].type,
                },
                pulumi.ResourceOptions(parent=self),
            )
        self.gpu_profile_name = after(added or environment, args["gpu_profile_name"])
        self.register_outputs(
            {
                "environment_id": self.environment_id,
                "default_domain": self.default_domain,
                "gpu_profile_name": self.gpu_profile_name,
            }
        )


def _workload_profiles(args: GpuEnvironmentArgs) -> list[app.WorkloadProfileArgs]:
    gpu, name = args["gpu"], args["gpu_profile_name"]
    serverless = gpu.kind is GpuKind.SERVERLESS
    wanted = [
        app.WorkloadProfileArgs(name=CONSUMPTION_PROFILE, workload_profile_type=CONSUMPTION_PROFILE),
        # The service refuses node counts on serverless profiles (WorkloadProfilePropertyNotSupported).
        app.WorkloadProfileArgs(name=name, workload_profile_type=gpu.type)
        if serverless
        else app.WorkloadProfileArgs(
            name=name, workload_profile_type=gpu.type, minimum_count=0, maximum_count=args.get("maximum_nodes", 1)
        ),
    ]
    kept = [
        app.WorkloadProfileArgs(
            name=other.name,
            workload_profile_type=other.type,
            minimum_count=other.minimum_count,
            maximum_count=other.maximum_count,
        )
        for other in args.get("other_profiles", ())
    ]
    return [*wanted, *kept]


def _logs(args: GpuEnvironmentArgs) -> app.AppLogsConfigurationArgs | None:
    if "log_customer_id" not in args or "log_shared_key" not in args:
        return None
    return app.AppLogsConfigurationArgs(
        destination="log-analytics",
        log_analytics_configuration=app.LogAnalyticsConfigurationArgs(
            customer_id=args["log_customer_id"], shared_key=pulumi.Output.secret(args["log_shared_key"])
        ),
    )


def _network(args: GpuEnvironmentArgs) -> app.VnetConfigurationArgs | None:
    subnet = args.get("infrastructure_subnet_id")
    if subnet is None:
        return None
    return app.VnetConfigurationArgs(infrastructure_subnet_id=subnet, internal=args.get("internal", False))
