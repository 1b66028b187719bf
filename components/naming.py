"""Names of Azure resources: what Azure allows for each type, and the default names that fine-tuning gave.

Equal names are how inference finds, by default, the very resources that fine-tuning made.
"""

import re
from dataclasses import dataclass
from typing import Final

from components.arm_unique_string import unique_string

SUFFIX_LENGTH: Final = 5


@dataclass(frozen=True)
class ServiceNames:
    """Azure names of everything that an inference service consists of."""

    storage_account: str
    file_share: str
    environment: str
    environment_storage: str
    app: str
    log_workspace: str


def resource_group_id(subscription_id: str, resource_group_name: str) -> str:
    """ARM's id of a resource group, the argument of the template's `uniqueString(resourceGroup().id)`."""
    return f"/subscriptions/{subscription_id}/resourceGroups/{resource_group_name}"


def default_names(resource_group: str) -> ServiceNames:
    """The original template's default names for the resource group with this ARM id."""
    suffix = unique_string(resource_group)[:SUFFIX_LENGTH]
    return ServiceNames(
        storage_account=f"aistorage{suffix}",
        file_share=f"aifileshare{suffix}",
        environment=f"aienv{suffix}",
        environment_storage=f"aienvstorage{suffix}",
        app=f"aiacaapp{suffix}",
        log_workspace=f"ailog{suffix}",
    )


@dataclass(frozen=True)
class NameRule:
    """What Azure allows as the name of one type of resource, in a pattern and in words."""

    kind: str
    pattern: str
    allowed: str
    example: str

    def check(self, name: str) -> str:
        """The name itself.

        Raises:
            ValueError: Azure would refuse it; the message says what is allowed and shows a good one.
        """
        if not re.fullmatch(self.pattern, name):
            raise ValueError(f"the name of a {self.kind} must be {self.allowed}, for example {self.example}")
        return name


# Sources: "Naming rules and restrictions for Azure resources" (Microsoft Learn); the Container App's from the service's
# own message. What is allowed for the storage of an environment is documented nowhere: as for other names below it.
RESOURCE_GROUP_NAME: Final = NameRule(
    "resource group",
    r"[\w.()-]{0,89}[\w()-]",
    "1 to 90 letters, digits, underscores, hyphens, periods and parentheses, no period at the end",
    "rg-inference",
)
STORAGE_ACCOUNT_NAME: Final = NameRule(
    "storage account", r"[a-z0-9]{3,24}", "3 to 24 lowercase letters and digits", "aistorage4f2kq"
)
FILE_SHARE_NAME: Final = NameRule(
    "file share",
    r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "3 to 63 lowercase letters, digits and single hyphens, a letter or digit at both ends",
    "models-1",
)
ENVIRONMENT_NAME: Final = NameRule(
    "Container Apps environment",
    r"(?!.*--)[A-Za-z][A-Za-z0-9-]{0,58}[A-Za-z0-9]",
    "2 to 60 letters, digits and single hyphens, a letter first, a letter or digit last",
    "ai-environment",
)
ENVIRONMENT_STORAGE_NAME: Final = NameRule(
    "storage of an environment",
    r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
    "1 to 253 lowercase letters, digits, hyphens and periods, a letter or digit at both ends",
    "ai-models",
)
APP_NAME: Final = NameRule(
    "Container App",
    r"(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]",
    "2 to 32 lowercase letters, digits and single hyphens, a letter first, a letter or digit last",
    "tone-inference",
)
LOG_WORKSPACE_NAME: Final = NameRule(
    "Log Analytics workspace",
    r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
    "4 to 63 letters, digits and hyphens, a letter or digit at both ends",
    "ai-logs",
)
