"""Adopted resources under the real engine: what passes, and every way to lose one."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.check_run import Result
from tests.policy.engine import PACK, Project, make
from tests.policy.example import REGION, Declared, Example

pytestmark = pytest.mark.engine
_GROUP = "theirs"
_WORKSPACE = "their-logs"
_ADOPTING = {"adoption-exists": {"adopted": [_GROUP, _WORKSPACE]}}


@pytest.fixture(scope="module")
def theirs(sandbox: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Ids of a resource group and a workspace that another stack made; the workspace breaks a rule."""
    project = make(tmp_path_factory.mktemp("theirs"), sandbox)
    project.declare(_declared({}, retention=7))
    project.pulumi("up", "--yes", "--skip-preview")
    group = f"/subscriptions/{sandbox['ARM_SUBSCRIPTION_ID']}/resourceGroups/{_GROUP}"
    return {
        "group": group,
        "logs": f"{group}/providers/Microsoft.OperationalInsights/workspaces/{_WORKSPACE}",
    }


@pytest.fixture
def ours(sandbox: Mapping[str, str], tmp_path: Path) -> Project:
    """A stack that adopts them, and says so."""
    project = make(tmp_path, sandbox)
    project.configure(_ADOPTING)
    return project


def _declared(ids: Mapping[str, str], retention: int = 30, **options: object) -> Example:
    tags = {"aca-inference-stack": "organization/other/dev"}
    example: Example = {
        "group": Declared("resources:ResourceGroup", {"resourceGroupName": _GROUP, "location": REGION, "tags": tags}),
        "logs": Declared(
            "operationalinsights:Workspace",
            {
                "resourceGroupName": _GROUP,
                "workspaceName": _WORKSPACE,
                "location": REGION,
                "tags": tags,
                "sku": {"name": "PerGB2018"},
                "retentionInDays": retention,
            },
        ),
    }
    for name, found in ids.items():
        example[name].ignored = ("*",)
        example[name].options = {"import_": found, **options}
    if not ids:
        example["logs"].inputs["resourceGroupName"] = {"$ref": "group", "output": "name"}
    return example


def _violations(results: list[Result]) -> set[tuple[str, str]]:
    return {(result.rule.id, result.resource) for result in results if result.violation}


def test_adopted_and_retained_passes(theirs: Mapping[str, str], ours: Project) -> None:
    """What is there breaks a rule (7 days of logs): that is its owner's affair, so it is advice."""
    ours.declare(_declared(theirs, retain_on_delete=True))
    results = ours.check()
    assert _violations(results) == set()
    (advice,) = [result for result in results if result.rule.id == "logs-retention"]
    assert advice.level == "advisory"
    assert advice.message.found == "7"
    assert "its owner must change it" in advice.message.how


def test_what_only_ignores_changes_is_judged_in_full(theirs: Mapping[str, str], ours: Project) -> None:
    """Without a word in the settings, in a preview and in an update."""
    ours.configure({})
    ours.declare(_declared(theirs, retain_on_delete=True))
    assert _violations(ours.check()) == {("logs-retention", "logs")}
    told = ours.pulumi("up", "--yes", "--skip-preview", "--policy-pack", str(PACK), code=None)
    assert re.search(r"\[mandatory\].*logs-retention", told)
    assert "name it in `adopted`" in told


def test_adopted_and_protected_passes(theirs: Mapping[str, str], ours: Project) -> None:
    example = _declared(theirs)
    for declared in example.values():
        declared.protected = True
    ours.declare(example)
    assert _violations(ours.check()) == set()


def test_adopted_without_either_is_caught(theirs: Mapping[str, str], ours: Project) -> None:
    ours.declare(_declared(theirs))
    assert _violations(ours.check()) == {("adoption-kept", "group"), ("adoption-kept", "logs")}


def test_another_stacks_resource_that_would_be_changed_is_caught(theirs: Mapping[str, str], ours: Project) -> None:
    example = _declared(theirs, retain_on_delete=True)
    example["logs"].ignored = ()
    ours.declare(example)
    assert ("adoption-foreign", "logs") in _violations(ours.check())
    told = ours.pulumi("preview", "--policy-pack", str(PACK), code=None)
    assert re.search(r"\[mandatory\].*adoption-foreign", told)


def test_a_removal_is_fine_only_if_it_was_retained(theirs: Mapping[str, str], ours: Project) -> None:
    ours.configure({**_ADOPTING, "logs-retention": "disabled"})
    ours.declare(_declared(theirs))
    ours.pulumi("up", "--yes", "--skip-preview")
    ours.declare({})
    assert _violations(ours.check()) == {("adoption-ended", "group"), ("adoption-ended", "logs")}
    ours.declare(_declared(theirs, retain_on_delete=True))
    ours.pulumi("up", "--yes", "--skip-preview")
    ours.declare({})
    assert _violations(ours.check()) == set()


def test_a_replacement_is_caught_in_the_engine_too(theirs: Mapping[str, str], ours: Project) -> None:
    """A resource that somebody marked for replacement is replaced, whatever changes of it are ignored."""
    ours.declare(_declared(theirs, retain_on_delete=True))
    ours.pulumi("up", "--yes", "--skip-preview")
    ours.pulumi("state", "taint", "--yes", _urn("logs"))
    results = ours.check()
    assert {("adoption-ended", "logs"), ("adoption-exists", "logs")} <= _violations(results)


def _urn(name: str) -> str:
    return f"urn:pulumi:dev::example::azure-native:operationalinsights:Workspace::{name}"
