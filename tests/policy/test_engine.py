"""The pack in the real engine: what passes, what is caught, what is not known yet, what is repaired."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.check_run import Result
from cli.errors import PulumiError
from policy.pack import RULES
from policy.resource import STACK
from policy.rule import Rule, Scope, Verdict
from tests.policy.cases import BREAKING, Case
from tests.policy.engine import PACK, make
from tests.policy.example import CONFIGURATION, Declared, Example, good, ref
from tests.policy.plain_provider import serving

pytestmark = pytest.mark.engine
_SEPARATOR = "--"
_SUMS = [rule for rule in RULES.values() if rule.types == (STACK,)]
"""Rules about a sum over the whole stack: many copies of the example in one stack would break them by themselves."""
_JUDGED_BY_THE_ENGINE = [
    rule
    for rule in RULES.values()
    # The sandbox's provider marks keys as secrets by itself; the rule has a test of its own below.
    if rule.scope is not Scope.PLAN and rule.id != "secrets-state" and rule not in _SUMS
]


@pytest.fixture(scope="session")
def right(sandbox: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """What a preview says of the good example."""
    project = make(tmp_path_factory.mktemp("right"), sandbox)
    project.configure(CONFIGURATION)
    project.declare(good())
    return project.check()


@pytest.fixture(scope="session")
def wrong(sandbox: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """What a preview says of a program with a copy of the example for each rule, broken where the rule looks."""
    project = make(tmp_path_factory.mktemp("wrong"), sandbox)
    project.configure(CONFIGURATION)
    everything: Example = {}
    for rule in _JUDGED_BY_THE_ENGINE:
        example = good()
        _first_case(rule).edit(example)
        everything |= {f"{rule.id}{_SEPARATOR}{name}": _renamed(one, rule.id) for name, one in example.items()}
    project.declare(everything)
    return project.check()


@pytest.fixture(scope="session")
def too_much(sandbox: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """What a preview says of one example with too large a sum of each kind."""
    project = make(tmp_path_factory.mktemp("sums"), sandbox)
    project.configure(CONFIGURATION)
    example = good()
    for rule in _SUMS:
        _first_case(rule).edit(example)
    project.declare(example)
    return project.check()


def _first_case(rule: Rule) -> Case:
    return next(case for case in BREAKING if case.rule == rule.id)


def _renamed(declared: Declared, prefix: str) -> Declared:
    """The same resource, with references into its own copy of the example."""

    def value(given: object) -> object:
        match given:
            case {"$ref": source, "output": output}:
                return {"$ref": f"{prefix}{_SEPARATOR}{source}", "output": output}
            case dict():
                return {key: value(item) for key, item in given.items()}
            case list():
                return [value(item) for item in given]
            case _:
                return given

    inputs = value(declared.inputs)
    assert isinstance(inputs, dict)
    return Declared(declared.type, inputs, declared.ignored, declared.protected)


def test_the_good_example_passes_every_rule(right: list[Result]) -> None:
    assert [str(result.message) for result in right if result.message.verdict.judged] == []


@pytest.mark.parametrize("rule", _JUDGED_BY_THE_ENGINE, ids=lambda rule: rule.id)
def test_every_rule_catches_its_case(rule: Rule, wrong: list[Result]) -> None:
    case = _first_case(rule)
    name = f"{rule.id}{_SEPARATOR}{case.resource}"
    found = [result for result in wrong if result.rule.id == rule.id and result.resource == name]
    assert [result for result in found if result.message.verdict.judged], [str(result.message) for result in found]
    assert {result.level for result in found if result.message.verdict.judged} == {
        "mandatory" if rule.id == "storage-network" else rule.level
    }


@pytest.mark.parametrize("rule", _SUMS, ids=lambda rule: rule.id)
def test_every_sum_is_caught(rule: Rule, too_much: list[Result], right: list[Result]) -> None:
    """In a stack that has nothing else against it, and where the good example is below the ceiling."""
    (found,) = [result for result in too_much if result.rule.id == rule.id]
    assert (found.resource, found.level, found.message.verdict) == ("example-dev", rule.level, Verdict.BROKEN)
    assert rule.id not in {result.rule.id for result in right}


def test_what_is_not_known_is_told_and_judged_at_up(sandbox: Mapping[str, str], tmp_path: Path) -> None:
    """The image comes from another resource's output: a preview cannot know it, the update stops before the app."""
    project = make(tmp_path, sandbox)
    project.configure({"all": "disabled", "supply-floating-tag": "mandatory"})
    example = {"group": good()["group"], "app": Declared("app:ContainerApp", {})}
    example["app"].inputs = {
        "resourceGroupName": ref("group"),
        "containerAppName": "tone-app",
        "location": "westus3",
        "environmentId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.App/managedEnvironments/e",
        "template": {"containers": [{"name": "a", "image": ref("group")}]},
    }
    project.declare(example)
    (result,) = project.check()
    assert (result.level, result.message.verdict.judged) == ("advisory", False)
    assert result.message.property == "template.containers[0].image"
    told = project.pulumi("preview", "--policy-pack", str(PACK))
    assert "not judged yet: The image's tag names a version" in told
    told = project.pulumi("up", "--yes", "--skip-preview", "--policy-pack", str(PACK), code=None)
    assert 'found    "tone"' in told
    assert "[mandatory]" in told
    listed = project.pulumi("stack", "--show-urns")
    assert "ResourceGroup" in listed
    assert "ContainerApp" not in listed
    project.pulumi("destroy", "--yes", "--skip-preview")


