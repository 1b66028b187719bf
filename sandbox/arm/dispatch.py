"""From a request's path to the resource type and verb that answer it; paths are compared without case."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.arm.apps.offers import Offers
from sandbox.arm.conditions import Etag
from sandbox.arm.directory import Directory
from sandbox.arm.errors import ArmError, invalid, not_found
from sandbox.arm.ids import GROUP_TYPE, ResourceId, parse_id
from sandbox.arm.lifecycle import Lifecycle, Reply
from sandbox.arm.resource_type import ResourceType
from sandbox.arm.resources import JsonObject

_API_VERSION: Final = re.compile(
    r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-preview|-alpha|-beta|-privatepreview)?"
)
_OPERATION: Final = re.compile(r"/subscriptions/[^/]+/providers/[^/]+/locations/[^/]+/[a-z]+(statuses|results)/([^/]+)")
_QUESTION: Final = re.compile(r"/subscriptions/[^/]+/providers/([^/]+)/([^/]+)")
_ALL_OF_TYPE: Final = re.compile(r"/subscriptions/[^/]+/providers/([^/]+/[^/]+)")


@dataclass(frozen=True)
class Call:
    """One request to ARM. `path` is decoded, `url` the whole address as sent."""

    method: str
    path: str
    url: str
    query: Mapping[str, str]
    body: JsonObject
    etag: Etag


class Dispatch:
    """Answers every authenticated request."""

    def __init__(self, types: Mapping[str, ResourceType], lifecycle: Lifecycle, directory: Directory) -> None:
        self._types = types
        self._lifecycle = lifecycle
        self._directory = directory
        self._offers = Offers(types)

    async def answer(self, call: Call) -> Reply:
        """The reply to a request.

        Raises:
            ArmError: the reply is an error.
        """
        api_version = _api_version(call)
        path = call.path.rstrip("/")
        known = self._directory.answer(call.method, path.lower())
        if known is not None:
            return known
        if (match := _OPERATION.fullmatch(path.lower())) is not None:
            return self._operation(match[1], match[2], call.url)
        if (target := parse_id(path)) is not None:
            return await self._resource(call, target, api_version)
        if call.method == "POST" and (target := parse_id(path.rpartition("/")[0])) is not None:
            kind, target = self._typed(target)
            return await self._lifecycle.act(kind, target, path.rpartition("/")[2], call.body)
        if call.method == "POST" and (answer := self._answered(path, call.body)) is not None:
            return answer
        if call.method == "GET" and (found := self._offers.answer(path) or self._listing(path)) is not None:
            return found
        raise invalid("InvalidResourceType", f"The sandbox knows nothing at {call.method} {path}.")

    async def _resource(self, call: Call, target: ResourceId, api_version: str) -> Reply:
        kind, target = self._typed(target)
        lifecycle = self._lifecycle
        match call.method:
            case "PUT":
                return lifecycle.put(kind, target, call.body, api_version, call.etag)
            case "PATCH":
                return lifecycle.patch(kind, target, call.body, api_version, call.etag)
            case "GET":
                return lifecycle.get(kind, target)
            case "HEAD":
                return lifecycle.head(kind, target)
            case "DELETE":
                accepted = lifecycle.delete(kind, target, api_version, call.etag)
                return await lifecycle.removed(kind, target) if accepted is None else accepted
            case _:
                raise ArmError(405, "MethodNotAllowed", f"{call.method} is not allowed on a resource.")

    def _typed(self, target: ResourceId) -> tuple[ResourceType, ResourceId]:
        """The type, and the id with type and group spelled as they are known."""
        kind = self._types.get(target.type.lower())
        if kind is None:
            raise ArmError(
                404,
                "InvalidResourceType",
                f"The resource type '{'/'.join(target.types)}' could not be found in the namespace"
                f" '{target.namespace}': it does not exist, or the sandbox does not emulate it.",
            )
        group = self._types[GROUP_TYPE.lower()].find(target.resource_group)
        name = target.group if group is None else group.id.group
        if not target.types:
            return kind, ResourceId(target.subscription, name)
        namespace, *types = kind.name.split("/")
        return kind, ResourceId(target.subscription, name, namespace, tuple(types), target.names)

    def _answered(self, path: str, body: JsonObject) -> Reply | None:
        """What a provider answers to a question about the subscription, such as whether a name is free."""
        if (match := _QUESTION.fullmatch(path.lower())) is None:
            return None
        for kind in self._types.values():
            for name, answer in kind.questions.items():
                if (kind.name.partition("/")[0].lower(), name.lower()) == match.groups():
                    return Reply(body=answer(body))
        return None

    def _listing(self, path: str) -> Reply | None:
        """A collection: of a subscription, a group or a parent."""
        if (match := _ALL_OF_TYPE.fullmatch(path.lower())) is not None and match[1] in self._types:
            return self._lifecycle.list(self._types[match[1]], None)
        parent_path, _, segment = path.rpartition("/")
        if path.lower().endswith("/resourcegroups"):
            return self._lifecycle.list(self._types[GROUP_TYPE.lower()], None)
        parent = parse_id(parent_path)
        if parent is not None and parent.types:
            parent_kind, parent = self._typed(parent)
            kind = self._types.get(f"{parent_kind.name}/{segment}".lower())
            return kind and self._lifecycle.list(kind, parent)
        if parent is not None and segment.lower() == "resources":
            return self._members(parent)
        group_path, providers, type_name = path.lower().partition("/providers/")
        group = parse_id(group_path) if providers else None
        kind = self._types.get(type_name)
        return kind and group and self._lifecycle.list(kind, group)

    def _members(self, group: ResourceId) -> Reply:
        groups, group = self._typed(group)
        if groups.find(group) is None:
            raise not_found(group)
        tracked = (
            kind.view(member)
            for kind in self._types.values()
            if kind.tracked and kind is not groups
            for member in kind.listed(group)
        )
        shown = ("id", "name", "type", "location", "tags", "kind", "sku")
        return Reply(body={"value": [{key: view[key] for key in shown if key in view} for view in tracked]})

    def _operation(self, answer: str, operation_id: str, url: str) -> Reply:
        operation = self._lifecycle.operations.find(operation_id)
        if operation is None:
            raise ArmError(404, "OperationNotFound", f"There is no operation '{operation_id}'.")
        if answer == "results":
            return self._lifecycle.result(operation, url)
        return Reply(body=operation.view, headers={"Retry-After": "1"})


def _api_version(call: Call) -> str:
    version = {key.lower(): value for key, value in call.query.items()}.get("api-version")
    if not version:
        raise invalid(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not _API_VERSION.fullmatch(version):
        raise invalid(
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. The supported versions are dates such as '2025-07-01' or"
            " '2025-02-02-preview'.",
        )
    return version
