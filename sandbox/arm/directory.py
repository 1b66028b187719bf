"""What stands around the resources: cloud metadata, tenant, subscription, locations and resource providers."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.arm.errors import ArmError
from sandbox.arm.lifecycle import Reply
from sandbox.arm.resource_type import Addresses, ResourceType
from sandbox.arm.resources import JsonObject

CLOUD_NAME: Final = "AcaSandbox"
"""Never AzureCloud: az sends everything of a cloud of that name to the public login."""
_LOCATIONS: Final = {
    "eastus": "East US",
    "westus3": "West US 3",
    "westeurope": "West Europe",
    "northeurope": "North Europe",
    "swedencentral": "Sweden Central",
    "australiaeast": "Australia East",
}
_SUBSCRIPTION: Final = re.compile(r"/subscriptions/([^/]+)(/.*)?")
_PROVIDER: Final = re.compile(r"/providers/([^/]+)(/register)?")


class Directory:
    """One tenant with one subscription; every provider that the sandbox emulates is registered."""

    def __init__(
        self, addresses: Addresses, subscription_id: str, tenant_id: str, types: Mapping[str, ResourceType]
    ) -> None:
        self._addresses = addresses
        self._subscription_id = subscription_id
        self._tenant_id = tenant_id
        self._types = types

    def metadata(self) -> JsonObject:
        """The answer of `/metadata/endpoints`, as of 2022-09-01; both spellings where clients differ."""
        arm = self._addresses.arm
        return {
            "name": CLOUD_NAME,
            "portal": arm,
            "authentication": {
                "loginEndpoint": arm,
                "audiences": [arm],
                "tenant": self._tenant_id,
                "identityProvider": "AAD",
            },
            "resourceManager": arm,
            "graph": arm,
            "graphAudience": arm,
            "microsoftGraphResourceId": arm,
            "batch": arm,
            "media": arm,
            "gallery": arm,
            "sqlManagement": arm,
            "vmImageAliasDoc": arm,
            "activeDirectoryDataLake": arm,
            "logAnalyticsResourceId": arm,
            "appInsightsResourceId": arm,
            "ossrDbmsResourceId": arm,
            "ossrdbmsResourceId": arm,
            "suffixes": {"storage": "core.sandbox.localhost", "keyVaultDns": "vault.sandbox.localhost"},
        }

    def answer(self, method: str, path: str) -> Reply | None:
        """The answer to a path (lower case) of the directory's; None for any other path.

        Raises:
            ArmError: another subscription than the one there is.
        """
        if path == "/tenants" and method == "GET":
            tenant = {"id": f"/tenants/{self._tenant_id}", "tenantId": self._tenant_id, "displayName": CLOUD_NAME}
            return Reply(body={"value": [tenant]})
        if path == "/subscriptions" and method == "GET":
            return Reply(body={"value": [self._subscription()]})
        match = _SUBSCRIPTION.fullmatch(path)
        if match is None:
            return None
        if match[1] != self._subscription_id.lower():
            raise ArmError(404, "SubscriptionNotFound", f"The subscription '{match[1]}' could not be found.")
        return self._within_subscription(method, match[2] or "")

    def _within_subscription(self, method: str, rest: str) -> Reply | None:
        if method == "GET":
            if rest == "":
                return Reply(body=self._subscription())
            if rest == "/locations":
                return Reply(body={"value": [self._location(name) for name in _LOCATIONS]})
            if rest == "/providers/microsoft.authorization/permissions":
                return Reply(body={"value": [_EVERYTHING]})
            if rest == "/providers":
                namespaces = sorted({kind.name.split("/")[0] for kind in self._types.values()})
                return Reply(body={"value": [self._provider(namespace) for namespace in namespaces]})
        match = _PROVIDER.fullmatch(rest)
        if match is None or (method, match[2]) not in {("GET", None), ("POST", "/register")}:
            return None
        known = {kind.name.split("/")[0].lower(): kind.name.split("/")[0] for kind in self._types.values()}
        if match[1] not in known:
            raise ArmError(
                404, "InvalidResourceNamespace", f"The resource namespace '{match[1]}' is not one that is emulated."
            )
        return Reply(body=self._provider(known[match[1]]))

    def _subscription(self) -> JsonObject:
        return {
            "id": f"/subscriptions/{self._subscription_id}",
            "subscriptionId": self._subscription_id,
            "tenantId": self._tenant_id,
            "displayName": CLOUD_NAME,
            "state": "Enabled",
            "authorizationSource": "RoleBased",
            "subscriptionPolicies": {"spendingLimit": "Off"},
        }

    def _location(self, name: str) -> JsonObject:
        base = f"/subscriptions/{self._subscription_id}/locations/{name}"
        return {"id": base, "name": name, "displayName": _LOCATIONS[name], "type": "Region"}

    def _provider(self, namespace: str) -> JsonObject:
        types: list[JsonObject] = [
            {
                "resourceType": kind.name.partition("/")[2],
                "locations": list(_LOCATIONS.values()),
                "apiVersions": _VERSIONS,
            }
            for kind in self._types.values()
            if kind.name.split("/")[0] == namespace
        ]
        base = f"/subscriptions/{self._subscription_id}/providers/{namespace}"
        return {"id": base, "namespace": namespace, "registrationState": "Registered", "resourceTypes": types}


_EVERYTHING: Final[JsonObject] = {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}
"""What the one who is signed in may do: the sandbox knows no roles."""
_VERSIONS: Final[list[Any]] = ["2026-07-01", "2025-07-01", "2025-02-02-preview", "2024-01-01"]
"""Named for clients that choose from the list; any well-formed date is accepted."""
