"""Supply, storage and logs: what breaks each rule, and what must not."""

import copy

from tests.policy.cases.edits import CONTAINER, Case, image, job, script
from tests.policy.example import Example, both, put, ref, without


def _namesake(example: Example) -> None:
    other = copy.deepcopy(example["link"])
    other.inputs["environmentName"] = ref("nodes")
    other.inputs["properties"]["azureFile"]["accessMode"] = "ReadWrite"
    example["namesake"] = other


BREAKING = [
    Case("supply-registry", "anybody's on Azure", image("other.azurecr.io/inference:1.0")),
    Case("supply-registry", "one that only looks like it", image("example.azurecr.io.example.com/inference:1.0")),
    Case("supply-floating-tag", "latest of something", image("example.azurecr.io/inference:latest-cuda12.4")),
    Case(
        "supply-no-install",
        "in the arguments",
        both(
            put("app", f"{CONTAINER}.command", ["/bin/bash"]), put("app", f"{CONTAINER}.args", ["-c", "pip install x"])
        ),
    ),
    Case("supply-no-install", "module", put("app", f"{CONTAINER}.command", ["python3", "-m", "pip", "install", "x"])),
    Case("supply-failing-command", "lines", script("cd /mount\nexec server")),
    Case(
        "storage-read-only-mount",
        "NFS",
        both(
            put("app", "template.volumes.0.storageType", "NfsAzureFile"),
            put("link", "properties", {"nfsAzureFile": {"accessMode": "ReadWrite"}}),
        ),
    ),
    Case("supply-registry", "Docker Hub", image("pytorch/pytorch:2.4.0")),
    Case("supply-floating-tag", "latest", image("example.azurecr.io/inference:latest")),
    Case("supply-floating-tag", "none", image("example.azurecr.io/inference")),
    Case("supply-floating-tag", "a word", image("example.azurecr.io/inference:gpu")),
    Case("supply-digest", "a tag alone", image("example.azurecr.io/inference:1.2.0")),
    Case("supply-pull-identity", "no credentials", put("app", "configuration.registries", [])),
    Case(
        "supply-pull-identity",
        "another registry's",
        put("app", "configuration.registries.0.server", "other.azurecr.io"),
    ),
    Case("supply-no-install", "pip", script("pip install torch && exec python3 -m server")),
    Case("supply-no-install", "apt", script("apt-get update && apt-get -y install git && exec server")),
    Case("supply-no-install", "a script from the web", script("curl -s https://example.com/x | bash && exec server")),
    Case("supply-failing-command", "semicolons", script("cd /mount; exec python3 -m server")),
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
    Case(
        "supply-no-install",
        "of a job",
        both(job, put("batch", f"{CONTAINER}.command", ["pip", "install", "x"])),
        "batch",
    ),
]

KEEPING = [
    Case("supply-floating-tag", "a number", image("example.azurecr.io/inference:v42")),
    Case("supply-floating-tag", "a build", image("example.azurecr.io/inference:build-1234")),
    Case(
        "storage-read-only-mount",
        "NFS",
        both(
            put("app", "template.volumes.0.storageType", "NfsAzureFile"),
            put("link", "properties", {"nfsAzureFile": {"accessMode": "ReadOnly"}}),
        ),
    ),
    Case(
        "storage-read-only-mount",
        "spaces",
        both(
            put("link", "properties.azureFile.accessMode", "ReadWrite"),
            put("app", "template.volumes.0.mountOptions", "uid=1000, ro"),
        ),
    ),
    Case("storage-read-only-mount", "another environment's link of that name", _namesake),
    Case("supply-registry", "Microsoft's", image("mcr.microsoft.com/azureml/inference:1.0")),
    Case("supply-floating-tag", "a commit", image("example.azurecr.io/inference:4e0b800")),
    Case("supply-no-install", "the word in a path", script("exec /opt/pip/bin/server --mode install")),
    Case("supply-failing-command", "set -e", script("set -e; cd /mount; exec server")),
    Case(
        "supply-failing-command", "bash -ec", put("app", f"{CONTAINER}.command", ["bash", "-ec", "cd /a; exec server"])
    ),
    Case("supply-failing-command", "a quoted semicolon", script("exec server --stop ';'")),
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
]
