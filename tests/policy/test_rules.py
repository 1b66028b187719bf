"""Each rule passes what is right, finds what is wrong, and cannot be turned round unnoticed."""

from dataclasses import replace

import pytest

from policy.pack import RULES
from policy.rule import Rule
from tests.policy.cases import BREAKING, KEEPING, Case
from tests.policy.example import Example, adopting, good
from tests.policy.judging import all_findings, judged, subjects


def passes(rule: Rule) -> None:
    """The good example is looked at, and nothing is found."""
    assert subjects(rule, adopting()) > 0
    assert judged(rule, adopting()) == []


def places(rule: Rule, case: Case) -> set[tuple[str, str, str]]:
    """Where the rule finds something in the broken example: resource, property, what is there."""
    example = good()
    case.edit(example)
    preview = rule.id == "adoption-exists"  # afterwards everything exists
    return {
        (finding.resource.name, finding.property, finding.found)
        for finding in judged(rule, example, preview=preview)
        if finding.verdict.judged
    }


def catches(rule: Rule, case: Case) -> set[tuple[str, str, str]]:
    """The broken example gives a finding at the resource that was broken."""
    found = places(rule, case)
    assert (case.resource or "example-dev") in {name for name, _, _ in found}
    return found


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_every_rule_passes_the_good_example(rule: Rule) -> None:
    passes(rule)


@pytest.mark.parametrize("case", BREAKING, ids=str)
def test_what_is_wrong_is_found(case: Case) -> None:
    assert catches(RULES[case.rule], case)


@pytest.mark.parametrize("case", KEEPING, ids=str)
def test_what_is_right_in_another_way_is_not(case: Case) -> None:
    example: Example = good()
    case.edit(example)
    assert [finding for finding in judged(RULES[case.rule], example) if finding.resource.name == case.resource] == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_turned_round_is_noticed(rule: Rule) -> None:
    """The condition inverted: what passes must fail, and nothing that is wrong must still be found."""
    inverted = replace(rule, allowed=lambda subject, options: not rule.allowed(subject, options))
    with pytest.raises(AssertionError):
        passes(inverted)
    for case in (case for case in BREAKING if case.rule == rule.id):
        assert places(inverted, case).isdisjoint(catches(rule, case))


def test_every_rule_has_a_case_and_words() -> None:
    assert len(RULES) >= 25
    assert {case.rule for case in BREAKING} == set(RULES)
    for rule in RULES.values():
        assert rule.title and rule.reason.endswith(".") and rule.fix and rule.wanted


def test_the_good_example_is_good_as_a_whole() -> None:
    assert all_findings(good(), preview=False) == []


def test_a_preview_of_the_good_example_has_no_violation() -> None:
    assert [finding for finding in all_findings(good(), preview=True) if finding.verdict.judged] == []
