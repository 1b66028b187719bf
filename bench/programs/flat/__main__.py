"""The same resources as `composed`, with the same properties, written by hand without any component."""

import hashlib

import pulumi
from pulumi_azure_native import app, operationalinsights, resources, storage

config = pulumi.Config()
location = pulumi.Config("azure-native").require("location")
stack = pulumi.get_stack()

group = resources.ResourceGroup("group", resource_group_name=stack, location=location)
account = storage.StorageAccount(
    "account",
    resource_group_name=group.name,
    account_name=stack,
    location=location,
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    large_file_shares_state="Enabled",
    minimum_tls_version="TLS1_2",
    allow_blob_public_access=False,
    allow_cross_tenant_replication=False,
    allow_shared_key_access=True,
    enable_https_traffic_only=True,
)
files = storage.FileServiceProperties(
    "files",
    resource_group_name=group.name,
    account_name=account.name,
    file_services_name="default",
    share_delete_retention_policy={"enabled": True, "days": 7},
)
share = storage.FileShare(
    "share",
    resource_group_name=group.name,
    account_name=account.name,
    share_name="models",
    enabled_protocols="SMB",
    share_quota=1024,
    opts=pulumi.ResourceOptions(depends_on=[files]),
)
account_key = pulumi.Output.secret(
    storage.list_storage_account_keys_output(resource_group_name=group.name, account_name=account.name)
).apply(lambda listed: listed.keys[0].value)
workspace = operationalinsights.Workspace(
    "workspace",
    resource_group_name=group.name,
    workspace_name=stack,
    location=location,
    sku={"name": "PerGB2018"},
    retention_in_days=30,
)
workspace_keys = operationalinsights.get_shared_keys_output(
    resource_group_name=group.name, workspace_name=workspace.name
)
environment = app.ManagedEnvironment(
    "environment",
    resource_group_name=group.name,
    environment_name=stack,
    location=location,
    workload_profiles=[
        app.WorkloadProfileArgs(name="Consumption", workload_profile_type="Consumption"),
        app.WorkloadProfileArgs(name="GPU", workload_profile_type="Consumption-GPU-NC8as-T4"),
    ],
    app_logs_configuration={
        "destination": "log-analytics",
        "log_analytics_configuration": {
            "customer_id": workspace.customer_id,
            "shared_key": pulumi.Output.secret(workspace_keys.primary_shared_key),
        },
    },
    zone_redundant=False,
)


def link_name(values: list[str]) -> str:
    """The name that `StorageLink` gives."""
    account_name, key, share_name = values
    content = "\0".join((account_name, share_name, key, "True"))
    owner, linked = (hashlib.sha256(text.encode()).hexdigest()[:6] for text in ("", content))
    return f"models-{owner}{linked}"


link = app.ManagedEnvironmentsStorage(
    "link",
    resource_group_name=group.name,
    environment_name=environment.name,
    storage_name=pulumi.Output.unsecret(pulumi.Output.all(account.name, account_key, share.name).apply(link_name)),
    properties={
        "azure_file": {
            "account_name": account.name,
            "account_key": account_key,
            "share_name": share.name,
            "access_mode": "ReadOnly",
        }
    },
)


def probe(kind: str, path: str, period: int, failures: int, timeout: int) -> app.ContainerAppProbeArgsDict:
    """One of the container's three probes."""
    return {
        "type": kind,
        "http_get": {"path": path, "port": 7860, "scheme": "HTTP"},
        "initial_delay_seconds": 1,
        "period_seconds": period,
        "failure_threshold": failures,
        "timeout_seconds": timeout,
    }


for number in range(config.require_int("apps")):
    container_app = app.ContainerApp(
        f"app-{number}",
        resource_group_name=group.name,
        container_app_name=f"app-{number}",
        location=location,
        environment_id=environment.id,
        workload_profile_name="GPU",
        configuration={
            "active_revisions_mode": "Single",
            "max_inactive_revisions": 10,
            "ingress": {
                "external": True,
                "allow_insecure": False,
                "target_port": 7860,
                "transport": "auto",
                "traffic": [{"latest_revision": True, "weight": 100}],
            },
            "secrets": [{"name": "api-key", "value": pulumi.Output.secret("measured")}],
        },
        template={
            "containers": [
                {
                    "name": f"app-{number}",
                    "image": config.require("image"),
                    "command": ["/bin/bash", "-c", "cd /app && exec python3 -m inference_app"],
                    "env": [
                        {"name": "INFERENCE_PORT", "value": "7860"},
                        {"name": "INFERENCE_MODEL_ROOT", "value": "/mount"},
                        {"name": "INFERENCE_DRAIN_SECONDS", "value": "55"},
                        {"name": "INFERENCE_API_KEYS", "secret_ref": "api-key"},
                    ],
                    "resources": {"cpu": 8.0, "memory": "56Gi"},
                    "probes": [
                        probe("Startup", "/health/startup", 3, 30, 2),
                        probe("Readiness", "/health/ready", 3, 3, 3),
                        probe("Liveness", "/health/live", 10, 6, 5),
                    ],
                    "volume_mounts": [
                        {"volume_name": "share", "mount_path": "/mount"},
                        {"volume_name": "share", "mount_path": "/app", "sub_path": "releases/0123456789ab"},
                    ],
                }
            ],
            "scale": {
                "min_replicas": 0,
                "max_replicas": 1,
                "cooldown_period": 300,
                "rules": [{"name": "http-concurrency", "http": {"metadata": {"concurrentRequests": "16"}}}],
            },
            "termination_grace_period_seconds": 60,
            "volumes": [
                {
                    "name": "share",
                    "storage_type": "AzureFile",
                    "storage_name": link.name,
                    "mount_options": "ro,file_mode=0777,dir_mode=0777,actimeo=30,mfsymlinks,nosharesock",
                }
            ],
        },
    )
    fqdn = container_app.configuration.apply(lambda found: found and found.ingress and found.ingress.fqdn)
    pulumi.export(f"endpoint-{number}", fqdn)
