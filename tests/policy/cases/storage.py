"""What breaks the rules about storage, and what does not."""

import copy

from tests.policy.cases.case import Case
from tests.policy.edits import Edit, both, put, without
from tests.policy.example import Example, ref


def _nfs(mode: str) -> Edit:
    nfs = {"server": "s.file.core.windows.net", "shareName": "/s/models", "accessMode": mode}
    return both(
        put("link", "properties", {"nfsAzureFile": nfs}), put("app", "template.volumes.0.storageType", "NfsAzureFile")
    )


def _same_name(own: str, other: str) -> Edit:
    """Two environments have a link of the same name, and the app says the name in plain."""

    def edit(example: Example) -> None:
        example["other"] = copy.deepcopy(example["link"])
        example["other"].inputs["environmentName"] = ref("nodes")
        for name, mode in (("link", own), ("other", other)):
            example[name].inputs["properties"]["azureFile"]["accessMode"] = mode
        example["app"].inputs["template"]["volumes"][0]["storageName"] = "models"

    return edit


BREAKING = [
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
    Case("storage-read-only-mount", "NFS", _nfs("ReadWrite")),
    Case("storage-read-only-mount", "rw wins", put("app", "template.volumes.0.mountOptions", "ro, rw")),
    Case("storage-read-only-mount", "another environment's link of the same name", _same_name("ReadWrite", "ReadOnly")),
]

KEEPING = [
    Case(
        "storage-read-only-mount",
        "mount option",
        both(
            put("link", "properties.azureFile.accessMode", "ReadWrite"),
            put("app", "template.volumes.0.mountOptions", "uid=1000,ro"),
        ),
    ),
    Case("storage-https", "the service's default", put("account", "enableHttpsTrafficOnly", None), "account"),
    Case("storage-read-only-mount", "NFS, read-only", _nfs("ReadOnly")),
    Case("storage-read-only-mount", "the link of its own environment", _same_name("ReadOnly", "ReadWrite")),
    Case(
        "storage-read-only-mount",
        "mount options with spaces, of a link elsewhere",
        both(without("link"), put("app", "template.volumes.0.mountOptions", "uid=1000, ro")),
    ),
]
