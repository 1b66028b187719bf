"""Each rule passes what is right, finds what is wrong, and cannot be turned round unnoticed."""

from dataclasses import replace
from typing import Any

import pytest

from policy.pack import RULES, level
from policy.rule import Level, Rule
from policy.settings import parse
from tests.policy.cases import BREAKING, KEEPING, Case
from tests.policy.cases.edits import elsewhere
from tests.policy.example import Example, adopting, good, put, ref
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
        if finding.judged
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


@pytest.mark.parametrize(
    "rule",
    [
        *("cost-gpus-per-app", "cost-gpus-per-stack", "cost-idle-replicas", "cost-cooldown", "cost-monthly"),
        *("capacity-profile-offered", "capacity-fits-profile", "capacity-one-gpu-container", "capacity-probes"),
        *("capacity-probe-path", "capacity-model-load", "capacity-startup-period", "capacity-liveness-patience"),
        "storage-read-only-mount",
    ],
)
def test_what_depends_on_another_stack_is_told_and_stops_nothing(rule: str) -> None:
    """An environment or link that is not part of the stack: no run of it ever knows, so nothing waits for one."""
    example = good()
    elsewhere(example)
    example["app"].inputs["environmentId"] = "/subscriptions/s/resourceGroups/g/providers/e/others"
    example["app"].inputs["template"]["volumes"][0]["storageName"] = "others"
    (finding,) = judged(RULES[rule], example)
    assert (finding.judged, finding.outside) == (False, True)
    assert "not part of this stack" in finding.found
    levels = {level(finding, parse(RULES, {rule: "mandatory"}), dry_run) for dry_run in (True, False)}
    assert levels == {Level.ADVISORY}


def test_what_is_known_counts_though_something_is_not() -> None:
    example = good()
    elsewhere(example)
    put("nodes", "workloadProfiles.1.maximumCount", 9)(example)
    assert [finding.judged for finding in judged(RULES["cost-gpus-per-stack"], example)] == [True, False]


@pytest.mark.parametrize(
    ("rule", "unknown", "wrong"),
    [
        ("supply-registry", "image", {"image": "docker.io/x:1"}),
        ("supply-no-install", "command", {"command": ["pip", "install", "x"]}),
        ("secrets-plain-variable", "env", {"env": [{"name": "HF_TOKEN", "value": "x"}]}),
        ("secrets-command", "command", {"command": [f"hf_{'a' * 30}"]}),
    ],
)
@pytest.mark.parametrize("before", ["one value", "a container", "all containers"])
def test_what_is_not_known_hides_nothing_that_is(rule: str, unknown: str, wrong: dict[str, Any], before: str) -> None:
    example = good()
    template = example["app"].inputs["template"]
    template["initContainers"] = [{**template["containers"][0], **wrong}]
    match before:
        case "one value":
            template["containers"][0][unknown] = ref("gone", "later")
        case "a container":
            template["containers"].insert(0, ref("gone", "later"))
        case _:
            template["containers"] = ref("gone", "later")
    found = [finding for finding in judged(RULES[rule], example, preview=True) if finding.resource.name == "app"]
    assert {finding.judged for finding in found} == {True, False}
    assert any("initContainers[0]" in finding.property for finding in found if finding.judged)


def test_every_rule_has_a_case_and_words() -> None:
    assert len(RULES) >= 25
    assert {case.rule for case in BREAKING} == set(RULES)
    for rule in RULES.values():
        assert rule.title and rule.reason.endswith(".") and rule.fix and rule.wanted


def test_the_good_example_is_good_as_a_whole() -> None:
    assert all_findings(good(), preview=False) == []


def test_a_preview_of_the_good_example_has_no_violation() -> None:
    assert [finding for finding in all_findings(good(), preview=True) if finding.judged] == []
