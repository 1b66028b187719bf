"""The library: typed component resources for a fine-tuned model behind a GPU endpoint on Azure Container Apps.

Everything comes by arguments: nothing here reads configuration, environment, files or the network, so any Pulumi
program can use these components. The exceptions are the dynamic resources, which do their work in a process of their
own: `CodeRelease` carries files to the share, and four others do what Azure's types cannot (`WorkloadProfile`,
`EmptyGroup`, `PreviousApp`, `ApiKey`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from components.adoption import MISSING, OWNER_TAG, Presence
    from components.api_key import ApiKey, ApiKeyArgs
    from components.arm_unique_string import unique_string
    from components.code_release import CodeRelease, CodeReleaseArgs
    from components.entra_sign_in import EntraSignIn
    from components.gpu import GpuKind, GpuProfile, gpu_profile
    from components.gpu_environment import GpuEnvironment, GpuEnvironmentArgs, ListedProfile
    from components.inference_endpoint import InferenceEndpoint, InferenceEndpointArgs, RegistryAccess
    from components.inference_service import InferenceService, InferenceServiceArgs, ServicePresence
    from components.log_workspace import LogWorkspace, LogWorkspaceArgs
    from components.model_store import ModelStore, ModelStoreArgs, StorageNetwork
    from components.naming import ServiceNames, default_names, resource_group_id
    from components.previous_app import PreviousApp, PreviousAppArgs
    from components.service_group import ServiceGroup, ServiceGroupArgs
    from components.storage_link import StorageLink, StorageLinkArgs
    from components.workload_profile import WorkloadProfile, WorkloadProfileArgs, marked_profile_name

__all__ = [
    "MISSING",
    "OWNER_TAG",
    "ApiKey",
    "ApiKeyArgs",
    "CodeRelease",
    "CodeReleaseArgs",
    "EntraSignIn",
    "GpuEnvironment",
    "GpuEnvironmentArgs",
    "GpuKind",
    "GpuProfile",
    "InferenceEndpoint",
    "InferenceEndpointArgs",
    "InferenceService",
    "InferenceServiceArgs",
    "ListedProfile",
    "LogWorkspace",
    "LogWorkspaceArgs",
    "ModelStore",
    "ModelStoreArgs",
    "Presence",
    "PreviousApp",
    "PreviousAppArgs",
    "RegistryAccess",
    "ServiceGroup",
    "ServiceGroupArgs",
    "ServiceNames",
    "ServicePresence",
    "StorageLink",
    "StorageLinkArgs",
    "StorageNetwork",
    "WorkloadProfile",
    "WorkloadProfileArgs",
    "default_names",
    "gpu_profile",
    "marked_profile_name",
    "resource_group_id",
    "unique_string",
]

_HOMES: Final = {
    "MISSING": "adoption",
    "OWNER_TAG": "adoption",
    "Presence": "adoption",
    "ApiKey": "api_key",
    "ApiKeyArgs": "api_key",
    "CodeRelease": "code_release",
    "CodeReleaseArgs": "code_release",
    "EntraSignIn": "entra_sign_in",
    "GpuKind": "gpu",
    "GpuProfile": "gpu",
    "gpu_profile": "gpu",
    "GpuEnvironment": "gpu_environment",
    "GpuEnvironmentArgs": "gpu_environment",
    "ListedProfile": "gpu_environment",
    "InferenceEndpoint": "inference_endpoint",
    "InferenceEndpointArgs": "inference_endpoint",
    "RegistryAccess": "inference_endpoint",
    "InferenceService": "inference_service",
    "InferenceServiceArgs": "inference_service",
    "ServicePresence": "inference_service",
    "LogWorkspace": "log_workspace",
    "LogWorkspaceArgs": "log_workspace",
    "ModelStore": "model_store",
    "ModelStoreArgs": "model_store",
    "StorageNetwork": "model_store",
    "ServiceNames": "naming",
    "default_names": "naming",
    "resource_group_id": "naming",
    "unique_string": "arm_unique_string",
    "PreviousApp": "previous_app",
    "PreviousAppArgs": "previous_app",
    "ServiceGroup": "service_group",
    "ServiceGroupArgs": "service_group",
    "StorageLink": "storage_link",
    "StorageLinkArgs": "storage_link",
    "WorkloadProfile": "workload_profile",
    "WorkloadProfileArgs": "workload_profile",
    "marked_profile_name": "workload_profile",
}


def __getattr__(name: str) -> Any:
    """Imports a name where it is first used: the GPU catalogue alone must not cost the import of Azure's types."""
    if name in _HOMES:
        return getattr(import_module(f"components.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
