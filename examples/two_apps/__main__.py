"""Two endpoints over one share: one that answers at once and one that sleeps until it is asked.

The same components as the project's own program, composed differently: no settings model, no survey, no adoption, and
two apps on one environment. Each app has its own key, limits and name; share, code, logs and GPU profile are common.
"""

from pathlib import Path

import pulumi
from pulumi_azure_native import resources

from components.api_key import ApiKey
from components.code_release import CodeRelease
from components.gpu import gpu_profile
from components.gpu_environment import GpuEnvironment
from components.inference_endpoint import InferenceEndpoint
from components.log_workspace import LogWorkspace
from components.model_store import ModelStore
from components.naming import unique_string
from components.storage_link import StorageLink
from operations.code_folder import describe, release_path

REPLICAS = {"interactive": (1, 2), "nightly": (0, 4)}
"""Fewest and most replicas of each app."""
GPU = gpu_profile("Consumption-GPU-NC8as-T4")
COMMANDS = ("cd /app", "exec python3 -m inference_app")

config = pulumi.Config()
code = config.require("code")
location = pulumi.Config("azure-native").require("location")
suffix = unique_string(pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack())[:5]

group = resources.ResourceGroup("group", resource_group_name=f"two-apps-{suffix}", location=location)
store = ModelStore(
    "store",
    {
        "resource_group_name": group.name,
        "location": location,
        "account_name": f"twoapps{suffix}",
        "share_name": "models",
    },
)
logs = LogWorkspace(
    "logs", {"resource_group_name": group.name, "location": location, "workspace_name": f"logs-{suffix}"}
)
environment = GpuEnvironment(
    "environment",
    {
        "resource_group_name": group.name,
        "location": location,
        "environment_name": f"environment-{suffix}",
        "gpu": GPU,
        "gpu_profile_name": "GPU",
        "log_customer_id": logs.customer_id,
        "log_shared_key": logs.shared_key(),
    },
)
link = StorageLink(
    "link",
    {
        "resource_group_name": group.name,
        "environment_name": environment.environment_name,
        "link_name": "models",
        "account_name": store.account_name,
        "account_key": store.account_key,
        "share_name": store.share_name,
    },
)
released = CodeRelease(
    "code",
    {
        "endpoint_url": store.file_endpoint,
        "account_name": store.account_name,
        "account_key": store.account_key,
        "share_name": store.share_name,
        "source": code,
        "release": describe(Path(code)).name,
    },
)
for app_name, (fewest, most) in REPLICAS.items():
    key = ApiKey(f"{app_name}-key").key
    endpoint = InferenceEndpoint(
        app_name,
        {
            "resource_group_name": group.name,
            "location": location,
            "app_name": app_name,
            "environment_id": environment.environment_id,
            "gpu": GPU,
            "gpu_profile_name": environment.gpu_profile_name,
            "image": config.require("image"),
            "commands": COMMANDS,
            "link_name": link.link_name,
            "release_path": released.release.apply(release_path),
            "api_key": key,
            "minimum_replicas": fewest,
            "maximum_replicas": most,
        },
    )
    pulumi.export(f"{app_name}Endpoint", endpoint.fqdn)
    pulumi.export(f"{app_name}Key", key)