_LATE_VALUE = """
from pulumi_azure_native import resources, storage

def account(name, **more):
    return storage.StorageAccount(
        name, resource_group_name=group.name, account_name=name, location="westus3", kind="StorageV2",
        sku=storage.SkuArgs(name="Standard_LRS"), **more
    )

group = resources.ResourceGroup("group", resource_group_name="late", location="westus3")
first = account("latefirst")
account("latesecond", allow_shared_key_access=first.primary_location.apply(lambda _: True))
"""


_READS_ENVIRONMENT = """
from pulumi_azure_native import app

GROUP = "{group}"
read = app.ManagedEnvironment.get("theirs", f"{{GROUP}}/providers/Microsoft.App/managedEnvironments/tone-env")
app.ContainerApp(
    "app", resource_group_name="tone", container_app_name="app", location="westus3", environment_id=read.id,
    workload_profile_name="GPU", template=app.TemplateArgs(scale=app.ScaleArgs(min_replicas=1, max_replicas=1)),
)
"""


def test_what_is_only_read_is_outside(sandbox: Mapping[str, str], tmp_path: Path) -> None:
    """The engine shows it to no pack: an app in it is not judged, which is told."""
    theirs = make(tmp_path / "theirs", sandbox)
    example = {"group": good()["group"], "environment": good()["environment"]}
    example["environment"].inputs["appLogsConfiguration"] = {"destination": "azure-monitor"}
    theirs.declare(example)
    theirs.pulumi("up", "--yes", "--skip-preview")
    group = f"/subscriptions/{sandbox['ARM_SUBSCRIPTION_ID']}/resourceGroups/tone"
    project = make(tmp_path / "ours", sandbox, _READS_ENVIRONMENT.format(group=group))
    project.configure({"all": "disabled", "cost-idle-replicas": "mandatory"})
    try:
        (found,) = project.check()
    finally:
        theirs.pulumi("destroy", "--yes", "--skip-preview")
    assert (found.level, found.message.verdict) == ("advisory", Verdict.OUTSIDE)
    assert "not part of this stack" in found.message.found


def test_a_rule_about_the_stack_is_judged_at_up_too(sandbox: Mapping[str, str], tmp_path: Path) -> None:
    project = make(tmp_path, sandbox, _LATE_VALUE)
    project.configure({"all": "disabled", "storage-shared-keys": "mandatory"})
    found = {result.resource: result for result in project.check()}
    assert (found["latesecond"].level, found["latesecond"].message.verdict.judged) == ("advisory", False)
    told = project.pulumi("up", "--yes", "--skip-preview", "--policy-pack", str(PACK), code=None)
    violations = told.split("[mandatory]")[1:]
    assert len([one for one in violations if "storage-shared-keys" in one]) == 2
    assert "not judged" not in told
    project.pulumi("destroy", "--yes", "--skip-preview")


