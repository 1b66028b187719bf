"""What cannot be judged hides nothing else: what is not known yet, and what is not part of the stack."""

import pytest

from policy.gpu_use import OUTSIDE
from policy.pack import RULES, adopted, level
from policy.rule import Level, Rule, Scope, Verdict
from policy.settings import parse
from tests.policy.cases import BREAKING, Case
from tests.policy.cases.case import CONTAINER, elsewhere, job, with_job
from tests.policy.edits import Edit, both, put, without
from tests.policy.example import CONFIGURATION, Example, good
from tests.policy.judging import judged, stack_of

UNKNOWN = {"$unknown": True}
_LISTS = ("env", "probes", "command", "args")


def _containers(example: Example, name: str) -> list[dict[str, object]]:
    return example[name].inputs["template"]["containers"]


@pytest.mark.parametrize(
    "case",
    [case for case in BREAKING if case.resource in ("app", "train") and RULES[case.rule].scope is Scope.RESOURCE],
    ids=str,
)
def test_an_unknown_container_hides_nothing_of_the_others(case: Case) -> None:
    example = good()
    case.edit(example)
    assert case.resource
    before = {finding.found for finding in judged(RULES[case.rule], example)}
    _containers(example, case.resource).insert(0, UNKNOWN)
    _containers(example, case.resource).insert(0, {"name": "x", "image": UNKNOWN, **dict.fromkeys(_LISTS, UNKNOWN)})
    found = judged(RULES[case.rule], example)
    assert before <= {finding.found for finding in found if finding.verdict.judged}


@pytest.mark.parametrize("key", ["ingress", "secrets", "registries"])
@pytest.mark.parametrize("rule", [RULES[name] for name in ("supply-floating-tag", "secrets-command")])
def test_an_unknown_part_hides_nothing_elsewhere(rule: Rule, key: str) -> None:
    example = good()
    next(case for case in BREAKING if case.rule == rule.id).edit(example)
    example["app"].inputs["configuration"][key] = UNKNOWN
    assert [finding for finding in judged(rule, example) if finding.verdict.judged]


def test_an_unknown_entry_hides_nothing_of_the_others() -> None:
    """Rules that look at some entries of a list: an entry of which nothing is known stands in nobody's way."""
    example = good()
    ranges = [UNKNOWN, {"action": UNKNOWN}, {"name": "all", "action": "Allow", "ipAddressRange": "0.0.0.0/0"}]
    put("app", "configuration.ingress.ipSecurityRestrictions", ranges)(example)
    put("app", f"{CONTAINER}.probes.2.timeoutSeconds", 1)(example)
    put("app", f"{CONTAINER}.probes.0", UNKNOWN)(example)
    for rule in ("exposure-ip-ranges", "capacity-liveness-patience"):
        assert {finding.verdict for finding in judged(RULES[rule], example)} == {
            Verdict.BROKEN,
            Verdict.NOT_YET_KNOWN,
        }


@pytest.mark.parametrize("rule", ["cost-gpus-per-stack", "cost-monthly"])
def test_the_sum_of_what_is_known_is_judged(rule: str) -> None:
    """One app is not known at all; the others alone are too many."""
    example = good()
    both(put("nodes", "workloadProfiles.1.minimumCount", 9), put("nodes", "workloadProfiles.1.maximumCount", 9))(
        example
    )
    example["app"].inputs["template"] = UNKNOWN
    found = judged(RULES[rule], example)
    assert {finding.verdict for finding in found} == {Verdict.BROKEN, Verdict.NOT_YET_KNOWN}


def test_an_unknown_word_does_not_hide_the_others() -> None:
    example = good()
    put("app", f"{CONTAINER}.command", ["bash", "-c", "pip install x", UNKNOWN])(example)
    (finding,) = judged(RULES["supply-no-install"], example)
    assert finding.verdict is Verdict.BROKEN
    put("app", f"{CONTAINER}.command", ["bash", "-c", UNKNOWN])(example)
    (finding,) = judged(RULES["supply-no-install"], example)
    assert (finding.verdict, finding.property) == (Verdict.NOT_YET_KNOWN, "template.containers[0].command[2]")


def _second_container(example: Example) -> None:
    _containers(example, "app").append({"name": "proxy", "image": "x"})


@pytest.mark.parametrize(
    ("rule", "edit", "resource"),
    [
        ("capacity-profile-offered", both(), "app"),
        ("capacity-fits-profile", both(), "app"),
        ("capacity-one-gpu-container", _second_container, "app"),
        ("capacity-probes", put("app", f"{CONTAINER}.probes", []), "app"),
        ("capacity-probe-path", put("app", f"{CONTAINER}.probes.1.httpGet.path", "/"), "app"),
        ("capacity-model-load", put("app", f"{CONTAINER}.probes.0.failureThreshold", 2), "app"),
        ("capacity-startup-period", put("app", f"{CONTAINER}.probes.0.periodSeconds", 120), "app"),
        ("capacity-liveness-patience", put("app", f"{CONTAINER}.probes.2.timeoutSeconds", 1), "app"),
        ("cost-gpus-per-app", put("app", "template.scale.maxReplicas", 2), "app"),
        ("cost-gpus-per-app", with_job(manualTriggerConfig={"parallelism": 2}), "train"),
        ("cost-idle-replicas", put("app", "template.scale.minReplicas", 1), "app"),
        ("cost-cooldown", put("app", "template.scale.cooldownPeriod", 3600), "app"),
        ("cost-gpus-per-stack", put("app", "template.scale.maxReplicas", 2), "example-dev"),
        ("cost-monthly", put("app", "template.scale.maxReplicas", 2), "example-dev"),
        ("capacity-fits-profile", job(), "train"),
    ],
)
def test_what_an_environment_elsewhere_decides_is_told_as_not_judged(rule: str, edit: Edit, resource: str) -> None:
    """With why, in a preview and in an update; never as a violation, for the profile may have no GPU at all."""
    example = good()
    both(edit, elsewhere)(example)
    found = [finding for finding in judged(RULES[rule], example) if finding.resource.name == resource]
    assert [finding for finding in found if OUTSIDE in finding.found]
    assert {finding.verdict for finding in found} == {Verdict.OUTSIDE}
    settings = parse(RULES, CONFIGURATION)
    for dry_run in (True, False):
        assert {level(finding, settings, dry_run) for finding in found} == {Level.ADVISORY}


def test_a_mount_whose_link_is_elsewhere_is_told_as_not_judged() -> None:
    example = good()
    without("link")(example)
    (finding,) = judged(RULES["storage-read-only-mount"], example)
    assert finding.verdict is Verdict.OUTSIDE
    assert "not part of this stack" in finding.found


def test_nothing_is_adopted_by_default() -> None:
    example = good()
    example["logs"].ignored = ("*",)
    (logs,) = stack_of(example, preview=False).of_type("operationalinsights:Workspace")
    assert not adopted(logs, "m", parse(RULES, {}))
    assert adopted(logs, "m", parse(RULES, {"adoption-exists": {"adopted": ["tone-logs"]}}))
