"""A Pulumi program: one environment with 100 GPU apps, which the policy pack has nothing against."""

from typing import Final

import pulumi
from pulumi_azure_native import app, operationalinsights, resources, storage

APPS: Final = 100
REGION: Final = "swedencentral"
TAGS: Final = {"owner": "bench"}
IMAGE: Final = f"bench.azurecr.io/inference:1.0.0@sha256:{'0123456789abcdef' * 4}"
PORT: Final = 7860

group = resources.ResourceGroup("group", resource_group_name="bench", location=REGION, tags=TAGS)
account = storage.StorageAccount(
    "account",
    resource_group_name=group.name,
    account_name="benchstore",
    location=REGION,
    kind="StorageV2",
    sku=storage.SkuArgs(name="Standard_LRS"),
    minimum_tls_version="TLS1_2",
    allow_blob_public_access=False,
    tags=TAGS,
)
storage.FileServiceProperties(
    "files",
    resource_group_name=group.name,
    account_name=account.name,
    file_services_name="default",
    share_delete_retention_policy=storage.DeleteRetentionPolicyArgs(enabled=True, days=7),
)
share = storage.FileShare("share", resource_group_name=group.name, account_name=account.name, share_name="models")
logs = operationalinsights.Workspace(
    "logs",
    resource_group_name=group.name,
    workspace_name="bench-logs",
    location=REGION,
    retention_in_days=30,
    tags=TAGS,
)
environment = app.ManagedEnvironment(
    "environment",
    resource_group_name=group.name,
    environment_name="bench",
    location=REGION,
    workload_profiles=[app.WorkloadProfileArgs(name="GPU", workload_profile_type="Consumption-GPU-NC8as-T4")],
    app_logs_configuration=app.AppLogsConfigurationArgs(
        destination="log-analytics",
        log_analytics_configuration=app.LogAnalyticsConfigurationArgs(
            customer_id=logs.customer_id, shared_key=pulumi.Output.secret("key")
        ),
    ),
    tags=TAGS,
)
link = app.ManagedEnvironmentsStorage(
    "link",
    resource_group_name=group.name,
    environment_name=environment.name,
    storage_name="models",
    properties=app.ManagedEnvironmentStoragePropertiesArgs(
        azure_file=app.AzureFilePropertiesArgs(
            account_name=account.name,
            account_key=pulumi.Output.secret("key"),
            share_name=share.name,
            access_mode=app.AccessMode.READ_ONLY,
        )
    ),
)


def probe(kind: app.Type, path: str, period_seconds: int, failures: int) -> app.ContainerAppProbeArgs:
    """A probe of the container's health."""
    return app.ContainerAppProbeArgs(
        type=kind,
        http_get=app.ContainerAppProbeHttpGetArgs(path=path, port=PORT),
        period_seconds=period_seconds,
        failure_threshold=failures,
        timeout_seconds=3,
    )


for number in range(APPS):
    app.ContainerApp(
        f"app-{number}",
        resource_group_name=group.name,
        container_app_name=f"app-{number}",
        location=REGION,
        environment_id=environment.id,
        workload_profile_name="GPU",
        configuration=app.ConfigurationArgs(
            ingress=app.IngressArgs(external=True, allow_insecure=False, target_port=PORT),
            secrets=[app.SecretArgs(name="api-key", value=pulumi.Output.secret("key"))],
            registries=[app.RegistryCredentialsArgs(server="bench.azurecr.io", identity="system")],
        ),
        template=app.TemplateArgs(
            containers=[
                app.ContainerArgs(
                    name="app",
                    image=IMAGE,
                    command=["/bin/bash", "-c", "cd /app && exec python3 -m server"],
                    env=[
                        app.EnvironmentVarArgs(name="INFERENCE_PORT", value=str(PORT)),
                        app.EnvironmentVarArgs(name="INFERENCE_API_KEYS", secret_ref="api-key"),  # noqa: S106  its name
                    ],
                    resources=app.ContainerResourcesArgs(cpu=8, memory="56Gi"),
                    probes=[
                        probe(app.Type.STARTUP, "/health/startup", 3, 30),
                        probe(app.Type.READINESS, "/health/ready", 3, 3),
                        probe(app.Type.LIVENESS, "/health/live", 10, 6),
                    ],
                    volume_mounts=[app.VolumeMountArgs(volume_name="share", mount_path="/mount")],
                )
            ],
            scale=app.ScaleArgs(min_replicas=0, max_replicas=1),
            volumes=[app.VolumeArgs(name="share", storage_type=app.StorageType.AZURE_FILE, storage_name=link.name)],
        ),
        tags=TAGS,
    )
