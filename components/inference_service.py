"""Everything that a fine-tuned model needs to be served: store, logs, environment, link, code release and endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi

from components.adoption import MISSING, Presence, owner_of
from components.code_release import CodeRelease
from components.entra_sign_in import EntraSignIn
from components.gpu import GpuProfile
from components.gpu_environment import GpuEnvironment, GpuEnvironmentArgs, ListedProfile
from components.inference_container import DEFAULT_START_SECONDS
from components.inference_endpoint import (
    CONCURRENT_REQUESTS_PER_REPLICA,
    SCALE_DOWN_SECONDS,
    TERMINATION_GRACE_SECONDS,
    InferenceEndpoint,
    RegistryAccess,
)
from components.log_workspace import DEFAULT_RETENTION_DAYS, LogWorkspace
from components.model_store import DEFAULT_SHARE_QUOTA_GIB, SHARE_SOFT_DELETE_DAYS, ModelStore, StorageNetwork
from components.naming import ServiceNames
from components.ordering import after
from components.previous_app import PreviousApp, PreviousAppArgs
from components.storage_link import StorageLink
from operations.code_folder import DEPLOYED_TAG, release_path


@dataclass(frozen=True)
class ServicePresence:
    """How each of the service's resources was found; all missing when not given."""

    storage_account: Presence = MISSING
    file_share: Presence = MISSING
    log_workspace: Presence = MISSING
    environment: Presence = MISSING
    environment_storage: Presence = MISSING
    app: Presence = MISSING
    sign_in: Presence = MISSING


class InferenceServiceArgs(TypedDict):
    """Arguments of `InferenceService`; what is not explained here is passed on to the component that explains it."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    app_location: NotRequired[pulumi.Input[str]]
    """Region of an environment that is elsewhere; `location` when not given."""
    names: ServiceNames
    gpu: GpuProfile
    gpu_profile_name: str
    add_profile: NotRequired[bool]
    other_profiles: NotRequired[Sequence[ListedProfile]]
    maximum_instances: int
    """Most replicas (serverless profile) or nodes (dedicated profile) that may run at once."""
    minimum_replicas: NotRequired[int]
    concurrent_requests_per_replica: NotRequired[int]
    scale_down_seconds: NotRequired[int]
    termination_grace_seconds: NotRequired[int]
    image: str
    registry: NotRequired[RegistryAccess | None]
    system_assigned_identity: NotRequired[bool]
    user_assigned_identities: NotRequired[Sequence[str]]
    commands: Sequence[str]
    start_seconds: NotRequired[int]
    has_health_routes: NotRequired[bool]
    environment_variables: NotRequired[Mapping[str, pulumi.Input[str]]]
    secret_environment_variables: NotRequired[Mapping[str, pulumi.Input[str]]]
    read_only: NotRequired[bool]
    code: str
    """Folder with the app's code, relative to the Pulumi project."""
    release: str
    """Name of the release that this code makes."""
    mounted_release: NotRequired[str]
    """Name of the release that the app mounts: that of the code when not given, an earlier one after a rollback."""
    api_key: NotRequired[pulumi.Input[str] | None]
    entra: NotRequired[EntraSignIn | None]
    allowed_ip_ranges: NotRequired[Sequence[str]]
    infrastructure_subnet_id: NotRequired[str | None]
    internal: NotRequired[bool]
    share_quota_gib: NotRequired[int]
    share_soft_delete_days: NotRequired[int]
    storage_network: NotRequired[StorageNetwork | None]
    log_retention_days: NotRequired[int]
    tags: NotRequired[Mapping[str, str]]
    """On everything that is created; among them the mark of whose it is (`OWNER_TAG`)."""
    presence: NotRequired[ServicePresence]
    other_secrets: NotRequired[Mapping[str, pulumi.Input[str]]]


