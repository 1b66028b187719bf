"""The pack over its protocol: levels, what is not known yet, repairs, configuration."""

import json
from typing import Any

import pytest
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import proxy

from policy.pack import RULES
from policy.rule import Scope
from policy.settings import LEVEL
from policy.values import UNKNOWN, UNKNOWN_SENTINELS, Secret
from tests.policy.wire import Context, Refused, analyze, analyze_stack, analyzer, request

ACCOUNT = "storage:StorageAccount"
BAD_ACCOUNT = {"accountName": "store", "minimumTlsVersion": "TLS1_0", "allowBlobPublicAccess": False}


def levels(diagnostics: list[Any]) -> dict[str, int]:
    return {diagnostic.policyName: diagnostic.enforcementLevel for diagnostic in diagnostics}


def test_a_violation_has_its_level_and_everything_to_act_on() -> None:
    found = {one.policyName: one for one in analyze(analyzer(), ACCOUNT, BAD_ACCOUNT)}
    violation = found["storage-tls"]
    assert violation.enforcementLevel == analyzer_pb2.MANDATORY
    assert violation.severity == analyzer_pb2.POLICY_SEVERITY_HIGH
    assert violation.urn.endswith("::thing")
    for words in ("minimumTlsVersion", '"TLS1_0"', "TLS1_2 or newer", RULES["storage-tls"].reason, "Set minimum"):
        assert words in violation.message


@pytest.mark.parametrize(
    ("dry_run", "level"), [(True, analyzer_pb2.ADVISORY), (False, analyzer_pb2.MANDATORY)], ids=["preview", "up"]
)
def test_what_is_not_known_is_told_in_a_preview_and_blocks_an_update(dry_run: bool, level: int) -> None:
    inputs = {**BAD_ACCOUNT, "minimumTlsVersion": UNKNOWN}
    (found,) = [one for one in analyze(analyzer(dry_run), ACCOUNT, inputs) if one.policyName == "storage-tls"]
    assert found.message.startswith("not judged yet: ")
    assert "minimumTlsVersion" in found.message
    assert found.enforcementLevel == level


def test_one_unknown_value_hides_nothing_else() -> None:
    """Of two containers, one has an image that is not known yet; the other one's is judged all the same."""
    inputs = {"template": {"containers": [{"image": UNKNOWN}, {"image": "nginx"}]}}
    found = [one for one in analyze(analyzer(), "app:ContainerApp", inputs) if one.policyName == "supply-floating-tag"]
    assert len(found) == 2
    assert sorted(one.enforcementLevel for one in found) == [analyzer_pb2.ADVISORY, analyzer_pb2.MANDATORY]


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.scope is Scope.RESOURCE and rule.types])
def test_no_rule_is_silent_about_a_resource_that_is_not_known_at_all(rule: Any) -> None:
    """Every input unknown: each rule for the type says that it could not judge, or has nothing to do with the type."""
    known = {"properties", "configuration", "template", "appLogsConfiguration", "tags", "workloadProfiles"}
    inputs = dict.fromkeys(
        (*known, "minimumTlsVersion", "enableHttpsTrafficOnly", "allowBlobPublicAccess", "networkRuleSet"), UNKNOWN
    ) | dict.fromkeys(
        ("retentionInDays", "location", "accountName", "containerAppName", "environmentName", "storageName"), UNKNOWN
    )
    inputs |= dict.fromkeys(("shareName", "workspaceName", "resourceGroupName"), UNKNOWN)
    inputs["jobName"] = UNKNOWN
    asked = {
        "names-pattern": {"patterns": dict.fromkeys(rule.types, ".*")},
        "tags-required": {"required": ["owner"]},
    }.get(rule.id, {})
    pack = analyzer(configuration={f"aca-inference-policy:{rule.id}": json.dumps(asked | {LEVEL: "mandatory"})})
    for kind in rule.types:
        told = [one for one in analyze(pack, kind, inputs) if one.policyName == rule.id]
        assert told, f"{rule.id} says nothing about {kind}"
        assert all(one.message.startswith("not judged yet: ") for one in told)


ADOPTING = {"aca-inference-policy:adoption-exists": '{"adopted": ["store"]}'}


@pytest.mark.parametrize("dry_run", [True, False], ids=["preview", "up"])
@pytest.mark.parametrize(
    ("configuration", "options", "tags", "advice"),
    [
        ({}, {"ignoreChanges": ["*"]}, {}, False),
        (ADOPTING, {}, {}, False),
        (ADOPTING, {"ignoreChanges": ["*"]}, {"aca-inference-stack": "organization/example/dev"}, False),
        (ADOPTING, {"ignoreChanges": ["*"]}, {"aca-inference-stack": "organization/other/dev"}, True),
        (ADOPTING, {"ignoreChanges": ["*"]}, {}, True),
    ],
    ids=["only ignored", "only named", "made by this stack", "made by another", "made by nobody known"],
)
def test_only_what_is_named_untouched_and_not_ours_is_judged_mildly(
    dry_run: bool, configuration: dict[str, str], options: dict[str, Any], tags: dict[str, str], advice: bool
) -> None:
    found = analyze(analyzer(dry_run, configuration), ACCOUNT, {**BAD_ACCOUNT, "tags": tags}, **options)
    (violation,) = [one for one in found if one.policyName == "storage-tls"]
    assert violation.enforcementLevel == (analyzer_pb2.ADVISORY if advice else analyzer_pb2.MANDATORY)
    assert ("its owner must change it" in violation.message) == advice
    ignored = "ignoreChanges" in options
    assert ("name it in `adopted`" in violation.message) == (ignored and not advice)


