"""PUT, PATCH, GET, HEAD, DELETE and POST of any resource type, and the asynchronous work behind them."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from sandbox.arm.conditions import Etag
from sandbox.arm.errors import ArmError, invalid, not_found, parent_not_found
from sandbox.arm.ids import GROUP_TYPE, ResourceId
from sandbox.arm.operations import PROVISION, REMOVE, CanceledError, Conclude, Operation, Operations, ended_by
from sandbox.arm.resource_type import ResourceType, merged
from sandbox.arm.resources import JsonObject, Resource
from sandbox.arm.spelling import spelled
from sandbox.database import Database
from sandbox.faults import Faults, Kind, ListedFault

TERMINAL_STATES: Final = frozenset({"Succeeded", "Failed", "Canceled"})
RETRY_AFTER_SECONDS: Final = 1
"""Without it the azure-native provider polls every 10 or 30 seconds; 0 counts as absent."""


@dataclass(frozen=True)
class Reply:
    """An answer of ARM's."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Lifecycle:
    """The verbs, over the types that the sandbox knows."""

    def __init__(self, types: Mapping[str, ResourceType], database: Database, arm_url: str, faults: Faults) -> None:
        self._types = types
        self._faults = faults
        self._arm_url = arm_url
        self._database = database
        self.operations = Operations(database, self._work, self._failed)

    def put(self, kind: ResourceType, target: ResourceId, request: JsonObject, api_version: str, etag: Etag) -> Reply:
        """Creates or replaces."""
        self._check_parent(target)
        existing = kind.find(target)
        etag.check(existing)
        self._check_idle(kind, existing)
        body = _read(kind, request)
        if kind.tracked:
            body["location"] = _location(body, target, existing)
        return self._store(kind, kind.accept(target, body, existing), existing, api_version, patch=False)

    def patch(self, kind: ResourceType, target: ResourceId, request: JsonObject, api_version: str, etag: Etag) -> Reply:
        """Merges into what exists; tags are replaced as a whole."""
        existing = self._get(kind, target)
        etag.check(existing)
        self._check_idle(kind, existing)
        changes = {key: value for key, value in _read(kind, request).items() if key != "location"}
        body = merged(kind.editable(existing), changes)
        if "tags" in request:
            body["tags"] = request["tags"] or {}
        return self._store(kind, kind.accept(existing.id, body, existing), existing, api_version, patch=True)

    def get(self, kind: ResourceType, target: ResourceId) -> Reply:
        """The resource."""
        return self._shown(kind, self._get(kind, target))

    def head(self, kind: ResourceType, target: ResourceId) -> Reply:
        """Whether it exists: 204 or 404."""
        return Reply(404 if kind.find(target) is None else 204)

    def list(self, kind: ResourceType, within: ResourceId | None) -> Reply:
        """All of a type, or those in a group or a parent."""
        if within is not None and self._types[within.type.lower()].find(within) is None:
            raise not_found(within)
        return Reply(body={"value": [kind.view(resource) for resource in kind.listed(within)]})

    def delete(self, kind: ResourceType, target: ResourceId, api_version: str, etag: Etag) -> Reply | None:
        """Deletes; None where the deletion is synchronous and `removed` must be awaited."""
        existing = kind.find(target)
        if existing is None:
            if not target.types or self._types[GROUP_TYPE.lower()].find(target.resource_group) is None:
                raise not_found(target.resource_group)
            return Reply(204)
        etag.check(existing)
        kind.check_delete(existing)
        if not kind.async_delete:
            return None
        with self._database.transaction():
            kind.resources.save(existing.with_properties(provisioningState="Deleting"))
            operation = self.operations.record(existing.id, REMOVE)
        self.operations.start(operation)
        return Reply(202, headers=self._operation_headers(kind, existing, operation, api_version))

    async def removed(self, kind: ResourceType, target: ResourceId) -> Reply:
        """Deletes at once."""
        conclude = await kind.remove(target)
        with self._database.transaction():
            conclude()
        return Reply(200)

    async def act(self, kind: ResourceType, target: ResourceId, action: str, body: JsonObject) -> Reply:
        """A POST to a resource."""
        resource = self._get(kind, target)
        for name, run in kind.actions.items():
            if name.lower() == action.lower():
                answer = run(resource, body)
                return Reply(body=await answer if inspect.isawaitable(answer) else answer)
        raise ArmError(404, "InvalidResourceType", f"The resource type '{action}' could not be found in '{kind.name}'.")

    def result(self, operation: Operation, self_url: str) -> Reply:
        """What the Location address answers."""
        if operation.status == "InProgress":
            return Reply(202, headers={"Location": self_url, "Retry-After": str(RETRY_AFTER_SECONDS)})
        if operation.error is not None:
            return Reply(400, operation.error)
        kind = self._types[operation.target.type.lower()]
        found = kind.find(operation.target)
        return Reply(204) if operation.kind == REMOVE or found is None else self._shown(kind, found)

    def _store(
        self, kind: ResourceType, wanted: Resource, existing: Resource | None, api_version: str, patch: bool
    ) -> Reply:
        asynchronous = (
            kind.async_patch if patch else kind.writes == "async" or (kind.writes == "accepted" and existing is None)
        )
        state = (kind.first_state if existing is None else "InProgress") if asynchronous else "Succeeded"
        if existing is not None:
            wanted = replace(wanted, id=existing.id, created=existing.created)
        operation = None
        with self._database.transaction():
            stored = kind.resources.save(wanted.with_properties(provisioningState=state))
            kind.saved(stored)
            if asynchronous:
                operation = self.operations.record(stored.id, PROVISION)
        status = kind.created_status if existing is None else 200
        if operation is None:
            # The storage provider knows no 201 for accounts; nothing synchronous needs a difference but by status.
            return self._shown(kind, kind.resources.get(stored.id), status)
        self.operations.start(operation)
        headers = self._operation_headers(kind, stored, operation, api_version)
        if kind.writes == "accepted" or patch:
            return Reply(202, headers=headers)
        return Reply(status, kind.view(kind.resources.get(stored.id)), headers)

    def _shown(self, kind: ResourceType, resource: Resource, status: int = 200) -> Reply:
        body = kind.view(resource)
        if not kind.has_etag:
            return Reply(status, body)
        return Reply(status, {**body, "etag": f'"{resource.etag}"'}, {"ETag": f'"{resource.etag}"'})

    def _get(self, kind: ResourceType, target: ResourceId) -> Resource:
        found = kind.find(target)
        if found is None:
            missing_group = target.types and self._types[GROUP_TYPE.lower()].find(target.resource_group) is None
            raise not_found(target.resource_group if missing_group else target)
        return found

    def _check_parent(self, target: ResourceId) -> None:
        group = self._types[GROUP_TYPE.lower()].find(target.resource_group)
        if target.types and group is None:
            raise not_found(target.resource_group)
        if group is not None and group.provisioning_state == "Deleting":
            raise ArmError(
                409,
                "ResourceGroupBeingDeleted",
                f"The resource group '{group.id.name}' is in deprovisioning state and cannot perform this operation.",
            )
        parent = target.parent
        if parent is not None and parent.types and self._types[parent.type.lower()].find(parent) is None:
            raise parent_not_found(parent)

    def _check_idle(self, kind: ResourceType, existing: Resource | None) -> None:
        if existing is not None and existing.provisioning_state not in TERMINAL_STATES:
            raise ArmError(
                409,
                kind.busy_code,
                f"Cannot modify '{existing.id.name}' because an operation on it is in progress"
                f" ({existing.provisioning_state}). Wait for it to end and try again.",
            )

    def _operation_headers(
        self, kind: ResourceType, resource: Resource, operation: Operation, api_version: str
    ) -> dict[str, str]:
        location = str(resource.body.get("location", "global")).replace(" ", "").lower()
        base = (
            f"{self._arm_url}/subscriptions/{resource.id.subscription}/providers/{kind.name.split('/')[0]}"
            f"/locations/{quote(location)}/{kind.operations_segment}"
        )
        query = f"{operation.id}?api-version={api_version}"
        return {
            "Azure-AsyncOperation": f"{base}Statuses/{query}&azureAsyncOperation=true",
            "Location": f"{base}Results/{query}",
            "Retry-After": str(RETRY_AFTER_SECONDS),
        }

    async def _work(self, operation: Operation) -> Conclude:
        kind = self._types[operation.target.type.lower()]
        fault = self._faults.of_operation("DELETE" if operation.kind == REMOVE else "PUT", str(operation.target))
        if fault is not None:
            await self._suffer(fault)
        if operation.kind == REMOVE:
            return await kind.remove(operation.target)
        return await kind.provision(kind.resources.get(operation.target))

    async def _suffer(self, fault: ListedFault) -> None:
        if fault.kind is Kind.HANG:
            await self._faults.while_set(fault)
            return
        canceled = fault.kind is Kind.CANCEL
        raise (CanceledError if canceled else ArmError)(
            409 if canceled else 500,
            "OperationCanceled" if canceled else "OperationFailed",
            f"The fault {fault.number} was set in the sandbox.",
        )

    def _failed(self, operation: Operation, error: ArmError) -> None:
        kind = self._types[operation.target.type.lower()]
        found = kind.resources.find(operation.target)
        if found is not None:
            kind.failed(found, error)
            kind.resources.save(found.with_properties(provisioningState=ended_by(error)))


def _read(kind: ResourceType, request: JsonObject) -> JsonObject:
    """What a client sent, with its properties' names as the type spells them."""
    if not kind.any_case or "properties" not in request:
        return dict(request)
    return {**request, "properties": spelled(request["properties"])}


def _location(body: JsonObject, target: ResourceId, existing: Resource | None) -> str:
    location = body.get("location")
    if existing is None:
        if not location:
            raise invalid("LocationRequired", "The location property is required for this definition.")
        return location
    current = str(existing.body["location"])
    if location and _plain(location) != _plain(current):
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{target.name}' already exists in location '{current}' in resource group '{target.group}'. A"
            f" resource with the same name cannot be created in location '{location}'. Please select a new resource"
            " name.",
        )
    return current


def _plain(location: str) -> str:
    return str(location).replace(" ", "").lower()
