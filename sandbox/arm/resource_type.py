"""What each resource type declares: one class per type, all in the same form, over the same life cycle."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.operations import Conclude
from sandbox.arm.resources import JsonObject, Resource, Resources

PROVISION_SECONDS: Final = 0.2
"""How long an intermediate state lasts at least, so that clients meet it."""


@dataclass(frozen=True)
class Addresses:
    """Where the sandbox's services listen, without a trailing slash."""

    arm: str
    files: str
    identity: str


Action = Callable[[Resource, JsonObject], Any]
"""A POST to a resource: takes the resource and the request's body, returns the answer's (None: no content), or an
awaitable of it."""


class ResourceType:
    """One type: validation, view, and the work behind it. The defaults suit a plain, synchronous, tracked resource."""

    name: ClassVar[str]
    """Full type, such as `Microsoft.App/managedEnvironments`."""
    tracked: ClassVar[bool] = True
    """Has location and tags."""
    has_etag: ClassVar[bool] = False
    writes: ClassVar[str] = "sync"
    """How a PUT is answered: `sync`, `async` (body and state), or `accepted` (a new one: 202 without a body)."""
    created_status: ClassVar[int] = 201
    """How a PUT of a new one is answered; clients take no other success."""
    async_patch: ClassVar[bool] = False
    async_delete: ClassVar[bool] = False
    first_state: ClassVar[str] = "InProgress"
    """The provisioningState that the answer to an asynchronous PUT shows."""
    operations_segment: ClassVar[str] = "operation"
    """How the addresses of operations begin, as `containerappOperation`."""
    busy_code: ClassVar[str] = "AnotherOperationInProgress"
    read_only: ClassVar[frozenset[str]] = frozenset({"provisioningState"})
    """Properties that clients may send back but not set."""
    writable: ClassVar[bool] = True
    any_case: ClassVar[bool] = False
    """Names of properties are read without regard to case."""

    def __init__(self, resources: Resources, addresses: Addresses) -> None:
        self.resources = resources
        self.addresses = addresses

    @property
    def questions(self) -> Mapping[str, Callable[[JsonObject], JsonObject]]:
        """POST actions of the provider in a subscription, by name."""
        return {}

    @property
    def actions(self) -> Mapping[str, Action]:
        """POST actions by name."""
        return {}

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Validates a PUT (or a merged PATCH) and says what is to be stored. Touches nothing.

        Raises:
            ArmError: the service would refuse it.
        """
        raise ArmError(405, "MethodNotAllowed", f"A resource of type '{self.name}' cannot be written.")

    def editable(self, existing: Resource) -> JsonObject:
        """The body that a PATCH is merged into: with what clients never see."""
        return existing.body

    def saved(self, resource: Resource) -> None:
        """Further changes in the transaction that stores the resource."""

    def view(self, resource: Resource) -> JsonObject:
        """The resource as clients see it."""
        return {"id": str(resource.id), "name": resource.id.name, "type": self.name, **resource.body}

    def find(self, resource: ResourceId) -> Resource | None:
        """The resource, if it exists."""
        return self.resources.find(resource)

    def listed(self, within: ResourceId | None) -> list[Resource]:
        """All of this type, or those of a group or a parent."""
        return self.resources.of_type(self.name, within)

    def check_delete(self, resource: Resource) -> None:
        """Refuses to delete what others still need.

        Raises:
            ArmError: the service would refuse it.
        """

    async def provision(self, resource: Resource) -> Conclude:
        """The work behind a PUT or PATCH once it is stored; may run twice."""
        return lambda: self.conclude_provision(resource)

    def conclude_provision(self, resource: Resource) -> None:
        """Marks the resource as it is now in the database as provisioned."""
        current = self.resources.find(resource.id)
        if current is not None:
            self.resources.save(current.with_properties(provisioningState="Succeeded"))

    def failed(self, resource: Resource, error: ArmError) -> None:
        """Further changes in the transaction that marks the resource as failed."""

    async def remove(self, resource: ResourceId) -> Conclude:
        """The work behind a DELETE; may run twice, also when the resource is gone already."""
        return lambda: self.resources.remove(resource)


def kept_properties(body: JsonObject, read_only: frozenset[str]) -> JsonObject:
    """The request's properties without those that only the service sets.

    Raises:
        ArmError: `properties` is no object.
    """
    properties = body.get("properties") or {}
    if not isinstance(properties, dict):
        raise invalid("InvalidRequestContent", "The request content was invalid: 'properties' must be an object.")
    return {key: value for key, value in properties.items() if key not in read_only and value is not None}


def require_name(pattern: re.Pattern[str], name: str, error: ArmError) -> None:
    """Refuses a name that does not match.

    Raises:
        ArmError: `error`.
    """
    if not pattern.fullmatch(name):
        raise error


def merged(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
