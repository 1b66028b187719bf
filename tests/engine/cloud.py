"""The sandbox in this process, without waits and without replicas, for tests that need many engine operations.

Every write to ARM passes by here, so that a test can see it, refuse it, or kill the engine at it. What exists is
asked as any client asks it, over ARM.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sandbox import serving
from sandbox.arm import lifecycle
from sandbox.arm.errors import ArmError
from sandbox.arm.types import container_apps, managed_environments, resource_groups, storage_accounts, workspaces
from sandbox.fleet.spec import AppSpec, EventKind, FleetEvent
from sandbox.provider import arm_client, sessions
from sandbox.provider.connection import REQUEST_TIMEOUT_SECONDS, Connection
from sandbox.provider.connection import Cloud as Address
from tests.engine.kinds import GROUP, KINDS, Json, Kind, identities, kind_of
from tests.sandbox import conftest

IMAGE = conftest.IMAGE
LOCATION = "swedencentral"
PROVISION_SECONDS = 0.01
POLL_SECONDS = 0.02
VOLATILE = frozenset(
    {
        *("etag", "systemData", "modifiedDate", "lastModifiedTime", "provisioningState"),
        *("runningStatus", "latestRevisionName", "latestReadyRevisionName"),
    }
)
"""What changes without anybody having changed the resource."""

Watch = Callable[[str, str], None]
"""Told of each write before it is done: method and id, in lower case. May raise ArmError to refuse it."""


class WatchedLifecycle(lifecycle.Lifecycle):
    """ARM's verbs, with somebody who watches them."""

    watch: Watch = staticmethod(lambda method, target: None)
    sent: ClassVar[dict[str, Json]] = {}
    """The last body that was PUT to each id, in lower case."""

    def put(self, kind: Any, target: Any, request: Json, *rest: Any) -> Any:
        self.watch("put", target.key)
        self.sent[target.key] = request
        return super().put(kind, target, request, *rest)

    def patch(self, kind: Any, target: Any, *rest: Any) -> Any:
        self.watch("patch", target.key)
        return super().patch(kind, target, *rest)

    def delete(self, kind: Any, target: Any, *rest: Any) -> Any:
        self.watch("delete", target.key)
        return super().delete(kind, target, *rest)


class ReadyFleet(conftest.NotedFleet):
    """A fleet whose newest revision is ready at once, and the only one."""

    async def apply(self, spec: AppSpec) -> None:
        await super().apply(spec)
        *older, newest = spec.revisions
        self.report(FleetEvent(EventKind.REVISION_READY, spec.app_id, newest.name))
        for revision in older:
            self.report(FleetEvent(EventKind.REVISION_REPLACED, spec.app_id, revision.name))


