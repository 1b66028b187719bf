"""The library: typed component resources for a fine-tuned model behind a GPU endpoint on Azure Container Apps.

Everything comes by arguments: nothing here reads configuration, environment, files or the network, so any Pulumi
program can use these components. The one exception is `CodeRelease`, whose purpose is to carry files to the share.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from components.adoption import MISSING, Presence
    from components.code_release import CodeRelease, CodeReleaseArgs
    from components.gpu import GpuKind, GpuProfile, gpu_profile
    from components.gpu_environment import GpuEnvironment, GpuEnvironmentArgs
    from components.inference_endpoint import InferenceEndpoint, InferenceEndpointArgs
    from components.inference_service import InferenceService, InferenceServiceArgs, ServicePresence
    from components.log_workspace import LogWorkspace, LogWorkspaceArgs
    from components.model_store import ModelStore, ModelStoreArgs
    from components.naming import ServiceNames, default_names, resource_group_id, unique_string

__all__ = [
    "MISSING",
    "CodeRelease",
    "CodeReleaseArgs",
    "GpuEnvironment",
    "GpuEnvironmentArgs",
    "GpuKind",
    "GpuProfile",
    "InferenceEndpoint",
    "InferenceEndpointArgs",
    "InferenceService",
    "InferenceServiceArgs",
    "LogWorkspace",
    "LogWorkspaceArgs",
    "ModelStore",
    "ModelStoreArgs",
    "Presence",
    "ServiceNames",
    "ServicePresence",
    "default_names",
    "gpu_profile",
    "resource_group_id",
    "unique_string",
]

_HOMES: Final = {
    "MISSING": "adoption",
    "Presence": "adoption",
    "CodeRelease": "code_release",
    "CodeReleaseArgs": "code_release",
    "GpuKind": "gpu",
    "GpuProfile": "gpu",
    "gpu_profile": "gpu",
    "GpuEnvironment": "gpu_environment",
    "GpuEnvironmentArgs": "gpu_environment",
    "InferenceEndpoint": "inference_endpoint",
    "InferenceEndpointArgs": "inference_endpoint",
    "InferenceService": "inference_service",
    "InferenceServiceArgs": "inference_service",
    "ServicePresence": "inference_service",
    "LogWorkspace": "log_workspace",
    "LogWorkspaceArgs": "log_workspace",
    "ModelStore": "model_store",
    "ModelStoreArgs": "model_store",
    "ServiceNames": "naming",
    "default_names": "naming",
    "resource_group_id": "naming",
    "unique_string": "naming",
}


def __getattr__(name: str) -> Any:
    """Imports a name where it is first used: the GPU catalogue alone must not cost the import of Azure's types."""
    if name in _HOMES:
        return getattr(import_module(f"components.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
