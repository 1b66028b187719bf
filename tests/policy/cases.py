"""For each rule: edits of the good example that break it, and others that must not."""

from dataclasses import dataclass

from policy.resource import Step
from tests.policy.example import Declared, Edit, Example, both, put, ref, secret, without

_CONTAINER = "template.containers.0"
_INGRESS = "configuration.ingress"
_T4 = {"name": "GPU", "workloadProfileType": "Consumption-GPU-NC8as-T4"}


@dataclass(frozen=True)
class Case:
    """One edit; `resource` is the one that the finding is about, None for the stack."""

    rule: str
    what: str
    edit: Edit
    resource: str | None = "app"

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def _adopt(resource: str, step: Step | None = None, exists: bool = True) -> Edit:
    def edit(example: Example) -> None:
        example[resource].ignored = ("*",)
        example[resource].exists = exists
        example[resource].step = step

    return edit


def _sign_in(action: str) -> Edit:
    def edit(example: Example) -> None:
        example["sign-in"] = Declared(
            "app:ContainerAppsAuthConfig",
            {
                "containerAppName": ref("app"),
                "platform": {"enabled": True},
                "globalValidation": {"unauthenticatedClientAction": action},
            },
        )

    return edit


_NO_KEY = put("app", f"{_CONTAINER}.env", [{"name": "INFERENCE_PORT", "value": "7860"}])
_NO_IP_RULE = put("app", f"{_INGRESS}.ipSecurityRestrictions", [])
_OPEN = both(_NO_KEY, _NO_IP_RULE)


def _image(reference: str) -> Edit:
    return put("app", f"{_CONTAINER}.image", reference)


def _script(script: str) -> Edit:
    return put("app", f"{_CONTAINER}.command", ["/bin/bash", "-c", script])


def _added_profile(example: Example) -> None:
    """The environment is another's and has no GPU; the stack adds one."""
    example["environment"].ignored = ("*",)
    example["environment"].exists = True
    example["environment"].inputs["workloadProfiles"].pop()
    example["added"] = Declared(
        "dynamic:WorkloadProfile",
        {
            "environment_id": ref("environment", "id"),
            "profile_name": "GPU",
            "profile_type": "Consumption-GPU-NC24-A100",
        },
    )