class Cloud(conftest.Cloud):
    """A running sandbox, and its ARM as one more client sees it."""

    def __init__(self, state: Path, *, hurried: bool = True) -> None:
        """Without `hurried` everything takes as long as on the sandbox that people use."""
        super().__init__(state)
        self.fleet = ReadyFleet()
        self._hurried = hurried
        self._patch = pytest.MonkeyPatch()
        self.writes: list[tuple[str, str]] = []
        """Every write since the start: method and id, in lower case."""
        self._interfere: Watch | None = None
        self._leaving: set[str] = set()
        self._connections: list[Connection] = []

    def start(self) -> None:
        if self._hurried:
            self._hurry()
        self._patch.setattr(sessions, "Connection", self._connect)
        self._patch.setattr(serving, "Lifecycle", WatchedLifecycle)
        self._patch.setattr(WatchedLifecycle, "watch", staticmethod(self._watched))
        super().start()
        self.environment = self.endpoints.environment
        self._connection = self._connect(Address.configured(self.environment, {}))
        self._arm = arm_client.ArmClient(self._connection, threading.Event())

    def stop(self) -> None:
        for connection in self._connections:
            connection.close()
        super().stop()
        self._patch.undo()

    @property
    def sent(self) -> dict[str, Json]:
        """The last body that was PUT to each id, in lower case."""
        return WatchedLifecycle.sent

    @property
    def subscription(self) -> str:
        return f"/subscriptions/{self.endpoints.subscription_id}"

    def get(self, identity: str) -> Json | None:
        """The resource as ARM shows it; None if there is none."""
        return self._arm.get(identity, kind_of(identity).api_version)

    def put(self, identity: str, body: Json) -> Json:
        """Creates or replaces, and waits for the end."""
        return self._arm.put(identity, kind_of(identity).api_version, body)

    def delete(self, identity: str) -> None:
        self._arm.delete(identity, kind_of(identity).api_version)

    def delete_slowly(self, group: str) -> None:
        """Begins to delete a resource group, which does not come to its end."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resource_groups, "PROVISION_SECONDS", 3600)
            self._connection.request(
                "DELETE", group, kind_of(group).api_version, None, REQUEST_TIMEOUT_SECONDS
            ).raise_for_status()
            while self.get(group)["properties"]["provisioningState"] != "Deleting":  # type: ignore[index]
                time.sleep(POLL_SECONDS)
            time.sleep(POLL_SECONDS)  # until the work has begun, which reads the patched figure
        self._leaving.add(group.lower())

    def act(self, identity: str, action: str) -> Json:
        """A POST such as `listKeys`."""
        return self._arm.post(f"{identity}/{action}", kind_of(identity).api_version)

    def snapshot(self, group: str) -> dict[str, Json]:
        """Everything in a group, and the group, once nothing is in progress: body by id in lower case, steady parts."""
        found = self._everything(group)
        while not all(_is_settled(body) for key, body in found.items() if key not in self._leaving):
            time.sleep(POLL_SECONDS)
            found = self._everything(group)
        return {key: steady(body) for key, body in found.items()}

    def where(self, group: str, given: Mapping[Kind, str] | None = None) -> dict[Kind, str]:
        """The ids in a group, by kind; see `kinds.identities`."""
        return identities(self.subscription, group, given)

    @contextmanager
    def interfering(self, interfere: Watch) -> Iterator[None]:
        """Lets `interfere` see each write first, within the block."""
        self._interfere = interfere
        try:
            yield
        finally:
            self._interfere = None

    def _hurry(self) -> None:
        for module in (container_apps, managed_environments, resource_groups, storage_accounts, workspaces):
            self._patch.setattr(module, "PROVISION_SECONDS", PROVISION_SECONDS)
        self._patch.setattr(arm_client, "POLL_SECONDS", POLL_SECONDS)
        self._patch.setattr(arm_client, "_retry_after", lambda answer: None)

    def _everything(self, group: str) -> dict[str, Json]:
        found: dict[str, Json] = {}
        group_id = self.where(group)[GROUP]
        if body := self.get(group_id):
            found[group_id.lower()] = body
            for kind in KINDS[1:]:
                for parent in [key for key in found if kind.parent and kind.parent.owns(key)]:
                    for item in self._arm.read(f"{parent}{kind.segment}", kind.api_version)["value"]:
                        found[item["id"].lower()] = item
        return found

    def _connect(self, address: Address) -> Connection:
        """A connection that is closed with the cloud; the stand-in leaves that to the end of its process."""
        self._connections.append(Connection(address))
        return self._connections[-1]

    def _watched(self, method: str, target: str) -> None:
        self.writes.append((method, target))
        if self._interfere:
            self._interfere(method, target)


def refusal() -> ArmError:
    """What an administrator's policy answers."""
    return ArmError(403, "RequestDisallowedByPolicy", "Resource was disallowed by policy.")


def steady(value: Any) -> Any:
    """The value without what changes by itself."""
    if isinstance(value, dict):
        return {key: steady(item) for key, item in value.items() if key not in VOLATILE}
    return [steady(item) for item in value] if isinstance(value, list) else value


def _is_settled(body: Json) -> bool:
    return body.get("properties", {}).get("provisioningState", "Succeeded") in lifecycle.TERMINAL_STATES
