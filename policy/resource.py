"""What a rule sees of a program: resources with their properties, and the stack that they belong to."""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeVar

from policy.property import NotKnownError, Property
from policy.redaction import secrets_in
from policy.values import Secret

CONTAINER_APP: Final = "app:ContainerApp"
JOB: Final = "app:Job"
ENVIRONMENT: Final = "app:ManagedEnvironment"
ENVIRONMENT_STORAGE: Final = "app:ManagedEnvironmentsStorage"
AUTH_CONFIG: Final = "app:ContainerAppsAuthConfig"
STORAGE_ACCOUNT: Final = "storage:StorageAccount"
FILE_SERVICE: Final = "storage:FileServiceProperties"
FILE_SHARE: Final = "storage:FileShare"
WORKSPACE: Final = "operationalinsights:Workspace"
RESOURCE_GROUP: Final = "resources:ResourceGroup"
STACK: Final = "pulumi:Stack"
WORKLOADS: Final = (CONTAINER_APP, JOB)
"""What runs containers."""

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

AZURE: Final = "azure-native"
_TOKEN: Final = re.compile(r"(?:azure-native|pulumi)[^:]*:([\w-]+)(?:/[^:]*)?:(\w+)")
_Found = TypeVar("_Found")


def short_type(token: str) -> str:
    """`app:ContainerApp` for every API version's token of that type; other providers' tokens stay as they are."""
    found = _TOKEN.fullmatch(token)
    return f"{found[1]}:{found[2]}" if found else token


def package(token: str) -> str:
    """The provider package of a type's token, such as `azure-native`."""
    return token.partition(":")[0]


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
    package: str = AZURE
    adopted: bool = False
    """Whether it is somebody else's, and not written by this stack."""

    @property
    def name(self) -> str:
        """The logical name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def untouched(self) -> bool:
        """Whether every change to it is ignored."""
        return "*" in self.ignored

    @property
    def own_name(self) -> str:
        """The name in Azure, where it is known and the type has one; else the logical name."""
        own = self.inputs.get(OWN_NAME.get(self.type, ""))
        return own if isinstance(own, str) else self.name

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Every secret in the inputs."""
        return frozenset(secrets_in(self.inputs))

    @property
    def siblings(self) -> "Stack":
        """The stack that it belongs to; only for rules that judge a whole stack."""
        assert self.stack is not None
        return self.stack

    def at(self, path: str) -> Property:
        """A property of the inputs."""
        return Property(self, "", self.inputs).at(path)

    def items(self, path: str) -> Iterator[Property]:
        """The entries of a list in the inputs; see `Property.items`."""
        return Property(self, "", self.inputs).items(path)

    def each(self, path: str) -> Iterator[Property]:
        """The entries of a list in the inputs; see `Property.each`."""
        return Property(self, "", self.inputs).each(path)

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
        self._found: dict[Hashable, Any] = {}
        for resource in self.resources:
            self._by_type.setdefault(resource.type, []).append(resource)

    def of_type(self, *kinds: str) -> list[Resource]:
        """All resources of these types."""
        return [found for kind in kinds for found in self._by_type.get(kind, ())]

    def once(self, what: Hashable, find: Callable[[], _Found]) -> _Found:
        """What `find` finds, looked for once for all rules."""
        if what not in self._found:
            self._found[what] = find()
        return self._found[what]

    def referred(self, reference: Property, kind: str) -> list[Resource]:
        """The resources of a type that a property names: by name or id where known, else those it comes from."""
        if reference.raw is None:
            return []
        try:
            wanted = str(reference.value).lower()
        except NotKnownError:
            return self._sources(reference, kind)
        if "/" in wanted:
            same = [found for found in self.of_type(kind) if isinstance(found.id, str) and found.id.lower() == wanted]
            if same:
                return same
        named = [found for found in self.of_type(kind) if wanted.rpartition("/")[2] in _names(found)]
        if len(named) < 2:
            return named
        sources = {found.urn for found in self._sources(reference, kind)}
        return [found for found in named if found.urn in sources] or named

    def referring(self, resource: Resource, kind: str, path: str) -> list[Resource]:
        """The resources of a type whose property at `path` names this one."""
        return self.once((kind, path, resource.type), lambda: self._referring(resource.type, kind, path)).get(
            resource.urn, []
        )

    def _referring(self, named: str, kind: str, path: str) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.of_type(kind):
            for one in self.referred(resource.at(path), named):
                found.setdefault(one.urn, []).append(resource)
        return found

    def _sources(self, reference: Property, kind: str) -> list[Resource]:
        """Resources of a type that an input comes from."""
        urns = reference.resource.dependencies.get(re.split(r"[.\[]", reference.path)[0], ())
        return [self._by_urn[urn] for urn in urns if urn in self._by_urn and self._by_urn[urn].type == kind]


def _names(resource: Resource) -> set[str]:
    own = resource.inputs.get(OWN_NAME.get(resource.type, ""))
    own = own.value if isinstance(own, Secret) else own
    known = (own, str(resource.id).rpartition("/")[2] if isinstance(resource.id, str) else None)
    return {name.lower() for name in known if isinstance(name, str)}
