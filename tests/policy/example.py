"""A stack that every rule is content with, as data: unit tests judge it, and the real engine declares it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from policy.resource import Step

MARK = "organization/example/dev"
REGION = "westus3"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
SUBNET = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/apps"
TAGS = {"aca-inference-stack": MARK}
CONFIGURATION = {
    "storage-network": "mandatory",
    "names-pattern": {"patterns": {"app:ContainerApp": "tone-.*"}},
    "tags-required": {"required": ["aca-inference-stack"]},
    "supply-registry": {"registries": ["example.azurecr.io", "mcr.microsoft.com"]},
}
"""What switches on the rules that ask for nothing by default, and the registry that the example trusts."""


@dataclass
class Declared:
    """A resource of the example. In inputs, `ref(...)` stands for another's output and `secret(...)` for a secret."""

    type: str
    inputs: dict[str, Any]
    ignored: tuple[str, ...] = ()
    protected: bool = False
    exists: bool = False
    step: Step | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """More resource options, for the engine only."""


Example = dict[str, Declared]
Edit = Callable[[Example], None]


def ref(resource: str, output: str = "name") -> dict[str, str]:
    return {"$ref": resource, "output": output}


def secret(value: Any) -> dict[str, Any]:
    return {"$secret": value}


def probe(kind: str, path: str, **more: int) -> dict[str, Any]:
    return {"type": kind, "httpGet": {"path": path, "port": 7860, "scheme": "HTTP"}, **more}


def app(name: str, environment: str, profile: str, link: str | None, resources: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": name,
        "image": f"example.azurecr.io/inference:1.2.0-gpu@{DIGEST}",
        "command": ["/bin/bash", "-c", "cd /app && exec python3 -m server"],
        "env": [
            {"name": "INFERENCE_PORT", "value": "7860"},
            {"name": "INFERENCE_API_KEYS", "secretRef": "api-key"},
        ],
        "resources": resources,
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
        "workloadProfileName": profile,
        "configuration": {
            "ingress": {
                "external": True,
                "allowInsecure": False,
                "targetPort": 7860,
                "corsPolicy": {"allowedOrigins": ["https://chat.example.com"]},
                "ipSecurityRestrictions": [{"name": "office", "action": "Allow", "ipAddressRange": "203.0.113.0/24"}],
                "additionalPortMappings": [{"targetPort": 9000, "external": False}],
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


_SERVERLESS = {"cpu": 24, "memory": "220Gi"}
_NODE = {"cpu": 23, "memory": "198Gi"}

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
    "app": Declared("app:ContainerApp", app("tone-app", "environment", "GPU", "link", _SERVERLESS)),
    "batch": Declared("app:ContainerApp", app("tone-batch", "nodes", "GPU", None, _NODE)),
}


def good() -> Example:
    """A fresh copy."""
    return copy.deepcopy(_GOOD)


def adopting() -> Example:
    """The good example, with a workspace that another stack made, and one that this stack no longer refers to."""
    example = good()
    foreign = {**example["logs"].inputs, "tags": {"aca-inference-stack": "organization/other/dev"}}
    example["theirs"] = Declared(
        "operationalinsights:Workspace", foreign, ("*",), exists=True, step=Step("import", retained=True)
    )
    example["left"] = Declared(
        "operationalinsights:Workspace", foreign, ("*",), exists=True, step=Step("delete", retained=True)
    )
    return example


def put(resource: str, path: str, value: Any) -> Edit:
    """Sets one property of one resource; numbers in the path are places in lists."""

    def edit(example: Example) -> None:
        place: Any = example[resource].inputs
        *way, last = path.split(".")
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if value is None:
            place.pop(last)
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value

    return edit


def both(*edits: Edit) -> Edit:
    def edit(example: Example) -> None:
        for one in edits:
            one(example)

    return edit


def without(resource: str) -> Edit:
    return lambda example: example.pop(resource) and None
