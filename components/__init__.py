"""The library: typed component resources for a fine-tuned model behind a GPU endpoint on Azure Container Apps.

Everything comes by arguments: nothing here reads configuration, environment, files or the network, so any Pulumi
program can use these components. The one exception is `CodeRelease`, whose purpose is to carry files to the share.
"""

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
