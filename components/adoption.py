"""Whether a resource is created, found again or adopted: one decision, one set of resource options for it.

- missing: created by the stack, deleted by `pulumi destroy`;
- there, and the stack's own (it carries the stack's mark): imported, which is a no-op for a resource that the state
  knows already and brings back one that it lost, for example when an earlier run was killed;
- there, and somebody else's: adopted. It is in the state for others to refer to, but Pulumi never changes it (every
  property is ignored) and never deletes it (retained).

What carries no tags of its own carries the mark in its name: see `marked_name`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi

OWNER_TAG: Final = "aca-inference-stack"
"""Tag (metadata key on a file share: without hyphens) whose value names the stack that made the resource."""

OWNER_METADATA: Final = OWNER_TAG.replace("-", "")
"""The mark where Azure allows no hyphens: metadata of a file share."""

MARK_LENGTH: Final = 6
_OWNERS_OWN: Final = ("tags", "location", "extendedLocation", "kind", "managedBy", "environmentId")
"""What stays its owner's of an adopted resource that is updated: labels, place, and what Azure never changes."""


@dataclass(frozen=True)
class Presence:
    """What is known of a resource before the program declares it: its ARM id if it exists, and whose it is."""

    id: str | None = None
    owned: bool = True
    updated: bool = False
    """Somebody else's, but changed to what the program says: only where a person asked for that."""

    @property
    def adopted(self) -> bool:
        """True for a resource that exists and is somebody else's."""
        return self.id is not None and not self.owned


MISSING: Final = Presence()
"""The resource is not there: it will be created."""


def child_options(
    parent: pulumi.Resource | None,
    presence: Presence = MISSING,
    depends_on: Sequence[pulumi.Resource] = (),
    ignore_changes: Sequence[str] = (),
    retained: bool = False,
    moves: bool = False,
) -> pulumi.ResourceOptions:
    """Options for a component's child that may exist already.

    `ignore_changes` and `retained` apply to owned resources too; what is adopted is retained anyhow. A resource is
    replaced by one with another name, so the new one is made first and what depends on it has moved when the old one
    goes; only one that `moves` keeps its name, and has to go first.
    """
    ignored = list(ignore_changes)
    if presence.adopted:
        ignored = [*dict.fromkeys([*ignored, *_OWNERS_OWN])] if presence.updated else ["*"]
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(depends_on),
        import_=presence.id,
        retain_on_delete=presence.adopted or retained or None,
        ignore_changes=ignored,
        delete_before_replace=moves,
    )


def owner_of(tags: Mapping[str, pulumi.Input[str]] | None) -> pulumi.Input[str]:
    """The mark among these tags; empty where there is none."""
    return (tags or {}).get(OWNER_TAG, "")


def mark_of(owner: str) -> str:
    """The owner's mark for a name: six hexadecimal digits."""
    return hashlib.sha256(owner.encode()).hexdigest()[:MARK_LENGTH]