def test_how_something_is_adopted_is_not_advice() -> None:
    pack = analyzer()
    created = request(ACCOUNT, {**BAD_ACCOUNT, "id": UNKNOWN}, ignoreChanges=["*"])
    assert levels(analyze_stack(pack, created))["adoption-exists"] == analyzer_pb2.MANDATORY


def test_secrets_never_show() -> None:
    inputs = {
        "configuration": {"secrets": [{"name": "a", "value": "plainly-here"}]},
        "template": {
            "containers": [
                {
                    "image": "x",
                    "command": ["serve", "--token", Secret("in-a-command")],
                    "env": [{"name": "HF_TOKEN", "value": "in-a-variable"}, {"name": "B", "value": Secret("marked")}],
                }
            ]
        },
    }
    told = "\n".join(one.message for one in analyze(analyzer(), "app:ContainerApp", inputs))
    assert told.count("(hidden)") >= 4
    for hidden in ("plainly-here", "in-a-command", "in-a-variable", "marked\n"):
        assert hidden not in told


@pytest.mark.parametrize("token", ["app/v20250701:ContainerApp", "app:ContainerApp"])
def test_every_api_version_is_the_same_type(token: str) -> None:
    inputs = {"configuration": {"ingress": {"allowInsecure": True}}}
    assert "exposure-tls-only" in levels(analyze(analyzer(), token, inputs))


def test_repairs_are_off_by_default() -> None:
    assert not analyzer().Remediate(request(ACCOUNT, BAD_ACCOUNT), Context()).remediations


def test_repairs_where_asked_for() -> None:
    configuration = {
        "aca-inference-policy:storage-tls": "remediate",
        "aca-inference-policy:tags-required": '{"enforcementLevel": "remediate", "required": ["owner", "cost"],'
        ' "defaults": {"owner": "platform"}}',
    }
    pack = analyzer(configuration=configuration)
    inputs = {**BAD_ACCOUNT, "tags": {"cost": "1"}, "key": Secret("s"), "later": UNKNOWN}
    message = request(ACCOUNT, inputs)
    repaired = pack.Remediate(message, Context()).remediations
    assert [one.policyName for one in repaired] == ["storage-tls", "tags-required"]
    expected = request(ACCOUNT, {**inputs, "minimumTlsVersion": "TLS1_2", "tags": {"cost": "1", "owner": "platform"}})
    assert repaired[-1].properties == expected.properties
    assert not pack.Remediate(expected, Context()).remediations
    adopted = request(ACCOUNT, inputs, ignoreChanges=["*"])
    assert not pack.Remediate(adopted, Context()).remediations
    unknown = request(ACCOUNT, {**BAD_ACCOUNT, "minimumTlsVersion": "TLS1_2", "tags": UNKNOWN})
    assert not pack.Remediate(unknown, Context()).remediations


def test_what_cannot_be_repaired_is_mandatory() -> None:
    required = '{"enforcementLevel": "remediate", "required": ["owner"]}'
    pack = analyzer(configuration={"aca-inference-policy:tags-required": required})
    assert levels(analyze(pack, ACCOUNT, BAD_ACCOUNT))["tags-required"] == analyzer_pb2.MANDATORY


def test_a_disabled_rule_is_not_judged() -> None:
    pack = analyzer(configuration={"aca-inference-policy:storage-tls": "disabled"})
    assert "storage-tls" not in levels(analyze(pack, ACCOUNT, BAD_ACCOUNT))


def test_the_stack_configuration_is_the_initial_configuration() -> None:
    configuration = {"aca-inference-policy:cost-gpus-per-app": '{"maximum": 2}', "aca-inference-policy:all": "advisory"}
    info = analyzer(configuration=configuration).GetAnalyzerInfo(None, Context())
    assert info.initialConfig["cost-gpus-per-app"].properties["maximum"] == 2
    assert info.initialConfig["all"].enforcementLevel == analyzer_pb2.ADVISORY
    assert {policy.name for policy in info.policies} == {
        rule.id for rule in RULES.values() if rule.scope is not Scope.PLAN
    }


@pytest.mark.parametrize("given", ["{}", '{"enforcementLevel": null}'])
def test_a_configuration_that_says_nothing_changes_nothing(given: str) -> None:
    configuration = {"aca-inference-policy:all": given, "aca-inference-policy:storage-tls": given}
    info = analyzer(configuration=configuration).GetAnalyzerInfo(None, Context())
    assert "all" not in info.initialConfig
    assert info.initialConfig["storage-tls"].enforcementLevel == analyzer_pb2.MANDATORY


def test_wrong_configuration_ends_the_run() -> None:
    with pytest.raises(Refused, match="allowed: disabled, advisory, mandatory, remediate"):
        analyzer(configuration={"aca-inference-policy:storage-tls": "must"})
    wrong = analyzer_pb2.ConfigureAnalyzerRequest()
    wrong.policyConfig["cost-gpus-per-app"].properties["maximum"] = "two"
    with pytest.raises(Refused, match="cost-gpus-per-app: maximum is 'two'; allowed: a whole number"):
        analyzer().Configure(wrong, Context())


def test_the_marks_of_unknown_values_are_those_of_the_policy_sdk() -> None:
    sdk = {value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_")}
    assert sdk == UNKNOWN_SENTINELS
