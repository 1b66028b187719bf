"""What a rule is, and how it is judged.

A rule picks the places to look at and says, for one place, whether it is allowed. Both are pure functions of the
program's resources; levels, thresholds, messages and the engine are somebody else's business.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct

from policy.property import NotKnownError, OutsideError, Property, UnreadableError, WrongKindError
from policy.redaction import HIDDEN
from policy.resource import Resource
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
    """The keys that an object may have, where they are not free."""

    @property
    def allowed(self) -> str:
        """What a stack may set, in words."""
        return f"{self.kind}, by {', '.join(self.keys)}" if self.keys else str(self.kind)

    def allows(self, value: Any) -> bool:
        """Whether a stack may set this value."""
        return self._is_of_kind(value) and (not self.keys or set(value) <= set(self.keys))

    def _is_of_kind(self, value: Any) -> bool:
        match self.kind:
            case Kind.INTEGER:
                return _is_number(value) and float(value).is_integer() and value >= 0
            case Kind.NUMBER:
                return _is_number(value) and value >= 0
            case Kind.STRINGS:
                return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
            case Kind.NUMBERS:
                return isinstance(value, Mapping) and all(_is_number(item) and item >= 0 for item in value.values())
            case Kind.TEXTS:
                return isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values())
            case Kind.PATTERNS:
                return isinstance(value, Mapping) and all(_is_pattern(item) for item in value.values())


Options = Mapping[str, Any]
"""Values of a rule's options, by name."""


def at(*paths: str) -> Callable[[Resource, Options], Iterable[Property]]:
    """The subjects of a rule that looks at these properties."""
    return lambda resource, _: (resource.at(path) for path in paths)


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
    subjects: Callable[[Resource, Options], Iterable[Property]]
    """The places to look at."""
    allowed: Callable[[Property, Options], bool]
    """Whether one of them is as it should be."""
    scope: Scope = Scope.RESOURCE
    level: Level = Level.MANDATORY
    options: tuple[Option, ...] = ()
    references: tuple[str, ...] = ()
    """Controls of public benchmarks that ask for the same."""
    ascending: tuple[str, str] | None = None
    """Two options of which the first must not be above the second."""
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
    def levels(self) -> tuple[Level, ...]:
        """The levels that a stack may choose."""
        return tuple(level for level in Level if level is not Level.REMEDIATE or self.remedy)

    @property
    def defaults(self) -> Options:
        """The options' default values."""
        return {option.name: option.default for option in self.options}


class Verdict(StrEnum):
    """What came of judging one place."""

    BROKEN = "broken"
    NOT_YET_KNOWN = "not judged yet"
    """A value is known only during the update, which judges it."""
    OUTSIDE = "not judged"
    """It takes something that is not part of the stack; no update will know it either."""

    @property
    def judged(self) -> bool:
        """Whether it is known that the rule is broken."""
        return self is Verdict.BROKEN


@dataclass(frozen=True)
class Finding:
    """A place that is not allowed, or that could not be judged."""

    rule: Rule
    resource: Resource
    property: str
    found: str
    wanted: str
    verdict: Verdict = Verdict.BROKEN


NOT_YET_KNOWN: Final = "known only during `pulumi up`"


def judge(rule: Rule, resource: Resource, options: Options) -> Iterator[Finding]:
    """Every place in the resource that breaks the rule, or that cannot be judged: each by itself."""
    troubles: dict[str, Finding] = {}
    try:
        for subject in rule.subjects(resource, options):
            try:
                if subject.trouble:
                    raise subject.trouble
                if not rule.allowed(subject, options):
                    yield _broken(rule, subject, options)
            except UnreadableError as error:
                trouble = _trouble(rule, subject.resource, error, options)
                troubles[trouble.property] = trouble
    except UnreadableError as error:
        trouble = _trouble(rule, resource, error, options)
        troubles[trouble.property] = trouble
    yield from troubles.values()


def _broken(rule: Rule, subject: Property, options: Options) -> Finding:
    found = HIDDEN if rule.hides_found else subject.shown
    wanted = _wanted(rule, options)
    if subject.doubt:
        return Finding(rule, subject.resource, subject.path, f"{found}; {subject.doubt}", wanted, Verdict.OUTSIDE)
    return Finding(rule, subject.resource, subject.path, found, wanted)


def _trouble(rule: Rule, resource: Resource, error: UnreadableError, options: Options) -> Finding:
    """What could not be read: it is not known yet or not part of the stack, or it cannot be right."""
    match error:
        case NotKnownError():
            return Finding(
                rule, resource, error.path, NOT_YET_KNOWN, _wanted(rule, options), verdict=Verdict.NOT_YET_KNOWN
            )
        case OutsideError():
            place = error.place
            return Finding(rule, place.resource, place.path, error.why, _wanted(rule, options), verdict=Verdict.OUTSIDE)
        case WrongKindError():
            found = HIDDEN if rule.hides_found else error.place.shown
            return Finding(rule, error.place.resource, error.place.path, found, error.wanted)
        case _:
            raise error


def _wanted(rule: Rule, options: Options) -> str:
    return rule.wanted.format(**{name: text(value) for name, value in options.items()})


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
