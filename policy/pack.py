"""The whole pack: every family's rules."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from policy.resource import Resource
from policy.rule import Finding, Level, Rule, Scope, Verdict, judge
from policy.rules import adoption, capacity, cost, exposure, logs, names, placement, secrets, storage, supply, tags
from policy.settings import RuleSettings

NAME: Final = "aca-inference"
VERSION: Final = "0.1.0"

FAMILIES: Final = {
    "exposure": exposure,
    "cost": cost,
    "capacity": capacity,
    "supply": supply,
    "secrets": secrets,
    "storage": storage,
    "logs": logs,
    "adoption": adoption,
    "placement": placement,
    "tags": tags,
    "names": names,
}
RULES: Final[Mapping[str, Rule]] = {rule.id: rule for family in FAMILIES.values() for rule in family.RULES}
ADOPTED_NOTE: Final = "This one is adopted: its owner must change it."
UNDECLARED_NOTE: Final = "If it is somebody else's, name it in `adopted` of the rule adoption-exists."


def findings(resource: Resource, scope: Scope, settings: Mapping[str, RuleSettings]) -> Iterator[Finding]:
    """What the rules of a scope have against a resource, at the levels of these settings."""
    for rule in _rules(scope, resource.type):
        chosen = settings[rule.id]
        if chosen.level is not Level.DISABLED:
            yield from judge(rule, resource, chosen.options)


def adopted(resource: Resource, mark: str, settings: Mapping[str, RuleSettings]) -> bool:
    """Whether a resource is somebody else's: the stack's settings name it, every change to it is ignored, and it does
    not carry the stack's own mark. That every change is ignored alone says nothing: any program may say so of what it
    makes itself, and the engine does not tell packs what is imported.
    """
    named = settings[adoption.DECLARED_BY].options[adoption.DECLARED]
    if not resource.untouched or mark in adoption.marks(resource):
        return False
    return resource.own_name in named or resource.name in named


def level(finding: Finding, settings: Mapping[str, RuleSettings], dry_run: bool) -> Level:
    """What a finding does.

    What a preview does not know yet is told and nothing more: the update judges it. What even an update does not know
    counts as a violation; what is not part of the stack is told by both. A word of advice is all there is against a
    resource that this stack only adopts or reads.
    """
    if finding.verdict is Verdict.OUTSIDE or (finding.verdict is Verdict.NOT_YET_KNOWN and dry_run):
        return Level.ADVISORY
    if finding.resource.adopted and not finding.rule.binds_adopted:
        return Level.ADVISORY
    chosen = settings[finding.rule.id].level
    return Level.MANDATORY if chosen is Level.REMEDIATE else chosen


@cache
def _rules(scope: Scope, kind: str) -> tuple[Rule, ...]:
    """The rules of a scope that look at resources of a type."""
    return tuple(rule for rule in RULES.values() if rule.scope is scope and (not rule.types or kind in rule.types))
