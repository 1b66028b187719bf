"""Whether what exists can serve: properties that only its owner could change, or that nobody can."""

from typing import Final

from components.adoption import Presence
from components.naming import ServiceNames
from stack.found import Survey
from stack.problems import Problems
from stack.settings import Settings

_KINDS_WITHOUT_FILES: Final = ("BlobStorage", "BlockBlobStorage")


def unfitness(
    found: Survey,
    settings: Settings,
    names: ServiceNames,
    environment: Presence,
    problems: Problems,
) -> list[str]:
    """Adds every reason against to the problems; returns what is worth a warning only."""
    if found.resource_group is not None and found.resource_group.being_deleted:
        problems.add(
            f"the resource group {found.resource_group.id} is being deleted, and whatever is in it. Wait until it is"
            " gone, or name another one in resourceGroup: one that does not exist is made"
        )
    _account(found, names, problems)
    if found.log_workspace is not None and not found.log_workspace.allows_keys and not environment.adopted:
        problems.add(
            f"the Log Analytics workspace {found.log_workspace.id} has its keys switched off (disableLocalAuth), and an"
            " environment sends logs with a key only. Name another one in acaLogAnalyticsName: one that does not exist"
            " is made"
        )
    _environment(found, settings, environment, problems)
    return _network_warnings(found, settings, environment)


def _account(found: Survey, names: ServiceNames, problems: Problems) -> None:
    account, share = found.storage_account, found.file_share
    another = "Name another one in storageAccountName: one that does not exist is made"
    if account is not None and account.kind in _KINDS_WITHOUT_FILES:
        problems.add(f"the storage account {account.id} is of kind {account.kind}, which has no file shares. {another}")
    if account is not None and not account.allows_keys:
        problems.add(
            f"the storage account {account.id} has its keys switched off (allowSharedKeyAccess), and Container Apps"
            f" mount a share with a key only. {another}"
        )
    if share is not None and share.protocol != "SMB":
        problems.add(
            f"the file share {names.file_share} of {names.storage_account} speaks {share.protocol}, and it is mounted"
            " by SMB. Name another one in fileShareName: one that does not exist is made"
        )


def _environment(found: Survey, settings: Settings, presence: Presence, problems: Problems) -> None:
    environment, subnet = found.environment, settings.infrastructure_subnet_id
    if environment is None:
        return
    another = "Name another environment in acaEnvironmentName: one that does not exist is made"
    if presence.adopted and environment.state.lower() != "succeeded":
        problems.add(
            f"the environment {environment.id} is in state {environment.state}: no app can be made in it. {another}"
        )
    if subnet is not None and (environment.subnet_id or "").lower() != subnet.lower():
        where = environment.subnet_id or "Azure's own network"
        problems.add(
            f"the environment {environment.id} is in {where}, not in {subnet}, and cannot move. {another}, in that"
            " subnet"
        )
    elif settings.internal != environment.internal and (settings.internal or not presence.adopted):
        is_, wanted = ("internal", "false") if environment.internal else ("not internal", "true")
        problems.add(
            f"the environment {environment.id} is {is_}, and the setting internal is {wanted}: that cannot be changed."
            f" {another}"
        )


def _network_warnings(found: Survey, settings: Settings, environment: Presence) -> list[str]:
    warnings: list[str] = []
    account = found.storage_account
    if account is not None and not account.open_to_all_networks and settings.infrastructure_subnet_id is None:
        warnings.append(
            f"the storage account {account.id} refuses most networks: its rules must let the environment's subnet and"
            " this machine in, or the share can be neither mounted nor filled"
        )
    if found.environment is not None and found.environment.internal and environment.adopted and not settings.internal:
        warnings.append(f"the environment {found.environment.id} is internal: only its network reaches the endpoint")
    return warnings
