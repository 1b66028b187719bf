"""What can be known of a deployment before there is one: the subscription, its providers, the region, names, rights."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.mgmt.appcontainers import ContainerAppsAPIClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from operations.doctor import Finding, Verdict
from operations.errors import CloudError
from operations.management import open_client, what_was_said
from operations.sign_in import check_sign_in

PROVIDERS: Final = ("Microsoft.App", "Microsoft.Storage", "Microsoft.OperationalInsights")
ACTIONS: Final = (
    "Microsoft.App/containerApps/write",
    "Microsoft.App/managedEnvironments/write",
    "Microsoft.OperationalInsights/workspaces/write",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.Storage/storageAccounts/write",
)
"""What a deployment of everything new does."""
_PERMISSIONS_VERSION: Final = "2022-04-01"


@dataclass(frozen=True)
class Prospect:
    """What is to be deployed; None where it is derived only then."""

    subscription_id: str
    resource_group: str
    location: str
    profile_type: str
    storage_account: str | None = None


def foresee(wanted: Prospect) -> Iterator[Finding]:
    """All checks in their order; later ones are left out where an earlier one makes them pointless."""
    try:
        check_sign_in()
        yield Finding("sign-in", Verdict.GOOD, "Azure gives a token")
        with open_client(ResourceManagementClient, wanted.subscription_id) as client:
            yield from _providers(client)
            yield _permissions(client, wanted)
        yield _region(wanted)
        if wanted.storage_account is not None:
            yield _name(wanted, wanted.storage_account)
    except CloudError as error:
        yield Finding("azure", Verdict.BAD, str(error), "`az login`, and ARM_SUBSCRIPTION_ID names the subscription")


def allowed(action: str, permissions: list[dict[str, Any]]) -> bool:
    """Whether one of a person's roles grants an action and does not take it out again; case does not count."""

    def names(patterns: list[str]) -> bool:
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    return any(names(one.get("actions") or []) and not names(one.get("notActions") or []) for one in permissions)


def _providers(client: ResourceManagementClient) -> Iterator[Finding]:
    for namespace in PROVIDERS:
        state = str(client.providers.get(namespace).registration_state)
        verdict = Verdict.GOOD if state == "Registered" else Verdict.BAD
        yield Finding("provider", verdict, f"{namespace}: {state}", f"`az provider register --namespace {namespace}`")


def _permissions(client: ResourceManagementClient, wanted: Prospect) -> Finding:
    path = f"/subscriptions/{wanted.subscription_id}/providers/Microsoft.Authorization/permissions"
    response = client.send_request(HttpRequest("GET", path, params={"api-version": _PERMISSIONS_VERSION}))
    if response.status_code != 200:
        told = f"Azure does not tell what you may do in the subscription ({response.status_code})"
        return Finding("permissions", Verdict.UNKNOWN, told)
    granted = response.json()["value"]
    missing = [action for action in ACTIONS if not allowed(action, granted)]
    if not missing:
        return Finding("permissions", Verdict.GOOD, "you may make everything that is needed")
    return Finding(
        "permissions",
        # Roles on the resource group alone do not show here, and suffice where the group exists.
        Verdict.UNKNOWN,
        f"your roles on the subscription do not grant {', '.join(missing)}; roles on the group"
        f" {wanted.resource_group} may",
    )


def _region(wanted: Prospect) -> Finding:
    with open_client(ContainerAppsAPIClient, wanted.subscription_id) as client:
        try:
            offered = {str(item.name) for item in client.available_workload_profiles.get(wanted.location)}
        except HttpResponseError as error:
            return Finding(
                "region", Verdict.UNKNOWN, f"what {wanted.location} offers is unknown: {what_was_said(error)}"
            )
    if wanted.profile_type in offered:
        return Finding("region", Verdict.GOOD, f"{wanted.location} offers {wanted.profile_type}")
    gpus = sorted(name for name in offered if name.startswith("Consumption-GPU") or name.startswith("NC"))
    return Finding(
        "region",
        Verdict.BAD,
        f"{wanted.location} does not offer {wanted.profile_type}; GPUs there: {', '.join(gpus) or 'none'}",
        "choose another `location`, or another `gpuProfile`",
    )


def _name(wanted: Prospect, account: str) -> Finding:
    asked: Any = {"name": account, "type": "Microsoft.Storage/storageAccounts"}
    with open_client(StorageManagementClient, wanted.subscription_id) as client:
        try:
            client.storage_accounts.get_properties(wanted.resource_group, account)
            return Finding("names", Verdict.GOOD, f"the storage account {account} exists and would be adopted")
        except ResourceNotFoundError:
            answer = client.storage_accounts.check_name_availability(asked)
    if answer.name_available:
        return Finding("names", Verdict.GOOD, f"the name {account} is free for the storage account")
    told = f"the storage account {account} cannot be made: {answer.message}"
    return Finding("names", Verdict.BAD, told, "choose another `storageAccountName`")
