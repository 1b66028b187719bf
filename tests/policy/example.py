"""A stack that every rule is content with, as data: unit tests judge it, and the real engine declares it."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from policy.pack import RULES, findings
from policy.resource import OWN_NAME, Resource, Stack, Step
from policy.rule import Finding, Rule, Scope, judge
from policy.settings import parse
from policy.values import UNKNOWN, Secret

MARK = "organization/example/dev"
REGION = "westus3"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
SUBNET = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/apps"
TAGS = {"aca-inference-stack": MARK}
CONFIGURATION = {
    "storage-network": "mandatory",
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


def app(name: str, environment: str, profile: str, link: str | None) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": name,
        "image": f"example.azurecr.io/inference:1.2.0-gpu@{DIGEST}",
        "command": ["/bin/bash", "-c", "cd /app && exec python3 -m server"],
        "env": [
            {"name": "INFERENCE_PORT", "value": "7860"},
            {"name": "INFERENCE_API_KEYS", "secretRef": "api-key"},
        ],
        "resources": {"cpu": 24, "memory": "220Gi"},
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
    "app": Declared("app:ContainerApp", app("tone-app", "environment", "GPU", "link")),
    "batch": Declared("app:ContainerApp", app("tone-batch", "nodes", "GPU", None)),
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


def stack_of(example: Example, preview: bool) -> Stack:
    """The example as rules see it: in a preview nothing exists but what is adopted, so references are not known."""
    return Stack([_resource(name, example, preview) for name in example] + [_root()], MARK)


def judged(
    rule: Rule, example: Example, configuration: Mapping[str, Any] = CONFIGURATION, preview: bool = False
) -> list[Finding]:
    """What one rule has against the example."""
    options = parse({**RULES, rule.id: rule}, configuration)[rule.id].options
    return [
        finding
        for resource in stack_of(example, preview).resources
        if not rule.types or resource.type in rule.types
        for finding in judge(rule, resource, options)
    ]


def subjects(rule: Rule, example: Example) -> int:
    """How many places of the example a rule looks at: none would make its passing worth nothing."""
    options = parse(RULES, CONFIGURATION)[rule.id].options
    return sum(
        len(list(rule.subjects(resource, options)))
        for resource in stack_of(example, preview=False).resources
        if not rule.types or resource.type in rule.types
    )


def all_findings(example: Example, preview: bool) -> list[Finding]:
    settings = parse(RULES, CONFIGURATION)
    stack = stack_of(example, preview)
    return [
        finding for resource in stack.resources for scope in Scope for finding in findings(resource, scope, settings)
    ]


def urn(name: str, kind: str) -> str:
    return f"urn:pulumi:dev::example::azure-native:{kind}::{name}"


def _root() -> Resource:
    return Resource("urn:pulumi:dev::example::pulumi:pulumi:Stack::example-dev", "pulumi:Stack", {})


def _resource(name: str, example: Example, preview: bool) -> Resource:
    declared = example[name]
    sources: dict[str, tuple[str, ...]] = {
        key: tuple(urn(source, example[source].type) for source in _sources(value) if source in example)
        for key, value in declared.inputs.items()
    }
    return Resource(
        urn=urn(name, declared.type),
        type=declared.type,
        inputs={key: _value(value, example, preview) for key, value in declared.inputs.items()},
        ignored=frozenset(declared.ignored),
        protected=declared.protected,
        dependencies=sources,
        id=UNKNOWN if preview and not declared.exists else _id(name),
        step=declared.step,
    )


def _id(name: str) -> str:
    return f"/subscriptions/s/resourceGroups/tone/providers/Example/{name}"


def _value(value: Any, example: Example, preview: bool) -> Any:
    match value:
        case {"$ref": source, "output": output}:
            if preview:
                return UNKNOWN
            own = example[source].inputs.get(OWN_NAME.get(example[source].type, "")) if source in example else source
            own = own if isinstance(own, str) else None
            return own if output == "name" else f"/subscriptions/s/resourceGroups/tone/providers/Example/{own}"
        case {"$secret": hidden}:
            return Secret(hidden)
        case dict():
            return {key: _value(item, example, preview) for key, item in value.items()}
        case list():
            return [_value(item, example, preview) for item in value]
        case _:
            return value


def _sources(value: Any) -> list[str]:
    match value:
        case {"$ref": source}:
            return [source]
        case dict():
            return [source for item in value.values() for source in _sources(item)]
        case list():
            return [source for item in value for source in _sources(item)]
        case _:
            return []
