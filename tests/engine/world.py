"""A cloud in which things happen to stacks, and what must hold whatever happens.

The three invariants of adopt-or-create, judged from the cloud alone after each operation of the engine:

1. What the stack did not make is never deleted, replaced or changed.
2. What the stack made is found again as its own by every `up` that succeeds, and `destroy` deletes it.
3. What others use goes on: their apps, links, shares and profiles stay as they were.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from components.adoption import OWNER_METADATA, OWNER_TAG
from components.adoption import mark_of as name_mark
from tests.engine import outside
from tests.engine.cloud import Cloud, refusal
from tests.engine.harness import Result, Stack, Workbench
from tests.engine.kinds import ACCOUNT, APP, ENVIRONMENT, LINK, SHARE, WORKSPACE, Json, Kind, kind_of

Snapshot = dict[str, Json]
Operation = Callable[[], Result]


@dataclass
class Tenant:
    """One stack, the names that it is told to use, and what it made."""

    stack: Stack
    given: dict[Kind, str]
    made: set[str] = field(default_factory=set)
    """Ids, in lower case, of what came into being by its doing and is still there."""

    def in_state(self) -> set[str]:
        """Ids, in lower case, that its state knows."""
        return {str(item.get("id", "")).lower() for item in self.stack.resources().values()}

    def to_be_deleted(self) -> set[str]:
        """Ids, in lower case, that its state knows as the stack's own.

        A run that is killed as it makes anew what somebody deleted leaves a state that still has the old one, adopted.
        """
        known = self.stack.resources().values()
        return {str(item.get("id", "")).lower() for item in known if not item.get("retainOnDelete")}


class World:
    """One resource group's worth of cloud, with two stacks of the project that may share it."""

    def __init__(self, bench: Workbench, group: str) -> None:
        self._bench = bench
        self._cloud: Cloud = bench.cloud
        self._group = group
        self.theirs: Snapshot = {}
        """What somebody else made, as it was when it was made."""
        self._tenants: dict[str, Tenant] = {}

    def tenant(self, name: str) -> Tenant:
        """The stack of this name; made when it is first spoken of."""
        if name not in self._tenants:
            app = f"app-{name}"
            stack = self._bench.stack(f"{self._group}-{name}", resourceGroup=self._group, acaAppName=app)
            self._tenants[name] = Tenant(stack, {APP: app})
        return self._tenants[name]

    @property
    def deployed(self) -> list[str]:
        """The stacks that have anything in their state."""
        return [name for name, tenant in self._tenants.items() if tenant.in_state()]

    def make_outside(self, *kinds: Kind, other: bool = False) -> None:
        """Somebody makes these, under their default names or under the other ones."""
        given = other_names(self._group) if other else {}
        before = self.snapshot()
        outside.make(self._cloud, self._cloud.where(self._group, given), *kinds)
        self.theirs |= {key: body for key, body in self.snapshot().items() if key not in before}

    def rename(self, name: str, kind: Kind, other: bool) -> None:
        """The configuration names another resource, or the default one again."""
        tenant = self.tenant(name)
        tenant.given.pop(kind, None)
        if kind is APP:
            tenant.given[kind] = f"{'other' if other else 'app'}-{name}"
        elif other:
            tenant.given[kind] = other_names(self._group)[kind]
        tenant.stack.set(**{kind.setting: tenant.given.get(kind)})

    def up(self, name: str) -> Result:
        """Must succeed, or be refused before anything is touched."""
        tenant = self.tenant(name)
        before, seen = self.snapshot(), len(self._cloud.writes)
        result = self._judged(name, tenant.stack.up)
        where = self._cloud.where(self._group, tenant.given)
        if not result.ok:
            assert self._cloud.writes[seen:] == [], f"refused, but wrote\n{result.output}"
            assert self.snapshot() == before
            wanted = {identity.lower() for identity in where.values()}
            assert wanted & before.keys() - tenant.made, f"refused, but nothing is in the way\n{result.output}"
            return result
        after = self.snapshot()
        ownership = tenant.stack.outputs()["ownership"]
        known = tenant.in_state()
        for kind, identity in where.items():
            key = used(kind, identity, after.keys() & known, tenant.stack.mark)
            assert key in after, f"{kind} is not there after `up`"
            if key in tenant.made:
                assert ownership[kind.mode] == "stack", (kind, ownership)
                assert key in known, f"{kind} is the stack's, but not in its state"
            else:
                assert ownership[kind.mode] == "adopted", (kind, ownership)
        return result

    def failed_up(self, name: str, write: int) -> Result:
        """The cloud refuses the n-th write."""
        seen: list[str] = []

        def refuse(method: str, target: str) -> None:
            seen.append(target)
            if len(seen) == write:
                raise refusal()

        with self._cloud.interfering(refuse):
            return self._judged(name, self.tenant(name).stack.up)

    def killed_up(self, name: str, write: int) -> Result:
        """The engine is killed at its n-th write, which is done all the same."""
        return self._judged(name, lambda: self.tenant(name).stack.killed_at_write(write))

    def refresh(self, name: str) -> Result:
        """Looks at the cloud, and changes nothing there."""
        before = self.snapshot()
        result = self._judged(name, self.tenant(name).stack.refresh).succeeded()
        assert self.snapshot() == before
        return result

    def destroy(self, name: str) -> Result:
        """Deletes all that the stack made, but for what its state does not know as its own and what holds others'."""
        tenant = self.tenant(name)
        adrift = tenant.made - tenant.to_be_deleted()
        result = self._judged(name, tenant.stack.destroy)
        left = tenant.made - adrift
        needed = {key for key in left if self._holds_others(key, left)}
        if result.ok:
            assert left == needed, f"left after `destroy`, though nobody else needs it: {left - needed}"
        else:
            assert needed, f"nobody else needs what could not be deleted\n{result.output}"
        return result

    def lose_state(self, name: str) -> None:
        """The state is lost; the cloud and the configuration stay."""
        self.tenant(name).stack.lose_state()

    def snapshot(self) -> Snapshot:
        """Everything in the group."""
        return self._cloud.snapshot(self._group)

    def _judged(self, name: str, operation: Operation) -> Result:
        """Runs one of the engine's operations and judges what it did to the cloud."""
        tenant = self.tenant(name)
        before, seen = self.snapshot(), len(self._cloud.writes)
        result = operation()
        after = self.snapshot()
        others = {key: before[key] for key in before if key not in tenant.made}
        for key, body in others.items():
            assert key in after, f"{name} deleted {key}\n{result.output}"
            assert after[key] == body, f"{name} changed {key}\n{result.output}"
        written = {target for _, target in self._cloud.writes[seen:]}
        assert not written & others.keys(), f"{name} wrote to {written & others.keys()}\n{result.output}"
        tenant.made = {key for key in after if key in tenant.made or key not in before}
        for key in tenant.made:
            assert kind_of(key) is LINK or mark_of(after[key]) == tenant.stack.mark, f"{key} has no mark"
        return result

    def _holds_others(self, key: str, own: set[str]) -> bool:
        """Whether something else than these is in this resource, runs in this environment, or mounts this link."""
        return any(
            other.startswith(f"{key}/") or key in _needed_by(body)
            for other, body in self.snapshot().items()
            if other not in own
        )


