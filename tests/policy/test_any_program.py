"""Other people's programs: whatever stands in a resource, every rule says something or nothing, and none breaks."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.pack import RULES
from policy.rule import judge
from policy.settings import parse
from tests.policy.example import CONFIGURATION, Example, good
from tests.policy.judging import stack_of

SETTINGS = parse(RULES, CONFIGURATION)
ODD = [
    None,
    "",
    "text",
    0,
    -1,
    1.5,
    True,
    [],
    {},
    [None],
    ["x"],
    {"x": "y"},
    {"$ref": "account", "output": "name"},
    {"$secret": "s"},
]


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a value, as the keys that lead to it."""
    if isinstance(value, dict) and value.keys() & {"$ref", "$secret"}:
        return [way]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way] * bool(way) + [place for key, item in inner for place in _places(item, (*way, key))]


PLACES = [(name, place) for name, declared in good().items() for place in _places(declared.inputs)]


def _with(changes: list[tuple[tuple[str, tuple[Any, ...]], Any]]) -> Example:
    example = good()
    for (name, way), value in changes:
        inner: Any = example[name].inputs
        for key in way[:-1]:
            inner = inner[key] if isinstance(inner, dict | list) and _has(inner, key) else {}
        if isinstance(inner, dict | list) and _has(inner, way[-1]):
            inner[way[-1]] = copy.deepcopy(value)
    return example


def _has(inner: Any, key: Any) -> bool:
    return key in inner if isinstance(inner, dict) else isinstance(key, int) and key < len(inner)


def _judge_all(example: Example, preview: bool) -> None:
    for resource in stack_of(example, preview).resources:
        for rule in RULES.values():
            if not rule.types or resource.type in rule.types:
                for finding in judge(rule, resource, SETTINGS[rule.id].options):
                    assert finding.found and finding.wanted


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), min_size=1, max_size=6), st.booleans())
def test_no_rule_breaks_over_odd_values(changes: list[Any], preview: bool) -> None:
    _judge_all(_with(changes), preview)


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_no_rule_breaks_over_one_odd_value_anywhere(value: Any) -> None:
    for place in PLACES:
        _judge_all(_with([(place, value)]), preview=False)
