"""What a check found, for machines: JSON, and SARIF 2.1.0 for code scanning (OASIS standard, sections 3.13 to 3.52)."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from cli.check_run import Result
from policy.pack import NAME, RULES, VERSION
from policy.rule import Level, Rule, Severity

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_SECURITY_SEVERITY: Final = {
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}
"""Scores that code scanning shows as low, medium, high and critical."""


def summary(results: Sequence[Result]) -> dict[str, int]:
    """How many findings of each kind."""
    count = Counter(_kind(result) for result in results)
    return {kind: count[kind] for kind in ("violations", "advice", "not judged")}


def as_json(stack: str, results: Sequence[Result]) -> dict[str, Any]:
    """The whole check as one document."""
    return {
        "stack": stack,
        "pack": f"{NAME} {VERSION}",
        "rules": len(RULES),
        "summary": summary(results),
        "findings": [
            {
                "rule": result.rule.id,
                "level": result.level,
                "severity": result.rule.severity,
                "judged": result.message.verdict.judged,
                "resource": result.resource,
                "urn": result.urn,
                "property": result.message.property,
                "found": result.message.found,
                "wanted": result.message.wanted,
                "why": result.message.why,
                "how": result.message.how,
                "source": f"{result.source.file}:{result.source.line}" if result.source else None,
            }
            for result in results
        ],
    }


def as_sarif(fallback_file: str, results: Sequence[Result]) -> dict[str, Any]:
    """The findings as code scanning takes them; without a line in the program they stand in `fallback_file`."""
    rules = list(RULES.values())
    places = {rule.id: index for index, rule in enumerate(rules)}
    driver = {"name": NAME, "version": VERSION, "rules": [_sarif_rule(rule) for rule in rules]}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "results": [_sarif_result(result, places[result.rule.id], fallback_file) for result in results],
            }
        ],
    }


def _kind(result: Result) -> str:
    if not result.message.verdict.judged:
        return "not judged"
    return "violations" if result.violation else "advice"


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.reason},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": _sarif_level(rule.level)},
        "properties": {"tags": [rule.family], "security-severity": _SECURITY_SEVERITY[rule.severity]},
    }


def _sarif_result(result: Result, rule_index: int, fallback_file: str) -> dict[str, Any]:
    said = result.message
    region = {"region": {"startLine": result.source.line}} if result.source else {}
    file = result.source.file if result.source else fallback_file
    return {
        "ruleId": result.rule.id,
        "ruleIndex": rule_index,
        "level": _sarif_level(result.level) if said.verdict.judged else "none",
        "kind": "fail" if said.verdict.judged else "open",
        "message": {"text": f"{result.resource}: {said.property} is {said.found}, wanted {said.wanted}. {said.how}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": file}, **region},
                "logicalLocations": [{"fullyQualifiedName": result.urn, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"finding/v1": f"{result.rule.id}/{result.urn}/{said.property}"},
    }


def _sarif_level(level: Level) -> str:
    return {Level.DISABLED: "none", Level.ADVISORY: "warning"}.get(level, "error")
