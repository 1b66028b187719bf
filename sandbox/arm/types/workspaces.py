"""Microsoft.OperationalInsights/workspaces: Log Analytics, its identity and keys."""

import asyncio
import base64
import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any, Final

from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.operations import Conclude
from sandbox.arm.resource_type import PROVISION_SECONDS, Action, ResourceType, kept_properties, require_name
from sandbox.arm.resources import JsonObject, Resource, timestamp

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]")
KEY_BYTES: Final = 64
MIN_RETENTION_DAYS, MAX_RETENTION_DAYS = 4, 730


class Workspaces(ResourceType):
    """Workspaces with customer id and shared keys; what is logged to them cannot be queried."""

    name = "Microsoft.OperationalInsights/workspaces"
    has_etag = True
    writes = "async"
    first_state = "Creating"
    read_only = frozenset({"provisioningState", "customerId", "createdDate", "modifiedDate"})

    @property
    def actions(self) -> Mapping[str, Action]:
        """sharedKeys."""
        return {"sharedKeys": self._shared_keys}

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Checks name and retention; the customer id is chosen once."""
        require_name(
            _NAME,
            resource.name,
            invalid(
                "InvalidResourceName",
                f"The workspace name '{resource.name}' is invalid: 4 to 63 letters, digits and '-', beginning and"
                " ending with a letter or digit.",
            ),
        )
        before = existing.properties if existing is not None else {}
        properties = {
            "sku": {"name": "PerGB2018"},
            "retentionInDays": 30,
            "customerId": str(uuid.uuid4()),
            "createdDate": timestamp(),
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            **before,
            **kept_properties(body, self.read_only),
            "modifiedDate": timestamp(),
        }
        days = properties["retentionInDays"]
        if not isinstance(days, int) or not MIN_RETENTION_DAYS <= days <= MAX_RETENTION_DAYS:
            raise invalid(
                "InvalidParameter",
                f"'RetentionInDays' property is invalid: {days}. Allowed: {MIN_RETENTION_DAYS} to"
                f" {MAX_RETENTION_DAYS}.",
            )
        keys = existing.private if existing is not None else {"primary": _new_key(), "secondary": _new_key()}
        return Resource(
            resource, {"location": body["location"], "tags": body.get("tags", {}), "properties": properties}, keys
        )

    async def provision(self, resource: Resource) -> Conclude:
        """Takes a moment, so that clients meet the intermediate state."""
        await asyncio.sleep(PROVISION_SECONDS)
        return await super().provision(resource)

    def _shared_keys(self, workspace: Resource, body: JsonObject) -> Any:
        return {
            "primarySharedKey": workspace.private["primary"],
            "secondarySharedKey": workspace.private["secondary"],
        }


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
