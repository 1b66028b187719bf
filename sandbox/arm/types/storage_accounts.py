"""Microsoft.Storage/storageAccounts, with their keys."""

import asyncio
import base64
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.operations import Conclude
from sandbox.arm.resource_type import (
    PROVISION_SECONDS,
    Action,
    Addresses,
    ResourceType,
    kept_properties,
    require_name,
)
from sandbox.arm.resources import JsonObject, Resource, Resources, timestamp
from sandbox.shares import Shares

KEY_BYTES: Final = 64
_NAME: Final = re.compile(r"[a-z0-9]{3,24}")
_KINDS: Final = frozenset({"Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage"})
_DEFAULTS: Final[JsonObject] = {
    "accessTier": "Hot",
    "allowBlobPublicAccess": False,
    "minimumTlsVersion": "TLS1_0",
    "networkAcls": {"bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"},
    "supportsHttpsTrafficOnly": True,
    "encryption": {
        "services": {
            "file": {"keyType": "Account", "enabled": True},
            "blob": {"keyType": "Account", "enabled": True},
        },
        "keySource": "Microsoft.Storage",
    },
}


class StorageAccounts(ResourceType):
    """Accounts; the file service comes with each."""

    name = "Microsoft.Storage/storageAccounts"
    writes = "accepted"
    first_state = "ResolvingDNS"
    operations_segment = "asyncoperation"
    read_only = frozenset(
        {
            "provisioningState",
            "primaryEndpoints",
            "primaryLocation",
            "statusOfPrimary",
            "creationTime",
            "keyCreationTime",
        }
    )

    def __init__(self, resources: Resources, addresses: Addresses, shares: Shares) -> None:
        super().__init__(resources, addresses)
        self._shares = shares

    @property
    def questions(self) -> Mapping[str, Callable[[JsonObject], JsonObject]]:
        """checkNameAvailability: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/check-name-availability"""
        return {"checkNameAvailability": self._check_availability}

    @property
    def actions(self) -> Mapping[str, Action]:
        """listKeys and regenerateKey."""
        return {"listKeys": self._list_keys, "regenerateKey": self._regenerate_key}

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Needs a free name, kind and sku; a PUT on an existing account changes only what it names."""
        if existing is None:
            self._check_name(resource)
        before = existing.body if existing is not None else {}
        kind, sku = body.get("kind") or before.get("kind"), body.get("sku") or before.get("sku")
        if not isinstance(sku, dict) or not sku.get("name"):
            raise invalid("InvalidRequestPropertyValue", "The property 'sku.name' is required.", "sku")
        if kind not in _KINDS:
            raise invalid(
                "InvalidRequestPropertyValue",
                f"The value '{kind}' is not allowed for property kind. Allowed: {', '.join(sorted(_KINDS))}.",
                "kind",
            )
        now = timestamp()
        keys = existing.private if existing is not None else {"key1": new_key(), "key2": new_key()}
        properties = {
            **_DEFAULTS,
            **before.get("properties", {"creationTime": now, "keyCreationTime": {"key1": now, "key2": now}}),
            **kept_properties(body, self.read_only),
        }
        stored = {
            "sku": {"name": sku["name"], "tier": str(sku["name"]).split("_")[0]},
            "kind": kind,
            "location": body["location"],
            "tags": body.get("tags", before.get("tags", {})),
            "properties": properties,
        }
        return Resource(resource, stored, keys)

    def saved(self, resource: Resource) -> None:
        """Every account has a file service, called `default`."""
        service = resource.id.child("fileServices", "default")
        if self.resources.find(service) is None:
            self.resources.save(Resource(service, {"properties": {}}))

    def view(self, resource: Resource) -> JsonObject:
        """With the address of the file service as it is now."""
        shown = resource.with_properties(
            primaryEndpoints={"file": f"{self.addresses.files}/{resource.id.name}/"},
            primaryLocation=resource.body["location"],
            statusOfPrimary="available",
        )
        return super().view(shown)

    async def provision(self, resource: Resource) -> Conclude:
        """Takes a moment, as DNS does."""
        await asyncio.sleep(PROVISION_SECONDS)
        return await super().provision(resource)

    async def remove(self, resource: ResourceId) -> Conclude:
        """The shares' files go with the account."""

        def conclude() -> None:
            self.resources.remove(resource)
            self._shares.removed(resource.name)

        return conclude

    def _check_name(self, resource: ResourceId) -> None:
        require_name(
            _NAME,
            resource.name,
            invalid("AccountNameInvalid", _invalid_name(resource.name)),
        )
        taken = self._shares.account(resource.name)
        if taken is not None and taken.id.key != resource.key:
            raise ArmError(
                409,
                "StorageAccountInAnotherResourceGroup",
                f"The account {resource.name} is already in another resource group in this subscription.",
            )

    def _check_availability(self, body: JsonObject) -> JsonObject:
        name = str(body.get("name", ""))
        if not _NAME.fullmatch(name):
            return {"nameAvailable": False, "reason": "AccountNameInvalid", "message": _invalid_name(name)}
        if self._shares.account(name) is not None:
            text = f"The storage account named {name} is already taken."
            return {"nameAvailable": False, "reason": "AlreadyExists", "message": text}
        return {"nameAvailable": True}

    def _list_keys(self, account: Resource, body: JsonObject) -> Any:
        created = account.properties["keyCreationTime"]
        return {
            "keys": [
                {"keyName": name, "value": value, "permissions": "FULL", "creationTime": created[name]}
                for name, value in sorted(account.private.items())
            ]
        }

    def _regenerate_key(self, account: Resource, body: JsonObject) -> Any:
        name = body.get("keyName")
        if name not in account.private:
            raise invalid("InvalidKeyName", "The keyName must be one of: key1, key2.", "keyName")
        created = {**account.properties["keyCreationTime"], name: timestamp()}
        changed = account.with_private(**{name: new_key()}).with_properties(keyCreationTime=created)
        return self._list_keys(self.resources.save(changed), body)


def new_key() -> str:
    """A fresh key, base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _invalid_name(name: str) -> str:
    return (
        f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in"
        " length and use numbers and lower-case letters only."
    )
