"""A stack that every rule is content with, as data: unit tests judge it, and the real engine declares it."""

import copy
from dataclasses import dataclass, field
from typing import Any

from policy.resource import Step

MARK = "organization/example/dev"
REGION = "westus3"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
SUBNET = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/apps"
TAGS = {"aca-inference-stack": MARK, "owner": "platform"}
CONFIGURATION = {
    "storage-network": "mandatory",
    "supply-registry": {"registries": ["example.azurecr.io", "mcr.microsoft.com/azureml/*"]},
    "tags-required": {"required": ["owner"]},
    "names-pattern": {"patterns": {"app:ContainerApp": "tone-.*"}},
}
"""What switches on the rules that ask for nothing by default."""


@dataclass
class Declared:
    """A resource of the example. In inputs, `ref(...)` stands for another's output and `secret(...)` for a secret."""

    type: str
    inputs: dict[str, Any]
    ignored: tuple[str, ...] = ()
    protected: bool = False
    exists: bool = False
    adopted: bool = False
    step: Step | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """More resource options, for the engine only."""


Example = dict[str, Declared]


def ref(resource: str, output: str = "name") -> dict[str, str]:
    return {"$ref": resource, "output": output}


def secret(value: Any) -> dict[str, Any]:
    return {"$secret": value}


def probe(kind: str, path: str, **more: int) -> dict[str, Any]:
    return {"type": kind, "httpGet": {"path": path, "port": 7860, "scheme": "HTTP"}, **more}


def app(name: str, environment: str, link: str | None, cpu: int = 24, memory: str = "220Gi") -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": name,
        "image": f"example.azurecr.io/inference:1.2.0-gpu@{DIGEST}",
        "command": ["/bin/bash", "-c", "cd /app && exec python3 -m server"],
        "env": [
            {"name": "INFERENCE_PORT", "value": "7860"},
            {"name": "INFERENCE_API_KEYS", "secretRef": "api-key"},
        ],
        "resources": {"cpu": cpu, "memory": memory},
        "probes": [
            probe("Startup", "/health/startup", periodSeconds=3, failureThreshold=30, timeoutSeconds=2),
            probe("Readiness", "/health/ready", periodSeconds=3, failureThreshold=3, timeoutSeconds=3),
            probe("Liveness", "/health/live", periodSeconds=10, failureThreshold=6, timeoutSeconds=5),
        ],
    }
    template: dict[str, Any] = {"containers": [container], "scale": {"minReplicas": 0, "maxReplicas": 1}}
    if link:
        container["volumeMounts"] = [{"volumeName": "share", "mountPath": "/mount"}]
        template["volumes"] = [{"name": "share", "storageType": "AzureFile", "storageName": ref(link)}]
    return {
        "resourceGroupName": ref("group"),
        "containerAppName": name,
        "location": REGION,
        "tags": TAGS,
        "environmentId": ref(environment, "id"),
        "workloadProfileName": "GPU",
        "configuration": {
            "ingress": {
                "external": True,
                "allowInsecure": False,
                "targetPort": 7860,
                "corsPolicy": {"allowedOrigins": ["https://chat.example.com"]},
                "ipSecurityRestrictions": [{"name": "office", "action": "Allow", "ipAddressRange": "203.0.113.0/24"}],
            },
            "secrets": [{"name": "api-key", "value": secret("k")}],
            "registries": [{"server": "example.azurecr.io", "identity": "system"}],
        },
        "template": template,
    }


def environment(name: str, profile: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceGroupName": ref("group"),
        "environmentName": name,
        "location": REGION,
        "tags": TAGS,
        "workloadProfiles": [{"name": "Consumption", "workloadProfileType": "Consumption"}, profile],
        "appLogsConfiguration": {
            "destination": "log-analytics",
            "logAnalyticsConfiguration": {"customerId": ref("logs", "customerId"), "sharedKey": secret("k")},
        },
    }


_GOOD: Example = {
    "group": Declared("resources:ResourceGroup", {"resourceGroupName": "tone", "location": REGION, "tags": TAGS}),
    "account": Declared(
        "storage:StorageAccount",
        {
            "resourceGroupName": ref("group"),
            "accountName": "tonestore",
            "location": REGION,
            "tags": TAGS,
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "minimumTlsVersion": "TLS1_2",
            "enableHttpsTrafficOnly": True,
            "allowBlobPublicAccess": False,
            "networkRuleSet": {
                "defaultAction": "Deny",
                "virtualNetworkRules": [{"virtualNetworkResourceId": SUBNET}],
            },
        },
    ),
    "spare": Declared(
        "storage:StorageAccount",
        {
            "resourceGroupName": ref("group"),
            "accountName": "tonespare",
            "location": REGION,
            "tags": TAGS,
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "minimumTlsVersion": "TLS1_2",
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": False,
            "networkRuleSet": {"defaultAction": "Deny"},
        },
    ),
    "files": Declared(
        "storage:FileServiceProperties",
        {
            "resourceGroupName": ref("group"),
            "accountName": ref("account"),
            "fileServicesName": "default",
            "shareDeleteRetentionPolicy": {"enabled": True, "days": 14},
        },
    ),
    "share": Declared(
        "storage:FileShare",
        {"resourceGroupName": ref("group"), "accountName": ref("account"), "shareName": "models", "shareQuota": 100},
    ),
    "logs": Declared(
        "operationalinsights:Workspace",
        {
            "resourceGroupName": ref("group"),
            "workspaceName": "tone-logs",
            "location": REGION,
            "tags": TAGS,
            "sku": {"name": "PerGB2018"},
            "retentionInDays": 30,
        },
    ),
    "environment": Declared(
        "app:ManagedEnvironment",
        environment("tone-env", {"name": "GPU", "workloadProfileType": "Consumption-GPU-NC24-A100"}),
    ),
    "nodes": Declared(
        "app:ManagedEnvironment",
        environment(
            "tone-nodes",
            {"name": "GPU", "workloadProfileType": "NC24-A100", "minimumCount": 0, "maximumCount": 1},
        ),
    ),
    "link": Declared(
        "app:ManagedEnvironmentsStorage",
        {
            "resourceGroupName": ref("group"),
            "environmentName": ref("environment"),
            "storageName": "models",
            "properties": {
                "azureFile": {
                    "accountName": ref("account"),
                    "accountKey": secret("k"),
                    "shareName": ref("share"),
                    "accessMode": "ReadOnly",
                }
            },
        },
    ),
    "app": Declared("app:ContainerApp", app("tone-app", "environment", "link")),
    "batch": Declared("app:ContainerApp", app("tone-batch", "nodes", None, cpu=23, memory="198Gi")),
}


def good() -> Example:
    """A fresh copy."""
    return copy.deepcopy(_GOOD)


def adopting() -> Example:
    """The good example, with a workspace that another stack made, and one that this stack no longer refers to."""
    example = good()
    foreign = {**example["logs"].inputs, "tags": {**TAGS, "aca-inference-stack": "organization/other/dev"}}
    for name, operation in (("theirs", "import"), ("left", "delete")):
        example[name] = Declared(
            "operationalinsights:Workspace",
            foreign,
            ("*",),
            exists=True,
            adopted=True,
            step=Step(operation, retained=True),
        )
    return example
