"""The resources that exist, as the database keeps them."""

import json
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from sqlite3 import Row
from typing import Any, TypeAlias

from sandbox.arm.errors import not_found
from sandbox.arm.ids import ResourceId, parse_id
from sandbox.database import Database

JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """One resource. `body`: what clients may see, but for id, name and type; `private`: what they never see."""

    id: ResourceId
    body: JsonObject
    private: JsonObject = field(default_factory=dict[str, Any])
    etag: str = ""
    created: str = ""
    changed: str = ""

    @property
    def properties(self) -> JsonObject:
        """The body's `properties`."""
        return self.body.get("properties", {})

    @property
    def provisioning_state(self) -> str:
        """Succeeded unless the resource says otherwise."""
        return self.properties.get("provisioningState", "Succeeded")

    def with_properties(self, **changes: Any) -> "Resource":
        """A copy in which these properties are set."""
        return replace(self, body={**self.body, "properties": {**self.properties, **changes}})

    def with_private(self, **changes: Any) -> "Resource":
        """A copy in which these private values are set."""
        return replace(self, private={**self.private, **changes})


class Resources:
    """All resources, found by id without regard to case."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self) -> AbstractContextManager[None]:
        """Changes that hold together or not at all."""
        return self._database.transaction()

    def find(self, resource: ResourceId) -> Resource | None:
        """The resource, if it exists."""
        rows = self._database.execute("SELECT * FROM resources WHERE key = ?", resource.key)
        return _resource(rows[0]) if rows else None

    def get(self, resource: ResourceId) -> Resource:
        """The resource.

        Raises:
            ArmError: it does not exist.
        """
        found = self.find(resource)
        if found is None:
            raise not_found(resource)
        return found

    def save(self, resource: Resource) -> Resource:
        """Stores a resource, with a new etag; returns it as stored."""
        now = timestamp()
        saved = replace(resource, etag=uuid.uuid4().hex[:16], created=resource.created or now, changed=now)
        self._database.execute(
            "INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            saved.id.key,
            str(saved.id),
            saved.id.type.lower(),
            json.dumps(saved.body),
            json.dumps(saved.private),
            saved.etag,
            saved.created,
            saved.changed,
        )
        return saved

    def remove(self, resource: ResourceId) -> None:
        """Removes a resource and everything nested in it."""
        self._database.execute(
            "DELETE FROM resources WHERE key = ? OR substr(key, 1, ?) = ?",
            resource.key,
            len(resource.key) + 1,
            f"{resource.key}/",
        )

    def of_type(self, resource_type: str, within: ResourceId | None = None) -> list[Resource]:
        """Resources of a type, oldest first: all, or those of a group or of a parent."""
        prefix = "" if within is None else f"{within.key}/"
        rows = self._database.execute(
            "SELECT * FROM resources WHERE type = ? AND substr(key, 1, ?) = ? ORDER BY created, key",
            resource_type.lower(),
            len(prefix),
            prefix,
        )
        return [_resource(row) for row in rows]

    def within(self, group: ResourceId) -> Iterator[Resource]:
        """Everything in a group, nested resources too."""
        prefix = f"{group.key}/"
        statement = "SELECT * FROM resources WHERE substr(key, 1, ?) = ? ORDER BY created, key"
        yield from map(_resource, self._database.execute(statement, len(prefix), prefix))


def timestamp() -> str:
    """Now, in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _resource(row: Row) -> Resource:
    resource_id = parse_id(row["id"])
    assert resource_id is not None, row["id"]
    return Resource(
        resource_id, json.loads(row["body"]), json.loads(row["private"]), row["etag"], row["created"], row["changed"]
    )
