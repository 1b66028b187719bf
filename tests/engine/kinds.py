"""The seven kinds of resource that a deployment creates or adopts, as ARM and the stack's settings know them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.naming import default_names

Json = dict[str, Any]


@dataclass(frozen=True, repr=False)
class Kind:
    """One kind of resource."""

    mode: str
    """Its key in the setting `adopt`."""
    setting: str
    """The setting that names one."""
    type: str
    """Its type in azure-native."""
    segment: str
    """What follows its parent's id, up to the name."""
    api_version: str
    parent: "Kind | None" = None

    def owns(self, identity: str) -> bool:
        """Whether an id, in any case, is of this kind."""
        return re.fullmatch(f"{self._path}/[^/]+", identity, re.IGNORECASE) is not None

    @property
    def _path(self) -> str:
        above = f"{self.parent._path}/[^/]+" if self.parent else "/subscriptions/[^/]+"
        return above + re.escape(self.segment)

    def __repr__(self) -> str:
        return self.mode


_APP_API = "2025-02-02-preview"
_STORAGE_API = "2024-01-01"

GROUP = Kind("resourceGroup", "resourceGroup", "resources:ResourceGroup", "/resourceGroups", "2024-03-01")
ACCOUNT = Kind(
    "storageAccount",
    "storageAccountName",
    "storage:StorageAccount",
    "/providers/Microsoft.Storage/storageAccounts",
    _STORAGE_API,
    GROUP,
)
SHARE = Kind("fileShare", "fileShareName", "storage:FileShare", "/fileServices/default/shares", _STORAGE_API, ACCOUNT)
WORKSPACE = Kind(
    "logAnalytics",
    "acaLogAnalyticsName",
    "operationalinsights:Workspace",
    "/providers/Microsoft.OperationalInsights/workspaces",
    "2023-09-01",
    GROUP,
)
ENVIRONMENT = Kind(
    "environment",
    "acaEnvironmentName",
    "app:ManagedEnvironment",
    "/providers/Microsoft.App/managedEnvironments",
    _APP_API,
    GROUP,
)
LINK = Kind(
    "environmentStorage",
    "acaEnvironmentStorageName",
    "app:ManagedEnvironmentsStorage",
    "/storages",
    _APP_API,
    ENVIRONMENT,
)
APP = Kind("app", "acaAppName", "app:ContainerApp", "/providers/Microsoft.App/containerApps", _APP_API, GROUP)
KINDS = (GROUP, ACCOUNT, SHARE, WORKSPACE, ENVIRONMENT, LINK, APP)
"""Each after its parent."""


def kind_of(identity: str) -> Kind:
    """The kind that an id is of."""
    return next(kind for kind in reversed(KINDS) if kind.owns(identity))


def identities(subscription: str, group: str, given: Mapping[Kind, str] | None = None) -> dict[Kind, str]:
    """ARM's id of each kind in a group: by its given name, or by the default name that fine-tuning gives it."""
    group_id = f"{subscription}/resourceGroups/{group}"
    default = default_names(group_id)
    names = {
        GROUP: group,
        ACCOUNT: default.storage_account,
        SHARE: default.file_share,
        WORKSPACE: default.log_workspace,
        ENVIRONMENT: default.environment,
        LINK: default.environment_storage,
        APP: default.app,
        **(given or {}),
    }
    found: dict[Kind, str] = {}
    for kind in KINDS:
        above = found[kind.parent] if kind.parent else subscription
        found[kind] = f"{above}{kind.segment}/{names[kind]}"
    return found


def name_of(identity: str) -> str:
    """The name at the end of an id."""
    return identity.rpartition("/")[2]
