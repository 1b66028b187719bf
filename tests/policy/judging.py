"""The example as rules see it, and what they have against it."""

from collections.abc import Mapping
from typing import Any

from policy.pack import RULES, findings
from policy.resource import AZURE, OWN_NAME, Resource, Stack, package
from policy.rule import Finding, Rule, Scope, judge
from policy.settings import parse
from policy.values import UNKNOWN, Secret
from tests.policy.example import CONFIGURATION, MARK, Declared, Example


def stack_of(example: Example, preview: bool) -> Stack:
    """The example as rules see it: in a preview nothing exists but what is adopted, so references are not known."""
    return Stack([_resource(name, example, preview) for name in example] + [_root()], MARK)


def judged(
    rule: Rule, example: Example, configuration: Mapping[str, Any] = CONFIGURATION, preview: bool = False
) -> list[Finding]:
    """What one rule has against the example."""
    options = parse({**RULES, rule.id: rule}, configuration)[rule.id].options
    return [
        finding
        for resource in stack_of(example, preview).resources
        if not rule.types or resource.type in rule.types
        for finding in judge(rule, resource, options)
    ]


def subjects(rule: Rule, example: Example) -> int:
    """How many places of the example a rule looks at: none would make its passing worth nothing."""
    options = parse(RULES, CONFIGURATION)[rule.id].options
    return sum(
        len(list(rule.subjects(resource, options)))
        for resource in stack_of(example, preview=False).resources
        if not rule.types or resource.type in rule.types
    )


def all_findings(example: Example, preview: bool) -> list[Finding]:
    settings = parse(RULES, CONFIGURATION)
    stack = stack_of(example, preview)
    return [
        finding for resource in stack.resources for scope in Scope for finding in findings(resource, scope, settings)
    ]


def urn(name: str, kind: str) -> str:
    return f"urn:pulumi:dev::example::azure-native:{kind}::{name}"


def _root() -> Resource:
    return Resource("urn:pulumi:dev::example::pulumi:pulumi:Stack::example-dev", "pulumi:Stack", {})


def _resource(name: str, example: Example, preview: bool) -> Resource:
    declared = example[name]
    sources: dict[str, tuple[str, ...]] = {
        key: tuple(urn(source, example[source].type) for source in _sources(value) if source in example)
        for key, value in declared.inputs.items()
    }
    return Resource(
        urn=urn(name, declared.type),
        type=declared.type,
        inputs={key: _value(value, example, preview) for key, value in declared.inputs.items()},
        ignored=frozenset(declared.ignored),
        protected=declared.protected,
        dependencies=sources,
        id=UNKNOWN if preview and not declared.exists else _id(_own_name(name, declared)),
        adopted=declared.adopted,
        package=package(declared.type) if declared.type.count(":") == 2 else AZURE,
        step=declared.step,
    )


def _id(name: str) -> str:
    return f"/subscriptions/s/resourceGroups/tone/providers/Example/{name}"


def _own_name(name: str, declared: Declared) -> str:
    own = declared.inputs.get(OWN_NAME.get(declared.type, ""))
    return own if isinstance(own, str) else name


def _value(value: Any, example: Example, preview: bool) -> Any:
    match value:
        case {"$ref": source, "output": output}:
            if preview:
                return UNKNOWN
            own = _own_name(source, example[source]) if source in example else source
            return own if output == "name" else _id(own)
        case {"$secret": hidden}:
            return Secret(hidden)
        case {"$unknown": _}:
            return UNKNOWN
        case dict():
            return {key: _value(item, example, preview) for key, item in value.items()}
        case list():
            return [_value(item, example, preview) for item in value]
        case _:
            return value


def _sources(value: Any) -> list[str]:
    match value:
        case {"$ref": source}:
            return [source]
        case dict():
            return [source for item in value.values() for source in _sources(item)]
        case list():
            return [source for item in value for source in _sources(item)]
        case _:
            return []
