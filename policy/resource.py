"""What a rule sees of a program: resources with their properties, and the stack that they belong to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from policy.values import UNKNOWN, Secret, Unknown

CONTAINER_APP: Final = "app:ContainerApp"
JOB: Final = "app:Job"
WORKLOADS: Final = (CONTAINER_APP, JOB)
"""What runs containers; both have the same template."""
ENVIRONMENT: Final = "app:ManagedEnvironment"
ENVIRONMENT_STORAGE: Final = "app:ManagedEnvironmentsStorage"
AUTH_CONFIG: Final = "app:ContainerAppsAuthConfig"
STORAGE_ACCOUNT: Final = "storage:StorageAccount"
FILE_SERVICE: Final = "storage:FileServiceProperties"
FILE_SHARE: Final = "storage:FileShare"
WORKSPACE: Final = "operationalinsights:Workspace"
RESOURCE_GROUP: Final = "resources:ResourceGroup"
STACK: Final = "pulumi:Stack"

OWN_NAME: Final[Mapping[str, str]] = {
    CONTAINER_APP: "containerAppName",
    JOB: "jobName",
    ENVIRONMENT: "environmentName",
    ENVIRONMENT_STORAGE: "storageName",
    STORAGE_ACCOUNT: "accountName",
    FILE_SHARE: "shareName",
    WORKSPACE: "workspaceName",
    RESOURCE_GROUP: "resourceGroupName",
}
"""The property that holds a resource's own name in Azure."""

_TOKEN: Final = re.compile(r"(?:azure-native|pulumi)[^:]*:([\w-]+)(?:/[^:]*)?:(\w+)")


class UnreadableError(Exception):
    """A rule needs what it cannot have; `path` says which property is in the way."""

    def __init__(self, path: str, message: str = "") -> None:
        super().__init__(message or path)
        self.path = path


class NotKnownError(UnreadableError):
    """A value that is known only during `pulumi up`."""


class OutsideError(UnreadableError):
    """Something about a resource that is not part of the stack; the message says what."""


class WrongKindError(UnreadableError):
    """A value that is something else than it can be, such as text where a number belongs."""

    def __init__(self, place: "Property", wanted: str) -> None:
        super().__init__(place.path, f"{place.path} is not {wanted}")
        self.place = place
        self.wanted = wanted


def short_type(token: str) -> str:
    """`app:ContainerApp` for every API version's token of that type; other providers' tokens stay as they are."""
    found = _TOKEN.fullmatch(token)
    return f"{found[1]}:{found[2]}" if found else token


@dataclass(frozen=True)
class Property:
    """A place in a resource's inputs, and what is there: None where nothing is set."""

    resource: "Resource"
    path: str
    raw: Any

    @property
    def value(self) -> Any:
        """The plain value, a secret's too.

        Raises:
            NotKnownError: it is known only during `pulumi up`.
        """
        plain = self.raw.value if isinstance(self.raw, Secret) else self.raw
        if isinstance(plain, Unknown):
            raise NotKnownError(self.path)
        return plain

    @property
    def text(self) -> str:
        """The value as text; empty where nothing is set. Raises like `value`, and WrongKindError."""
        value = self.value
        if value is not None and not isinstance(value, str):
            raise WrongKindError(self, "text")
        return value or ""

    @property
    def number(self) -> float:
        """The value as a number; 0 where nothing is set. Raises like `value`, and WrongKindError."""
        value = self.value
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise WrongKindError(self, "a number")
        return value or 0

    @property
    def flag(self) -> bool | None:
        """The value as true or false; None where nothing is set. Raises like `value`, and WrongKindError."""
        value = self.value
        if value is not None and not isinstance(value, bool):
            raise WrongKindError(self, "true or false")
        return value

    @property
    def secret(self) -> bool:
        """Whether the program marked it as secret."""
        return isinstance(self.raw, Secret)

    def at(self, path: str) -> "Property":
        """The property below this one, such as `ingress.external`; not known where anything on the way is not."""
        found = self
        for key in path.split("."):
            found = found.child(key)
        return found

    def child(self, key: str) -> "Property":
        """The property of this name, whatever characters are in it."""
        parent = self.raw.value if isinstance(self.raw, Secret) else self.raw
        inner = UNKNOWN if isinstance(parent, Unknown) else parent.get(key) if isinstance(parent, Mapping) else None
        return Property(self.resource, f"{self.path}.{key}" if self.path else key, inner)

    def items(self, path: str = "") -> Iterator["Property"]:
        """The entries of the list here, or at a path below; none where nothing is set."""
        entries = self.at(path) if path else self
        listed = entries.value
        if listed is not None and not isinstance(listed, list):
            raise WrongKindError(entries, "a list")
        for index, entry in enumerate(listed or ()):
            yield Property(self.resource, f"{entries.path}[{index}]", entry)