class InferenceService(pulumi.ComponentResource):
    """A fine-tuned model behind an endpoint, composed of the library's other components."""

    store: ModelStore
    environment: GpuEnvironment
    link: StorageLink
    endpoint: InferenceEndpoint

    def __init__(self, name: str, args: InferenceServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:InferenceService", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self._presence = args.get("presence", ServicePresence())
        self.store = self._store(args)
        logs = LogWorkspace(
            f"{name}-logs",
            {
                "resource_group_name": args["resource_group_name"],
                "location": args["location"],
                "workspace_name": args["names"].log_workspace,
                "retention_days": args.get("log_retention_days", DEFAULT_RETENTION_DAYS),
                "tags": args.get("tags", {}),
                "presence": self._presence.log_workspace,
            },
            self._child,
        )
        self.environment = self._environment(args, logs)
        self.link = StorageLink(
            f"{name}-link",
            {
                "resource_group_name": args["resource_group_name"],
                "environment_name": self.environment.environment_name,
                "link_name": args["names"].environment_storage,
                "owner": str(owner_of(args.get("tags"))),
                "account_name": self.store.account_name,
                "account_key": self.store.account_key,
                "share_name": self.store.share_name,
                "read_only": args.get("read_only", True),
                "presence": self._presence.environment_storage,
            },
            self._child,
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
                "mounted": args.get("mounted_release", args["release"]),
            },
            self._child,
        )
        self.endpoint = self._endpoint(args, code)
        self.register_outputs({"fqdn": self.endpoint.fqdn})

    def _store(self, args: InferenceServiceArgs) -> ModelStore:
        return ModelStore(
            f"{self._name}-store",
            {
                "resource_group_name": args["resource_group_name"],
                "location": args["location"],
                "account_name": args["names"].storage_account,
                "share_name": args["names"].file_share,
                "share_quota_gib": args.get("share_quota_gib", DEFAULT_SHARE_QUOTA_GIB),
                "soft_delete_days": args.get("share_soft_delete_days", SHARE_SOFT_DELETE_DAYS),
                "network": args.get("storage_network"),
                "tags": args.get("tags", {}),
                "account": self._presence.storage_account,
                "share": self._presence.file_share,
            },
            self._child,
        )

    def _environment(self, args: InferenceServiceArgs, logs: LogWorkspace) -> GpuEnvironment:
        environment: GpuEnvironmentArgs = {
            "resource_group_name": args["resource_group_name"],
            "location": args["location"],
            "environment_name": args["names"].environment,
            "gpu": args["gpu"],
            "gpu_profile_name": args["gpu_profile_name"],
            "maximum_nodes": args["maximum_instances"],
            "other_profiles": args.get("other_profiles", ()),
            "add_profile": args.get("add_profile", False),
            "infrastructure_subnet_id": args.get("infrastructure_subnet_id"),
            "internal": args.get("internal", False),
            "tags": args.get("tags", {}),
            "presence": self._presence.environment,
        }
        if not self._presence.environment.adopted:
            # An adopted environment logs where its owner wants; the workspace's key is not even asked for.
            environment["log_customer_id"] = logs.customer_id
            environment["log_shared_key"] = logs.shared_key()
        return GpuEnvironment(f"{self._name}-environment", environment, self._child)

    def _endpoint(self, args: InferenceServiceArgs, code: CodeRelease) -> InferenceEndpoint:
        before: list[pulumi.Resource] = []
        if self._presence.app.id is not None and self._presence.app.adopted:
            # After the link and before the app: on the way back the app lets go of the link first.
            previous: PreviousAppArgs = {"app_id": self._presence.app.id, "link_name": self.link.link_name}
            before = [PreviousApp(f"{self._name}-previous-app", previous, self._child)]
        return InferenceEndpoint(
            f"{self._name}-endpoint",
            {
                "resource_group_name": args["resource_group_name"],
                "location": args.get("app_location", args["location"]),
                "app_name": args["names"].app,
                "environment_id": self.environment.environment_id,
                "gpu": args["gpu"],
                "gpu_profile_name": self.environment.gpu_profile_name,
                "image": args["image"],
                "registry": args.get("registry"),
                "system_assigned_identity": args.get("system_assigned_identity", False),
                "user_assigned_identities": args.get("user_assigned_identities", ()),
                "commands": args["commands"],
                "start_seconds": args.get("start_seconds", DEFAULT_START_SECONDS),
                "has_health_routes": args.get("has_health_routes", True),
                "link_name": self.link.link_name,
                "read_only": args.get("read_only", True),
                "release_path": after(code, release_path(args.get("mounted_release", args["release"]))),
                "environment_variables": args.get("environment_variables", {}),
                "secret_environment_variables": args.get("secret_environment_variables", {}),
                "api_key": args.get("api_key"),
                "entra": args.get("entra"),
                "sign_in_presence": self._presence.sign_in,
                "allowed_ip_ranges": args.get("allowed_ip_ranges", ()),
                "minimum_replicas": args.get("minimum_replicas", 0),
                "maximum_replicas": args["maximum_instances"],
                "concurrent_requests_per_replica": args.get(
                    "concurrent_requests_per_replica", CONCURRENT_REQUESTS_PER_REPLICA
                ),
                "scale_down_seconds": args.get("scale_down_seconds", SCALE_DOWN_SECONDS),
                "termination_grace_seconds": args.get("termination_grace_seconds", TERMINATION_GRACE_SECONDS),
                "other_secrets": args.get("other_secrets", {}),
                "tags": {**args.get("tags", {}), DEPLOYED_TAG: args["release"]},
                "presence": self._presence.app,
                "depends_on": before,
            },
            self._child,
        )