def test_keys_that_the_program_does_not_mark_are_caught(sandbox: Mapping[str, str], tmp_path: Path) -> None:
    with serving() as port:
        project = make(tmp_path, {**sandbox, "PULUMI_DEBUG_PROVIDERS": f"azure-native:{port}"})
        example = good()
        for case in (case for case in BREAKING if case.rule == "secrets-state"):
            case.edit(example)
        project.declare(example)
        found = [result for result in project.check() if result.rule.id == "secrets-state"]
    assert {result.resource for result in found} == {"app", "link", "environment"}
    assert {result.level for result in found} == {"mandatory"}


@pytest.mark.parametrize(
    ("configuration", "told"),
    [
        ({"supply-digest": "must"}, ["aca-inference-policy:supply-digest", "allowed: disabled, advisory, mandatory"]),
        (
            {"cost-gpus-per-app": {"maximum": "two"}},
            ["cost-gpus-per-app: maximum is 'two'", "a whole number"],
        ),
        ({"exposure-tls": "mandatory"}, ["aca-inference-policy:exposure-tls", "did you mean exposure-tls-only?"]),
    ],
)
def test_wrong_configuration_is_refused(
    sandbox: Mapping[str, str], tmp_path: Path, configuration: dict[str, object], told: list[str]
) -> None:
    project = make(tmp_path, sandbox)
    project.configure(configuration)
    project.declare({"group": good()["group"]})
    printed = project.pulumi("preview", "--policy-pack", str(PACK), code=None)
    for words in told:
        assert words in printed
    assert "Traceback" not in printed
    with pytest.raises(PulumiError) as failed:
        project.check()
    for words in told:
        assert words in str(failed.value)


def test_a_policy_config_file_wins_and_is_checked_too(sandbox: Mapping[str, str], tmp_path: Path) -> None:
    project = make(tmp_path, sandbox)
    project.configure({"all": "disabled", "tags-required": {"enforcementLevel": "mandatory", "required": ["owner"]}})
    project.declare({"group": good()["group"]})
    file = tmp_path / "policy.json"
    preview = ("preview", "--policy-pack", str(PACK), "--policy-pack-config", str(file))
    file.write_text(json.dumps({"tags-required": {"required": ["aca-inference-stack"]}}))
    project.pulumi(*preview)
    file.write_text(json.dumps({"tags-required": {"required": ["cost-centre"]}}))
    assert "tags.cost-centre" in project.pulumi(*preview, code=None)
    file.write_text(json.dumps({"tags-required": {"needed": ["x"]}}))
    assert "it has no 'needed'; allowed: enforcementLevel, required, defaults" in project.pulumi(*preview, code=None)


def test_repairs_reach_the_resource(sandbox: Mapping[str, str], tmp_path: Path) -> None:
    project = make(tmp_path, sandbox)
    project.configure(
        {
            "all": "disabled",
            "storage-tls": "remediate",
            "tags-required": {
                "enforcementLevel": "remediate",
                "required": ["owner"],
                "defaults": {"owner": "platform"},
            },
        }
    )
    example = {"group": good()["group"], "account": good()["account"]}
    example["account"].inputs |= {"minimumTlsVersion": "TLS1_0", "networkRuleSet": {"defaultAction": "Allow"}}
    project.declare(example)
    assert project.check() == []
    project.pulumi("up", "--yes", "--skip-preview", "--policy-pack", str(PACK))
    exported = json.loads(project.pulumi("stack", "export"))
    (account,) = [one for one in exported["deployment"]["resources"] if one["type"].endswith(":StorageAccount")]
    assert account["outputs"]["minimumTlsVersion"] == "TLS1_2"
    assert account["outputs"]["tags"]["owner"] == "platform"
    project.pulumi("destroy", "--yes", "--skip-preview")


def test_a_program_that_fails_is_told_from_one_that_breaks_rules(sandbox: Mapping[str, str], tmp_path: Path) -> None:
    project = make(tmp_path, sandbox, "raise ValueError('the reason')")
    with pytest.raises(PulumiError, match="the reason"):
        project.check()
