"""A place in a resource's inputs as a rule reads it: what is there, and what it is when it cannot be read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policy.redaction import redacted
from policy.values import UNKNOWN, Secret, Unknown, text

if TYPE_CHECKING:
    from policy.resource import Resource


class UnreadableError(Exception):
    """A rule read something that it cannot judge."""


class NotKnownError(UnreadableError):
    """A rule read a value that is known only during `pulumi up`; `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class OutsideError(UnreadableError):
    """A rule needs a resource that is not part of the stack; `place` refers to it, `why` says what is missing."""

    def __init__(self, place: "Property", why: str) -> None:
        super().__init__(f"{place.path}: {why}")
        self.place = place
        self.why = why


class WrongKindError(UnreadableError):
    """A rule read a value that is something else than it can be, such as text where a number belongs."""

    def __init__(self, place: "Property", wanted: str) -> None:
        super().__init__(f"{place.path} is not {wanted}")
        self.place = place
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Property:
    """A place in a resource's inputs, and what is there: None where nothing is set."""

    resource: "Resource"
    path: str
    raw: Any
    hidden: bool = False
    """Whether it is part of something that the program marked as secret."""
    trouble: UnreadableError | None = None
    """Why it cannot be read, where that is known already: reading it raises this."""
    doubt: str = ""
    """Why it is not certain that a rule applies here."""

    @property
    def value(self) -> Any:
        """The plain value, a secret's too.

        Raises:
            NotKnownError: it is known only during `pulumi up`.
            UnreadableError: it cannot be read for another reason.
        """
        if self.trouble:
            raise self.trouble
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

    @property
    def shown(self) -> str:
        """The value in one short line for people, without secrets."""
        if self.hidden or self.secret:
            return "(secret)"
        name = self.path.rpartition(".")[2]
        return text(redacted({name: self.raw}, self.resource.secrets)[name])

    def at(self, path: str) -> "Property":
        """The property below this one, such as `ingress.external`; not known where anything on the way is not."""
        found = self
        for key in path.split("."):
            found = found.child(key)
        return found

    def child(self, key: str) -> "Property":
        """The property of this name, whatever characters are in it."""
        if self.trouble:
            return self
        parent = self.raw.value if isinstance(self.raw, Secret) else self.raw
        inner = UNKNOWN if isinstance(parent, Unknown) else parent.get(key) if isinstance(parent, Mapping) else None
        return self._below(f"{self.path}.{key}" if self.path else key, inner)

    def items(self, path: str = "") -> Iterator["Property"]:
        """The entries of the list here, or at a path below; none where nothing is set. For conditions: raises."""
        entries = self.at(path) if path else self
        listed = entries.value
        if listed is not None and not isinstance(listed, list):
            raise WrongKindError(entries, "a list")
        for index, entry in enumerate(listed or ()):
            yield entries._below(f"{entries.path}[{index}]", entry)

    def each(self, path: str = "") -> Iterator["Property"]:
        """Like `items`, for subjects: in the place of a list that cannot be read, one property that cannot."""
        entries = self.at(path) if path else self
        try:
            yield from list(entries.items())
        except UnreadableError as error:
            yield entries.troubled(error)

    def troubled(self, error: UnreadableError) -> "Property":
        """This place as one that cannot be read."""
        return replace(self, raw=UNKNOWN, trouble=error)

    def doubted(self, why: str) -> "Property":
        """This place as one that a rule may not be about."""
        return replace(self, doubt=why) if why else self

    def _below(self, path: str, raw: Any) -> "Property":
        return Property(self.resource, path, raw, self.hidden or isinstance(self.raw, Secret), None, self.doubt)


def select(entries: Iterable[Property], wanted: Callable[[Property], Any]) -> Iterator[Property]:
    """The entries that are wanted, and in its place each one of which that cannot be said."""
    for entry in entries:
        try:
            if not wanted(entry):
                continue
        except UnreadableError as error:
            yield entry.troubled(error)
        else:
            yield entry