def _needed_by(body: Json) -> set[str]:
    """An app's environment and the links that it mounts: ids in lower case."""
    properties = body.get("properties", {})
    environment = str(properties.get("environmentId", "")).lower()
    volumes = (properties.get("template") or {}).get("volumes") or []
    return {environment, *(f"{environment}/storages/{volume.get('storageName', '')}".lower() for volume in volumes)}


def used(kind: Kind, identity: str, there: Iterable[str], owner: str) -> str:
    """The id, in lower case, of what a stack uses: a link of its own has a name that tells whose it is."""
    asked = identity.lower()
    own = [key for key in there if kind is LINK and key.startswith(f"{asked}-{name_mark(owner)}")]
    return own[0] if own else asked


def other_names(group: str) -> dict[Kind, str]:
    """Names that are not the default ones, for all but the group."""
    suffix = group.replace("-", "")
    return {
        ACCOUNT: f"other{suffix}"[:24],
        SHARE: "other-share",
        WORKSPACE: "other-workspace",
        ENVIRONMENT: "other-environment",
        LINK: "other-link",
        APP: "other-app",
    }


def mark_of(body: Json) -> str | None:
    """Whose mark a resource carries."""
    metadata = body.get("properties", {}).get("metadata") or {}
    return (body.get("tags") or {}).get(OWNER_TAG) or metadata.get(OWNER_METADATA)
