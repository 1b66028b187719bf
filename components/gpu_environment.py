"""The Container Apps environment: GPU workload profile, logs, and the link to the model store's share."""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import app

from components.adoption import MISSING, Presence, child_options
from components.gpu import GpuKind, GpuProfile

CONSUMPTION_PROFILE: Final = "Consumption"
_SERVICE_CHOSEN: Final = ("infrastructureResourceGroup", "vnetConfiguration")
"""Immutable properties left to the service: seen when an environment is imported, never a reason to replace it."""


class GpuEnvironmentArgs(TypedDict):
    """Arguments of `GpuEnvironment`."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    environment_name: pulumi.Input[str]
    gpu: GpuProfile
    """Workload profile that the environment offers to apps."""
    gpu_profile_name: pulumi.Input[str]
    """What the profile is called within the environment; fine-tuning calls it `GPU`."""
    maximum_nodes: NotRequired[pulumi.Input[int]]
    """Upper limit of GPU nodes of a dedicated profile; 1 when not given. Serverless profiles have no nodes."""
    log_customer_id: pulumi.Input[str]
    log_shared_key: pulumi.Input[str]
    storage_name: pulumi.Input[str]
    """Name of the link through which apps mount the share."""
    account_name: pulumi.Input[str]
    account_key: pulumi.Input[str]
    share_name: pulumi.Input[str]
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    environment: NotRequired[Presence]
    """The environment as it was found; created when not given."""
    storage: NotRequired[Presence]
    """The storage link as it was found; created when not given."""


class GpuEnvironment(pulumi.ComponentResource):
    """A Container Apps environment with a GPU workload profile and a storage link, each created or adopted."""

    environment_id: pulumi.Output[str]
    default_domain: pulumi.Output[str]
    storage_name: pulumi.Output[str]

    def __init__(self, name: str, args: GpuEnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:GpuEnvironment", name, None, opts)
        environment = app.ManagedEnvironment(
            f"{name}-environment",
            resource_group_name=args["resource_group_name"],
            environment_name=args["environment_name"],
            location=args["location"],
            workload_profiles=[
                app.WorkloadProfileArgs(name=CONSUMPTION_PROFILE, workload_profile_type=CONSUMPTION_PROFILE),
                _workload_profile(args),
            ],
            app_logs_configuration=app.AppLogsConfigurationArgs(
                destination="log-analytics",
                log_analytics_configuration=app.LogAnalyticsConfigurationArgs(
                    customer_id=args["log_customer_id"],
                    shared_key=pulumi.Output.secret(args["log_shared_key"]),
                ),
            ),
            zone_redundant=False,
            tags=args.get("tags"),
            opts=child_options(self, args.get("environment", MISSING), ignore_changes=_SERVICE_CHOSEN),
        )
        storage = app.ManagedEnvironmentsStorage(
            f"{name}-storage",
            resource_group_name=args["resource_group_name"],
            environment_name=environment.name,
            storage_name=args["storage_name"],
            properties=app.ManagedEnvironmentStoragePropertiesArgs(
                azure_file=app.AzureFilePropertiesArgs(
                    account_name=args["account_name"],
                    account_key=pulumi.Output.secret(args["account_key"]),
                    share_name=args["share_name"],
                    access_mode=app.AccessMode.READ_WRITE,
                )
            ),
            opts=child_options(self, args.get("storage", MISSING)),
        )
        self.environment_id = environment.id
        self.default_domain = environment.default_domain
        self.storage_name = storage.name
        self.register_outputs(
            {
                "environment_id": self.environment_id,
                "default_domain": self.default_domain,
                "storage_name": self.storage_name,
            }
        )


def _workload_profile(args: GpuEnvironmentArgs) -> app.WorkloadProfileArgs:
    gpu = args["gpu"]
    if gpu.kind is GpuKind.SERVERLESS:
        # The service refuses node counts on serverless profiles (WorkloadProfilePropertyNotSupported).
        return app.WorkloadProfileArgs(name=args["gpu_profile_name"], workload_profile_type=gpu.type)
    return app.WorkloadProfileArgs(
        name=args["gpu_profile_name"],
        workload_profile_type=gpu.type,
        minimum_count=0,
        maximum_count=args.get("maximum_nodes", 1),
    )
