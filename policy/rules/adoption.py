"""Resources that exist and are somebody else's: nothing may change, replace or delete them.

A program adopts a resource by importing it and ignoring every change (`import_`, `ignore_changes=["*"]`), and the
stack's settings name it (`adopted` of `adoption-exists`). What is imported, and what is retained, the engine does not
tell packs, so two of these rules read the plan, in `aca-inference check`.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from policy.property import Property
from policy.resource import CONTAINER_APP, Resource
from policy.rule import Kind, Option, Options, Rule, Scope, Severity
from policy.values import Unknown

OWNER_TAG: Final = "aca-inference-stack"
OWNER_METADATA: Final = "acainferencestack"
"""Where the stack that made a resource leaves its mark: a tag, or metadata of a share, which has no tags."""
DECLARED_BY: Final = "adoption-exists"
DECLARED: Final = "adopted"
"""The rule and its option that name what a stack adopts."""
_ENDS: Final = ("delete", "delete-replaced", "replace", "create-replacement")
_MCSB_LIFECYCLE: Final = "Microsoft cloud security benchmark v1, AM-3: ensure security of asset lifecycle management"


def marks(resource: Resource) -> Iterator[str]:
    """The marks of ownership that a resource carries, as far as they are known."""
    for mark in _marks(resource):
        if isinstance(mark.raw, str):
            yield mark.raw


def _marks(resource: Resource) -> tuple[Property, ...]:
    return resource.at(f"tags.{OWNER_TAG}"), resource.at(f"metadata.{OWNER_METADATA}")


def _untouched(resource: Resource, _: Options) -> Iterable[Property]:
    if resource.untouched:
        yield resource.computed(resource.id, "id")


def _owner(resource: Resource, _: Options) -> Iterable[Property]:
    """The mark of another stack. A Container App is never adopted: its owner would lose it."""
    for mark in _marks(resource):
        if mark.raw is not None and mark.raw != resource.siblings.mark:
            yield mark


def _is_left_alone(mark: Property, _: Options) -> bool:
    resource = mark.resource
    if mark.value == resource.siblings.mark:
        return True
    return resource.untouched and resource.type != CONTAINER_APP


def _kept(resource: Resource, _: Options) -> Iterable[Property]:
    if resource.untouched and resource.step and resource.step.operation not in _ENDS:
        kept = {"retainOnDelete": resource.step.retained, "protect": resource.protected}
        yield resource.computed(kept, "options")


def _ended(resource: Resource, _: Options) -> Iterable[Property]:
    if resource.untouched and resource.step and resource.step.operation in _ENDS:
        yield resource.computed(resource.step.operation, "plan")


def _only_forgotten(operation: Property, _: Options) -> bool:
    step = operation.resource.step
    return step is not None and step.operation == "delete" and step.retained


RULES: Final = (
    Rule(
        id=DECLARED_BY,
        title="What ignores every change exists already",
        reason="A resource that is created, or replaced, and then ignores every change is nobody's: no correction of"
        " the program ever reaches it, and an adopted one would be lost.",
        fix="Import the resource (`import_`) by its id, or remove ignore_changes=['*'] from one that the stack makes.",
        wanted="the id of a resource that exists",
        severity=Severity.HIGH,
        types=(),
        subjects=_untouched,
        allowed=lambda found, _: not isinstance(found.raw, Unknown),
        scope=Scope.STACK,
        options=(
            Option(
                DECLARED,
                Kind.STRINGS,
                (),
                "names in Azure of resources that are somebody else's; what other rules have against one of them, if"
                " every change to it is ignored, is told as advice",
            ),
        ),
        references=(_MCSB_LIFECYCLE,),
        binds_adopted=True,
    ),
    Rule(
        id="adoption-foreign",
        title="What another stack made is not changed",
        reason="The mark names the stack that owns the resource: both would change it in turn, and its destroy would"
        " take it away.",
        fix="Adopt it: import_=ID, retain_on_delete=True and ignore_changes=['*']; or use a resource of your own.",
        wanted="every change ignored, or no mark but this stack's",
        severity=Severity.CRITICAL,
        types=(),
        subjects=_owner,
        allowed=_is_left_alone,
        scope=Scope.STACK,
        references=(_MCSB_LIFECYCLE,),
        binds_adopted=True,
    ),
    Rule(
        id="adoption-kept",
        title="An adopted resource is retained or protected",
        reason="`pulumi destroy` deletes what it imported, with everything in it, unless told otherwise.",
        fix="Add retain_on_delete=True (it is only forgotten) or protect=True (destroy refuses) to its options.",
        wanted="retainOnDelete or protect",
        severity=Severity.CRITICAL,
        types=(),
        subjects=_kept,
        allowed=lambda kept, _: kept.value["retainOnDelete"] or kept.value["protect"],
        scope=Scope.PLAN,
        references=(_MCSB_LIFECYCLE,),
        binds_adopted=True,
    ),
    Rule(
        id="adoption-ended",
        title="Nothing adopted is replaced or deleted",
        reason="The resource is somebody else's; what is in it, and what depends on it, would be gone.",
        fix="Leave the resource in the program, or give it retain_on_delete=True and update once before it is removed.",
        wanted="no replacement; removal only of what is retained",
        severity=Severity.CRITICAL,
        types=(),
        subjects=_ended,
        allowed=_only_forgotten,
        scope=Scope.PLAN,
        references=(_MCSB_LIFECYCLE,),
        binds_adopted=True,
    ),
)
