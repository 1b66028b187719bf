"""Everything that a fine-tuned model needs to be served: store, logs, environment, code release and endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi

from components.adoption import MISSING, Presence
from components.code_release import CodeRelease
from components.gpu import GpuProfile
from components.gpu_environment import GpuEnvironment
from components.inference_endpoint import InferenceEndpoint
from components.log_workspace import LogWorkspace
from components.model_store import ModelStore
from components.naming import ServiceNames
from operations.release import release_path


@dataclass(frozen=True)
class ServicePresence:
    """How each of the service's resources was found; all missing when not given."""

    storage_account: Presence = MISSING
    file_share: Presence = MISSING
    log_workspace: Presence = MISSING
    environment: Presence = MISSING
    environment_storage: Presence = MISSING
    app: Presence = MISSING


class InferenceServiceArgs(TypedDict):
    """Arguments of `InferenceService`."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    names: ServiceNames
    gpu: GpuProfile
    gpu_profile_name: str
    maximum_instances: int
    """Most replicas (serverless profile) or nodes (dedicated profile) that may run at once."""
    minimum_replicas: NotRequired[int]
    image: str
    commands: Sequence[str]
    code: str
    """Folder with the app's code, relative to the Pulumi project."""
    release: str
    """Name of the release that this code makes."""
    api_key: NotRequired[pulumi.Input[str] | None]
    tags: NotRequired[Mapping[str, str]]
    presence: NotRequired[ServicePresence]


class InferenceService(pulumi.ComponentResource):
    """A fine-tuned model behind an endpoint, composed of the library's other components."""

    store: ModelStore
    environment: GpuEnvironment
    endpoint: InferenceEndpoint

    def __init__(self, name: str, args: InferenceServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:InferenceService", name, None, opts)
        names = args["names"]
        presence = args.get("presence", ServicePresence())
        tags = args.get("tags", {})
        child = pulumi.ResourceOptions(parent=self)
        self.store = ModelStore(
            f"{name}-store",
            {
                "resource_group_name": args["resource_group_name"],
                "location": args["location"],
                "account_name": names.storage_account,
                "share_name": names.file_share,
                "tags": tags,
                "account": presence.storage_account,
                "share": presence.file_share,
            },
            child,
        )
        logs = LogWorkspace(
            f"{name}-logs",
            {
                "resource_group_name": args["resource_group_name"],
                "location": args["location"],
                "workspace_name": names.log_workspace,
                "tags": tags,
                "presence": presence.log_workspace,
            },
            child,
        )
        self.environment = GpuEnvironment(
            f"{name}-environment",
            {
                "resource_group_name": args["resource_group_name"],
                "location": args["location"],
                "environment_name": names.environment,
                "gpu": args["gpu"],
                "gpu_profile_name": args["gpu_profile_name"],
                "maximum_nodes": args["maximum_instances"],
                "log_customer_id": logs.customer_id,
                "log_shared_key": logs.shared_key,
                "storage_name": names.environment_storage,
                "account_name": self.store.account_name,
                "account_key": self.store.account_key,
                "share_name": self.store.share_name,
                "tags": tags,
                "environment": presence.environment,
                "storage": presence.environment_storage,
            },
            child,
        )
        code = CodeRelease(
            f"{name}-code",
            {
                "endpoint_url": self.store.file_endpoint,
                "account_name": self.store.account_name,
                "account_key": self.store.account_key,
                "share_name": self.store.share_name,
                "source": args["code"],
                "release": args["release"],
            },
            child,
        )
        self.endpoint = InferenceEndpoint(
            f"{name}-endpoint",
            {
                "resource_group_name": args["resource_group_name"],
                "location": args["location"],
                "app_name": names.app,
                "environment_id": self.environment.environment_id,
                "gpu": args["gpu"],
                "gpu_profile_name": args["gpu_profile_name"],
                "image": args["image"],
                "commands": args["commands"],
                "storage_name": self.environment.storage_name,
                "release_path": code.release.apply(release_path),
                "api_key": args.get("api_key"),
                "minimum_replicas": args.get("minimum_replicas", 0),
                "maximum_replicas": args["maximum_instances"],
                "tags": tags,
                "presence": presence.app,
            },
            child,
        )
        self.register_outputs({"fqdn": self.endpoint.fqdn})