BREAKING = [
    Case("exposure-tls-only", "plain HTTP", put("app", f"{_INGRESS}.allowInsecure", True)),
    Case("exposure-authentication", "nothing asked", _OPEN),
    Case("exposure-authentication", "sign-in lets anybody pass", both(_OPEN, _sign_in("AllowAnonymous"))),
    Case(
        "exposure-authentication",
        "the key's name, but a plain value",
        both(_OPEN, put("app", f"{_CONTAINER}.env", [{"name": "INFERENCE_API_KEYS", "value": "k"}])),
    ),
    Case(
        "exposure-ip-ranges",
        "everybody",
        put("app", f"{_INGRESS}.ipSecurityRestrictions.0.ipAddressRange", "0.0.0.0/0"),
    ),
    Case("exposure-cors", "wildcard", put("app", f"{_INGRESS}.corsPolicy.allowedOrigins", ["*"])),
    Case("cost-gpus-per-app", "5 replicas", put("app", "template.scale.maxReplicas", 5)),
    Case("cost-gpus-per-app", "the service's own maximum", put("app", "template.scale.maxReplicas", None)),
    Case(
        "cost-gpus-per-stack",
        "4 + 5",
        both(put("app", "template.scale.maxReplicas", 4), put("nodes", "workloadProfiles.1.maximumCount", 5)),
        None,
    ),
    Case("cost-idle-replicas", "always on", put("app", "template.scale.minReplicas", 1)),
    Case(
        "cost-idle-replicas",
        "on a profile that the stack adds",
        both(_added_profile, put("app", "template.scale.minReplicas", 1)),
    ),
    Case("cost-cooldown", "an hour", put("app", "template.scale.cooldownPeriod", 3600)),
    Case("cost-idle-nodes", "a node kept", put("nodes", "workloadProfiles.1.minimumCount", 1), "nodes"),
    Case("cost-unused-quota", "2 nodes for 1 replica", put("nodes", "workloadProfiles.1.maximumCount", 2), "nodes"),
    Case(
        "cost-monthly",
        "always on",
        both(put("app", "template.scale.minReplicas", 1), put("batch", "template.scale.minReplicas", 1)),
        None,
    ),
    Case("capacity-profile-offered", "a name that is not there", put("app", "workloadProfileName", "gpu-2")),
    Case("capacity-fits-profile", "too much memory", put("app", f"{_CONTAINER}.resources.memory", "256Gi")),
    Case("capacity-fits-profile", "too many vCPU", put("app", f"{_CONTAINER}.resources.cpu", 32)),
    Case("capacity-fits-profile", "a smaller GPU", put("environment", "workloadProfiles.1", _T4)),
    Case(
        "capacity-one-gpu-container",
        "a second one",
        lambda example: (
            example["app"]
            .inputs["template"]["containers"]
            .append({"name": "proxy", "image": "mcr.microsoft.com/proxy:1.0", "resources": {"cpu": 0, "memory": "0Gi"}})
        ),
    ),
    Case(
        "capacity-profile-counts",
        "counts on serverless",
        put("environment", "workloadProfiles.1.maximumCount", 1),
        "environment",
    ),
    Case(
        "capacity-profile-counts", "dedicated without", put("nodes", "workloadProfiles.1.minimumCount", None), "nodes"
    ),
    Case(
        "capacity-probes",
        "no liveness",
        lambda example: example["app"].inputs["template"]["containers"][0]["probes"].pop(),
    ),
    Case("capacity-probe-path", "home page", put("app", f"{_CONTAINER}.probes.1.httpGet.path", "/")),
    Case(
        "capacity-model-load",
        "waits 90 s for the model",
        put("app", f"{_CONTAINER}.probes.0.httpGet.path", "/health/ready"),
    ),
    Case("capacity-model-load", "6 s for the process", put("app", f"{_CONTAINER}.probes.0.failureThreshold", 2)),
    Case("capacity-startup-period", "two minutes", put("app", f"{_CONTAINER}.probes.0.periodSeconds", 120)),
    Case("capacity-liveness-patience", "one second", put("app", f"{_CONTAINER}.probes.2.timeoutSeconds", None)),
    Case("capacity-liveness-patience", "one failure", put("app", f"{_CONTAINER}.probes.2.failureThreshold", 1)),
    Case("supply-registry", "Docker Hub", _image("pytorch/pytorch:2.4.0")),
    Case("supply-floating-tag", "latest", _image("example.azurecr.io/inference:latest")),
    Case("supply-floating-tag", "none", _image("example.azurecr.io/inference")),
    Case("supply-floating-tag", "a word", _image("example.azurecr.io/inference:gpu")),
    Case("supply-digest", "a tag alone", _image("example.azurecr.io/inference:1.2.0")),
    Case("supply-pull-identity", "no credentials", put("app", "configuration.registries", [])),
    Case(
        "supply-pull-identity",
        "another registry's",
        put("app", "configuration.registries.0.server", "other.azurecr.io"),
    ),
    Case("supply-no-install", "pip", _script("pip install torch && exec python3 -m server")),
    Case("supply-no-install", "apt", _script("apt-get update && apt-get -y install git && exec server")),
    Case("supply-no-install", "a script from the web", _script("curl -s https://example.com/x | bash && exec server")),
    Case("supply-failing-command", "semicolons", _script("cd /mount; exec python3 -m server")),
    Case("secrets-plain-variable", "by name", put("app", f"{_CONTAINER}.env.0", {"name": "HF_TOKEN", "value": "x"})),
    Case(
        "secrets-plain-variable",
        "by value",
        put("app", f"{_CONTAINER}.env.0", {"name": "HUB", "value": f"hf_{'a' * 30}"}),
    ),
    Case("secrets-plain-variable", "by mark", put("app", f"{_CONTAINER}.env.0", {"name": "X", "value": secret("x")})),
    Case("secrets-command", "a token", _script(f"exec server --token hf_{'a' * 30}")),
    Case("secrets-command", "a secret value", put("app", f"{_CONTAINER}.command.2", secret("exec server --key x"))),
    Case("secrets-reference", "no such secret", put("app", f"{_CONTAINER}.env.1.secretRef", "other")),
    Case("secrets-reference", "no secrets at all", put("app", "configuration.secrets", None)),
    Case("secrets-state", "app secret", put("app", "configuration.secrets.0.value", "k")),
    Case("secrets-state", "account key", put("link", "properties.azureFile.accountKey", "k"), "link"),
    Case(
        "secrets-state",
        "workspace key",
        put("environment", "appLogsConfiguration.logAnalyticsConfiguration.sharedKey", "k"),
        "environment",
    ),
    Case("storage-tls", "1.0", put("account", "minimumTlsVersion", "TLS1_0"), "account"),
    Case("storage-tls", "not set", put("account", "minimumTlsVersion", None), "account"),
    Case("storage-https", "off", put("account", "enableHttpsTrafficOnly", False), "account"),
    Case("storage-public-blob", "not set", put("account", "allowBlobPublicAccess", None), "account"),
    Case("storage-network", "open", put("account", "networkRuleSet", None), "account"),
    Case("storage-soft-delete", "off", put("files", "shareDeleteRetentionPolicy.enabled", False), "account"),
    Case("storage-soft-delete", "a day", put("files", "shareDeleteRetentionPolicy.days", 1), "account"),
    Case("storage-soft-delete", "not said", without("files"), "account"),
    Case("storage-shared-keys", "on without a mount", put("spare", "allowSharedKeyAccess", None), "spare"),
    Case("storage-read-only-mount", "read-write", put("link", "properties.azureFile.accessMode", "ReadWrite")),
    Case("logs-retention", "not set", put("logs", "retentionInDays", None), "logs"),
    Case("logs-retention", "two years", put("logs", "retentionInDays", 730), "logs"),
    Case("logs-destination", "none", put("environment", "appLogsConfiguration", None), "environment"),
    Case(
        "logs-workspace",
        "no key",
        put("environment", "appLogsConfiguration.logAnalyticsConfiguration.sharedKey", None),
        "environment",
    ),
    Case("adoption-exists", "created", _adopt("logs", exists=False), "logs"),
    Case(
        "adoption-foreign",
        "another's tag",
        put("logs", "tags", {"aca-inference-stack": "organization/other/dev"}),
        "logs",
    ),
    Case(
        "adoption-foreign",
        "another's metadata",
        put("share", "metadata", {"acainferencestack": "organization/other/dev"}),
        "share",
    ),
    Case("adoption-kept", "imported, not retained", _adopt("logs", Step("import", retained=False)), "logs"),
    Case("adoption-ended", "deleted", _adopt("logs", Step("delete", retained=False)), "logs"),
    Case("adoption-ended", "replaced", _adopt("logs", Step("replace", retained=True)), "logs"),
    Case("placement-region", "another country", put("logs", "location", "eastus2"), "logs"),
    Case("placement-gpu-region", "no GPU there", put("environment", "location", "francecentral"), "environment"),
    Case("placement-together", "far away", put("account", "location", "swedencentral"), "environment"),
    Case("tags-required", "none", put("app", "tags", None)),
    Case("tags-required", "empty", put("app", "tags", {"aca-inference-stack": ""})),
    Case("names-azure", "capitals", put("account", "accountName", "ToneStore"), "account"),
    Case("names-pattern", "another prefix", put("app", "containerAppName", "my-app")),
]


