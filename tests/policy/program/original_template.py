"""The AI Toolkit's inference.bicep as a plain program: its seven resources with its values.

Bicep's parameters have the values of inference.parameters.json; null becomes the template's own default.
"""

import pulumi
from pulumi_azure_native import app, operationalinsights, resources, storage

SUFFIX = "abcde"
LOCATION = "eastus2"
MAXIMUM_INSTANCE_COUNT = 2
DEFAULT_COMMANDS = [
    "cd /mount",
    "pip install torch==2.4.0 transformers==4.43.4 bitsandbytes==0.43.1 peft==0.10.0 gradio==4.43.0"
    " sse-starlette==2.1.2 einops==0.8.0",
    "cd /mount/inference",
    "python3 ./gradio_chat.py",
]

group = resources.ResourceGroup("group", resource_group_name="ai-toolkit", location=LOCATION)
account = storage.StorageAccount(
    "storageAccount",
    resource_group_name=group.name,
    account_name=f"aistorage{SUFFIX}",
    location=LOCATION,
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    large_file_shares_state="Enabled",
)
file_service = storage.FileServiceProperties(
    "defaultFileService",
    resource_group_name=group.name,
    account_name=account.name,
    file_services_name="default",
    protocol_settings={"smb": {}},
    cors={"cors_rules": []},
    share_delete_retention_policy={"enabled": True, "days": 7},
)
share = storage.FileShare(
    "fileShare",
    resource_group_name=group.name,
    account_name=account.name,
    share_name=f"aifileshare{SUFFIX}",
    share_quota=1024,
    opts=pulumi.ResourceOptions(depends_on=[file_service]),
)
logs = operationalinsights.Workspace(
    "logAnalytics",
    resource_group_name=group.name,
    workspace_name=f"ailog{SUFFIX}",
    location=LOCATION,
    sku={"name": "PerGB2018"},
)
log_keys = operationalinsights.get_shared_keys_output(resource_group_name=group.name, workspace_name=logs.name)
environment = app.ManagedEnvironment(
    "environment",
    resource_group_name=group.name,
    environment_name=f"aienv{SUFFIX}",
    location=LOCATION,
    zone_redundant=False,
    app_logs_configuration={
        "destination": "log-analytics",
        "log_analytics_configuration": {
            "customer_id": logs.customer_id,
            "shared_key": log_keys.primary_shared_key,
        },
    },
    workload_profiles=[
        {"workload_profile_type": "Consumption", "name": "Consumption"},
        {
            "workload_profile_type": "NC24-A100",
            "name": "GPU",
            "minimum_count": 0,
            "maximum_count": MAXIMUM_INSTANCE_COUNT,
        },
    ],
    peer_authentication={"mtls": {"enabled": False}},
)
account_keys = storage.list_storage_account_keys_output(resource_group_name=group.name, account_name=account.name)
env_storage = app.ManagedEnvironmentsStorage(
    "envStorage",
    resource_group_name=group.name,
    environment_name=environment.name,
    storage_name=f"aienvstorage{SUFFIX}",
    properties={
        "azure_file": {
            "account_name": account.name,
            "account_key": account_keys.keys[0].value,
            "share_name": share.name,
            "access_mode": "ReadWrite",
        }
    },
)


def probe(kind: str, **more: int) -> app.ContainerAppProbeArgsDict:
    return {
        "type": kind,
        "http_get": {"path": "/", "port": 7860, "scheme": "HTTP"},
        "initial_delay_seconds": 60,
        **more,
    }


container_app = app.ContainerApp(
    "acaApp",
    resource_group_name=group.name,
    container_app_name=f"aiacaapp{SUFFIX}",
    location=LOCATION,
    identity={"type": "None"},
    environment_id=environment.id,
    workload_profile_name="GPU",
    configuration={
        "active_revisions_mode": "Single",
        "ingress": {
            "allow_insecure": False,
            "exposed_port": 0,
            "external": True,
            "target_port": 7860,
            "traffic": [{"latest_revision": True, "weight": 100}],
            "transport": "auto",
        },
        "max_inactive_revisions": 100,
    },
    template={
        "revision_suffix": "",
        "containers": [
            {
                "image": "docker.io/pytorch/pytorch:2.4.0-cuda12.4-cudnn9-runtime",
                "name": f"aiacaapp{SUFFIX}",
                "command": ["/bin/bash", "-c", "; ".join(DEFAULT_COMMANDS)],
                "resources": {"cpu": 24, "memory": "220Gi"},
                "volume_mounts": [{"volume_name": "volume", "mount_path": "/mount"}],
                "probes": [
                    probe("Liveness", period_seconds=10, failure_threshold=3, success_threshold=1, timeout_seconds=1),
                    probe("Readiness", period_seconds=10, failure_threshold=3),
                    probe("Startup", period_seconds=120, failure_threshold=10),
                ],
            }
        ],
        "scale": {"min_replicas": 1, "max_replicas": 1},
        "volumes": [{"name": "volume", "storage_type": "AzureFile", "storage_name": env_storage.name}],
    },
)
pulumi.export("ACA_APP_NAME", container_app.name)