@dataclass(frozen=True)
class Step:
    """What the engine plans to do with a resource; the engine tells packs nothing of it, `aca-inference check` does."""

    operation: str
    retained: bool


@dataclass(frozen=True)
class Resource:
    """One resource of the program.

    `inputs` are what the program asks for; for an adopted resource, what is there. `dependencies` names, by input, the
    URNs of the resources that it comes from. `id` is UNKNOWN while the resource does not exist.
    """

    urn: str
    type: str
    inputs: Mapping[str, Any]
    ignored: frozenset[str] = frozenset()
    protected: bool = False
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    id: Any = None
    stack: "Stack | None" = field(default=None, compare=False, repr=False)
    step: Step | None = None
    made_here: bool = False
    """Whether it carries the mark of this very stack."""

    @property
    def name(self) -> str:
        """The logical name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def adopted(self) -> bool:
        """Whether every change to it is ignored, because it exists and is somebody else's."""
        return "*" in self.ignored and not self.made_here

    @property
    def azure(self) -> bool:
        """Whether it is a resource of Azure's provider: other types keep their whole token."""
        module, _, kind = self.type.partition(":")
        return module not in ("pulumi", "dynamic") and ":" not in kind

    @property
    def siblings(self) -> "Stack":
        """The stack that it belongs to; only for rules that judge a whole stack."""
        assert self.stack is not None
        return self.stack

    def at(self, path: str) -> Property:
        """A property of the inputs."""
        return Property(self, "", self.inputs).at(path)

    def items(self, path: str) -> Iterator[Property]:
        """The entries of a list in the inputs."""
        return Property(self, "", self.inputs).items(path)

    def computed(self, value: Any, path: str = "") -> Property:
        """Something that no single property holds, such as a sum, as a property."""
        return Property(self, path, value)


class Stack:
    """All resources of a stack, and who refers to whom. `mark` is ORGANIZATION/PROJECT/STACK."""

    def __init__(self, resources: list[Resource], mark: str = "") -> None:
        self.mark = mark
        self.resources = [replace(resource, stack=self) for resource in resources]
        self._by_urn = {resource.urn: resource for resource in self.resources}
        self._by_type: dict[str, list[Resource]] = {}
        for resource in self.resources:
            self._by_type.setdefault(resource.type, []).append(resource)

    def of_type(self, kind: str) -> list[Resource]:
        """All resources of a type."""
        return self._by_type.get(kind, [])

    def referred(self, reference: Property, kind: str) -> list[Resource]:
        """The resources of a type that a property names: by name or id where known, else those it comes from."""
        if reference.raw is None:
            return []
        if not isinstance(reference.raw, Unknown):
            wanted = str(reference.value).lower()
            return [found for found in self.of_type(kind) if _is_named(found, wanted)]
        sources = reference.resource.dependencies.get(re.split(r"[.\[]", reference.path)[0], ())
        return [self._by_urn[urn] for urn in sources if urn in self._by_urn and self._by_urn[urn].type == kind]

    def referring(self, resource: Resource, kind: str, path: str) -> list[Resource]:
        """The resources of a type whose property at `path` names this one."""
        return [
            found
            for found in self.of_type(kind)
            if any(resource.urn == named.urn for named in self.referred(found.at(path), resource.type))
        ]


def _is_named(resource: Resource, wanted: str) -> bool:
    """By its whole id where both are known: two resources may have one name, in groups or parents of their own."""
    if "/" in wanted and isinstance(resource.id, str) and "/" in resource.id:
        return resource.id.lower() == wanted
    name = wanted.rpartition("/")[2]
    own = resource.inputs.get(OWN_NAME.get(resource.type, ""))
    known = (own, resource.id.rpartition("/")[2] if isinstance(resource.id, str) else None)
    return name in {each.lower() for each in known if isinstance(each, str)}
