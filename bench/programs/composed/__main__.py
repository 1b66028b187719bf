"""A share, an environment and any number of apps, composed of the project's components."""

import pulumi
from pulumi_azure_native import resources

from components.gpu import gpu_profile
from components.gpu_environment import GpuEnvironment
from components.inference_endpoint import InferenceEndpoint
from components.log_workspace import LogWorkspace
from components.model_store import ModelStore
from components.storage_link import StorageLink

config = pulumi.Config()
location = pulumi.Config("azure-native").require("location")
stack = pulumi.get_stack()
gpu = gpu_profile("Consumption-GPU-NC8as-T4")

group = resources.ResourceGroup("group", resource_group_name=stack, location=location)
store = ModelStore(
    "store",
    {"resource_group_name": group.name, "location": location, "account_name": stack, "share_name": "models"},
)
logs = LogWorkspace("logs", {"resource_group_name": group.name, "location": location, "workspace_name": stack})
environment = GpuEnvironment(
    "environment",
    {
        "resource_group_name": group.name,
        "location": location,
        "environment_name": stack,
        "gpu": gpu,
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
for number in range(config.require_int("apps")):
    endpoint = InferenceEndpoint(
        f"endpoint-{number}",
        {
            "resource_group_name": group.name,
            "location": location,
            "app_name": f"app-{number}",
            "environment_id": environment.environment_id,
            "gpu": gpu,
            "gpu_profile_name": environment.gpu_profile_name,
            "image": config.require("image"),
            "commands": ("cd /app", "exec python3 -m inference_app"),
            "link_name": link.link_name,
            "release_path": "releases/0123456789ab",
            "api_key": "measured",
        },
    )
    pulumi.export(f"endpoint-{number}", endpoint.fqdn)
