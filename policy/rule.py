"""What a rule is, and how it is judged.

A rule picks the places to look at and says, for one place, whether it is allowed. Both are pure functions of the
program's resources; levels, thresholds, messages and the engine are somebody else's business.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct

from policy.resource import OutsideError, Property, Resource, UnreadableError, WrongKindError
from policy.values import text


class Level(StrEnum):
    """What a violation does: nothing, a word of advice, an end to the update, or a repair where the rule has one."""

    DISABLED = "disabled"
    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    REMEDIATE = "remediate"


class Severity(StrEnum):
    """How bad it is when a rule is broken."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Scope(StrEnum):
    """What must be known to judge a rule."""

    RESOURCE = "resource"
    """The resource alone: judged before it is touched."""
    STACK = "stack"
    """All resources together: judged at the end of a preview, and of an update."""
    PLAN = "plan"
    """What the engine will do: judged by `aca-inference check`, for the engine does not tell packs."""


class Kind(StrEnum):
    """What an option holds, in words."""

    INTEGER = "a whole number, 0 or more"
    NUMBER = "a number, 0 or more"
    STRINGS = "a list of strings"
    NUMBERS = "an object of numbers, 0 or more"
    TEXTS = "an object of strings"
    PATTERNS = "an object of regular expressions"


@dataclass(frozen=True)
class Option:
    """A threshold of a rule that a stack may set."""

    name: str
    kind: Kind
    default: Any
    meaning: str
    keys: tuple[str, ...] = ()
    """Of an object: the keys there are; none stands for any."""

    def allows(self, value: Any) -> bool:
        """Whether a stack may set this value."""
        match self.kind:
            case Kind.INTEGER:
                return _is_number(value) and float(value).is_integer() and value >= 0
            case Kind.NUMBER:
                return _is_number(value) and value >= 0
            case Kind.STRINGS:
                return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
            case Kind.NUMBERS:
                return self._holds(value, lambda item: _is_number(item) and item >= 0)
            case Kind.TEXTS:
                return self._holds(value, lambda item: isinstance(item, str))
            case Kind.PATTERNS:
                return self._holds(value, _is_pattern)

    @property
    def allowed(self) -> str:
        """What may be set, in words."""
        return f"{self.kind} under {', '.join(self.keys)}" if self.keys else str(self.kind)

    def _holds(self, value: Any, allows: Callable[[Any], bool]) -> bool:
        return isinstance(value, Mapping) and all(
            allows(item) and (not self.keys or key in self.keys) for key, item in value.items()
        )


Options = Mapping[str, Any]
"""Values of a rule's options, by name."""
Subject = Property | UnreadableError
"""A place to look at, or why one could not be found."""


def at(*paths: str) -> Callable[[Resource, Options], Iterable[Subject]]:
    """The subjects of a rule that looks at these properties."""
    return lambda resource, _: (resource.at(path) for path in paths)


def entries(resource: Resource, *paths: str) -> Iterator[Subject]:
    """The entries of these lists; one list that cannot be read takes no other with it."""
    for path in paths:
        try:
            yield from resource.items(path)
        except UnreadableError as error:
            yield error


def containers(workload: Resource) -> Iterator[Subject]:
    """The containers of an app or job, those that run before it included."""
    return entries(workload, "template.containers", "template.initContainers")


def within(places: Iterable[Subject], inner: Callable[[Property], Iterable[Subject]]) -> Iterator[Subject]:
    """What is within each place; one that cannot be read takes no other with it."""
    for place in places:
        if isinstance(place, UnreadableError):
            yield place
            continue
        try:
            yield from inner(place)
        except UnreadableError as error:
            yield error


@dataclass(frozen=True)
class Rule:
    """One thing that a platform team wants. Words are for a person who has not seen the rule before."""

    id: str
    title: str
    reason: str
    fix: str
    wanted: str
    """What is allowed; `{option}` stands for an option's value."""
    severity: Severity
    types: tuple[str, ...]
    """Types of the resources that it is about; none stands for every type."""
    subjects: Callable[[Resource, Options], Iterable[Subject]]
    """The places to look at."""
    allowed: Callable[[Property, Options], bool]
    """Whether one of them is as it should be."""
    scope: Scope = Scope.RESOURCE
    level: Level = Level.MANDATORY
    options: tuple[Option, ...] = ()
    order: tuple[str, ...] = ()
    """Options whose values must not fall, such as a minimum and a maximum."""
    references: tuple[str, ...] = ()
    """Controls of public benchmarks that ask for the same."""
    hides_found: bool = False
    """What is found may itself be a secret."""
    binds_adopted: bool = False
    """Holds for adopted resources too: their values are their owner's affair, how they are adopted is not."""
    remedy: Callable[[Struct, Options], bool] | None = None
    """Puts properties right in place; False if there was nothing to do."""

    @property
    def family(self) -> str:
        """The first word of the id."""
        return self.id.partition("-")[0]

    @property
    def defaults(self) -> Options:
        """The options' default values."""
        return {option.name: option.default for option in self.options}


@dataclass(frozen=True)
class Finding:
    """A place that is not allowed, or (`judged` False) one that could not be judged.

    That is because a value comes from a resource yet to be made, and the update knows it; or (`outside`) because it
    depends on a resource that is not part of the stack, and no run of it ever knows.
    """

    rule: Rule
    resource: Resource
    property: str
    found: str
    wanted: str
    judged: bool = True
    outside: bool = False


NOT_YET_KNOWN: Final = "known only during `pulumi up`"
HIDDEN: Final = "(hidden)"


def judge(rule: Rule, resource: Resource, options: Options) -> Iterator[Finding]:
    """Every place in the resource that breaks the rule, or that cannot be judged."""
    wanted = rule.wanted.format(**{name: text(value) for name, value in options.items()})
    troubles: dict[str, Finding] = {}
    for subject in _guarded(rule.subjects(resource, options)):
        try:
            if isinstance(subject, UnreadableError):
                raise subject
            if not rule.allowed(subject, options):
                found = HIDDEN if rule.hides_found else text(subject.raw)
                yield Finding(rule, subject.resource, subject.path, found, wanted)
        except UnreadableError as error:
            trouble = _trouble(rule, resource, error, wanted)
            troubles[trouble.property] = trouble
    yield from troubles.values()


def _guarded(subjects: Iterable[Subject]) -> Iterator[Subject]:
    try:
        yield from subjects
    except UnreadableError as error:
        yield error


def _trouble(rule: Rule, resource: Resource, error: UnreadableError, wanted: str) -> Finding:
    """What could not be read: it is not known, which is nobody's fault, or it cannot be right."""
    match error:
        case WrongKindError():
            found = HIDDEN if rule.hides_found else text(error.place.raw)
            return Finding(rule, error.place.resource, error.place.path, found, error.wanted)
        case OutsideError():
            return Finding(rule, resource, error.path, str(error), wanted, judged=False, outside=True)
        case _:
            return Finding(rule, resource, error.path, NOT_YET_KNOWN, wanted, judged=False)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
