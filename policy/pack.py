"""The whole pack: every family's rules."""

from collections.abc import Iterator, Mapping
from typing import Final

from policy.resource import Resource
from policy.rule import Finding, Level, Rule, Scope, judge
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


def findings(resource: Resource, scope: Scope, settings: Mapping[str, RuleSettings]) -> Iterator[Finding]:
    """What the rules of a scope have against a resource, at the levels of these settings."""
    for rule in RULES.values():
        chosen = settings[rule.id]
        if (
            rule.scope is scope
            and chosen.level is not Level.DISABLED
            and (not rule.types or resource.type in rule.types)
        ):
            yield from judge(rule, resource, chosen.options)


def level(finding: Finding, settings: Mapping[str, RuleSettings], dry_run: bool) -> Level:
    """What a finding does.

    What a preview does not know yet is told and nothing more: the update judges it. What even an update does not know
    counts as a violation, unless it is about a resource that is not part of the stack. A word of advice is all there is
    against a resource that this stack only adopts.
    """
    chosen = settings[finding.rule.id].level
    if finding.outside or (not finding.judged and dry_run):
        return Level.ADVISORY
    if finding.resource.adopted and not finding.rule.binds_adopted:
        return Level.ADVISORY
    return Level.MANDATORY if chosen is Level.REMEDIATE else chosen
