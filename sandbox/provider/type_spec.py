"""What the stand-in has to know of a resource type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TypeSpec:
    """One resource type, as the azure-native package shows it and as ARM takes it.

    `path` is the ARM path below the subscription, with inputs in braces; the last of them is the resource's own name.
    Everything else names properties as Pulumi spells them, with dots for nested ones; lists count as their items, so
    that `template.containers.env` is the environment of every container.
    """

    token: str
    path: str
    api_version: str
    inputs: frozenset[str]
    """Inputs beside those of the path."""
    read_only: frozenset[str] = frozenset()
    """Outputs that only Azure sets: unknown in a preview of a create, left out of imported inputs."""
    top_level: frozenset[str] = frozenset()
    """What stands beside `properties` in ARM's body; everything else is in `properties`."""
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """ARM's own name of what Pulumi calls otherwise."""
    required: frozenset[str] = frozenset()
    """Inputs without which a check fails, beside the parents' names."""
    immutable: frozenset[str] = frozenset()
    """Inputs whose change replaces the resource, beside the path's: `x-ms-mutability` without update in ARM's
    specification, and what the real provider adds to it."""
    secrets: frozenset[str] = frozenset()
    """Inputs that are secret (`x-ms-secret`); ARM returns none of them."""
    identifiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Lists that are sets to ARM (`x-ms-identifiers`): what tells one item from another, so that order is nothing."""
    resets: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What an update puts in place of an input that was taken away and that ARM would otherwise keep."""
    singleton: bool = False
    """It comes with its parent: a create adopts it, a delete puts its defaults back."""

    @property
    def path_inputs(self) -> tuple[str, ...]:
        """The inputs that the path is made of, parents first."""
        return tuple(part.partition("}")[0] for part in self.path.split("{")[1:])

    @property
    def own_name(self) -> str:
        """The input that names the resource."""
        return self.path_inputs[-1]

    @property
    def outputs(self) -> frozenset[str]:
        """All outputs that ARM's answer can have."""
        return self.inputs | {name for name in self.read_only if "." not in name} | {"id", "name", "type"}