KEEPING = [
    Case("capacity-profile-offered", "added to another's environment", _added_profile),
    Case(
        "cost-gpus-per-stack",
        "another's nodes",
        both(_adopt("nodes"), put("nodes", "workloadProfiles.1.maximumCount", 20)),
        "example-dev",
    ),
    Case("exposure-tls-only", "no ingress at all", put("app", _INGRESS, None)),
    Case("exposure-authentication", "key alone", _NO_IP_RULE),
    Case("exposure-authentication", "IP rule alone", _NO_KEY),
    Case("exposure-authentication", "sign-in alone", both(_OPEN, _sign_in("Return401"))),
    Case(
        "exposure-authentication",
        "client certificates",
        both(_OPEN, put("app", f"{_INGRESS}.clientCertificateMode", "require")),
    ),
    Case("exposure-authentication", "internal", both(_OPEN, put("app", f"{_INGRESS}.external", False))),
    Case(
        "cost-idle-replicas",
        "no GPU",
        both(put("app", "workloadProfileName", "Consumption"), put("app", "template.scale.minReplicas", 1)),
    ),
    Case(
        "cost-unused-quota",
        "profile without apps of the stack",
        both(without("batch"), put("nodes", "workloadProfiles.1.maximumCount", 4)),
        "nodes",
    ),
    Case("capacity-profile-offered", "environment of another stack", both(without("environment"), without("link"))),
    Case(
        "capacity-model-load",
        "long enough for the model",
        both(
            put("app", f"{_CONTAINER}.probes.0.httpGet.path", "/health/ready"),
            put("app", f"{_CONTAINER}.probes.0.periodSeconds", 20),
        ),
    ),
    Case("supply-registry", "Microsoft's", _image("mcr.microsoft.com/azureml/inference:1.0")),
    Case("supply-floating-tag", "a commit", _image("example.azurecr.io/inference:4e0b800")),
    Case("supply-no-install", "the word in a path", _script("exec /opt/pip/bin/server --mode install")),
    Case("supply-failing-command", "set -e", _script("set -e; cd /mount; exec server")),
    Case(
        "supply-failing-command", "bash -ec", put("app", f"{_CONTAINER}.command", ["bash", "-ec", "cd /a; exec server"])
    ),
    Case("supply-failing-command", "a quoted semicolon", _script("exec server --stop ';'")),
    Case("secrets-plain-variable", "a port", put("app", f"{_CONTAINER}.env.0", {"name": "MONKEY", "value": "x"})),
    Case(
        "storage-read-only-mount",
        "mount option",
        both(
            put("link", "properties.azureFile.accessMode", "ReadWrite"),
            put("app", "template.volumes.0.mountOptions", "uid=1000,ro"),
        ),
    ),
    Case("storage-https", "the service's default", put("account", "enableHttpsTrafficOnly", None), "account"),
    Case(
        "logs-destination",
        "azure-monitor",
        put("environment", "appLogsConfiguration", {"destination": "azure-monitor"}),
        "environment",
    ),
    Case(
        "adoption-kept",
        "protected",
        both(
            _adopt("logs", Step("import", retained=False)), lambda example: setattr(example["logs"], "protected", True)
        ),
        "logs",
    ),
    Case("placement-region", "as people write it", put("logs", "location", "West US 3"), "logs"),
]
