"""The stand-in under the real engine: what a user of `pulumi` sees."""

import re
import signal
from pathlib import Path

import pytest

from sandbox.provider.arm_client import ArmClient
from tests.sandbox.provider.conftest import Attach
from tests.sandbox.provider.fake_arm import Answer, FakeArm
from tests.sandbox.provider.harness import LOCATION, WORKSPACE, Engine, resource_path, until, workspace
from tests.sandbox.provider.stack import Stack, finished

pytestmark = pytest.mark.engine

GROUP_VERSION = "2024-03-01"
WORKSPACE_VERSION = "2023-09-01"


@pytest.fixture
def stack(tmp_path: Path, running: dict[str, str]) -> Stack:
    """A stack on the sandbox."""
    return Stack(tmp_path, running)


def counts(printed: str) -> dict[str, int]:
    """How many resources were created, updated, and so on; the stack itself counts as one."""
    summary = printed.rpartition("Resources:")[2]
    return {what: int(number) for number, what in re.findall(r"(\d+) (\w+ed)\b", summary)}


def test_a_create_of_what_exists_fails_at_up_and_not_before(stack: Stack, group: str, arm: ArmClient) -> None:
    stack.write(f"azure.resources.ResourceGroup('logical', resource_group_name={group!r}, location='eastus')")
    printed = stack.run("up", "--yes", code=1)
    path = f"/subscriptions/{arm.cloud.subscription_id}/resourceGroups/{group}"
    preview, _, update = printed.partition("Updating (dev):")
    assert "+ 2 to create" in preview
    assert "error" not in preview
    assert f"error: cannot create already existing resource '{path}'" in update
    assert arm.read(path, GROUP_VERSION)["location"] == LOCATION


def test_an_import_and_an_update_in_one_run(stack: Stack, engine: Engine, group: str, arm: ArmClient) -> None:
    identity, _ = engine.create(WORKSPACE, workspace(group, retentionInDays=30, tags={"a": "1"}))
    stack.write(
        f"azure.operationalinsights.Workspace('logical', resource_group_name={group!r}, workspace_name='logs',\n"
        "    location='Sweden Central', retention_in_days=60, tags={'a': '1'},\n"
        f"    opts=pulumi.ResourceOptions(import_={identity!r}))\n"
    )
    printed = stack.up("--diff")
    assert counts(printed) == {"created": 1, "imported": 1, "updated": 1}
    assert re.search(r"~ retentionInDays\s*: 30 => 60", printed)
    assert "~ location" not in printed
    assert arm.read(identity, WORKSPACE_VERSION)["properties"]["retentionInDays"] == 60
    assert counts(stack.up()) == {"unchanged": 2}


def test_what_cannot_change_is_replaced(stack: Stack, group: str, arm: ArmClient) -> None:
    """The old one goes first, or there would be a clash over the name that the program gave."""
    path = resource_path(arm.cloud.subscription_id, group, "Microsoft.OperationalInsights/workspaces/logs")
    program = (
        f"azure.operationalinsights.Workspace('logical', resource_group_name={group!r}, workspace_name='logs',"
        " location={location!r})"
    )
    stack.write(program.format(location="westus3"))
    stack.up()
    before = arm.read(path, WORKSPACE_VERSION)
    stack.write(program.format(location="eastus"))
    assert counts(stack.up()) == {"replaced": 1, "unchanged": 1}
    after = arm.read(path, WORKSPACE_VERSION)
    assert (before["location"], after["location"]) == ("westus3", "eastus")
    assert after["properties"]["customerId"] != before["properties"]["customerId"]


def test_a_refresh_finds_what_was_changed_and_what_was_deleted_outside(
    stack: Stack, group: str, arm: ArmClient
) -> None:
    names = [f"{group}-{ending}" for ending in ("changed", "deleted", "kept")]
    stack.write(
        f"for name in {names}:\n"
        f"    azure.resources.ResourceGroup(name, resource_group_name=name, location={LOCATION!r}, tags={{'a': '1'}})\n"
    )
    assert counts(stack.up())["created"] == 4
    changed, deleted, _ = paths = [
        f"/subscriptions/{arm.cloud.subscription_id}/resourceGroups/{name}" for name in names
    ]
    arm.put(changed, GROUP_VERSION, {"location": LOCATION, "tags": {"a": "2", "b": "3"}})
    arm.delete(deleted, GROUP_VERSION)
    assert counts(stack.up("--refresh")) == {"created": 1, "updated": 1, "unchanged": 2}
    assert [arm.read(path, GROUP_VERSION)["tags"] for path in paths] == [{"a": "1"}] * 3


def test_a_run_that_is_canceled_leaves_what_the_next_one_mends(tmp_path: Path, fake: FakeArm, attach: Attach) -> None:
    """And a key that a program has in the clear is encrypted in the state, because the stand-in marks it."""
    stack = Stack(
        tmp_path, fake.environment | {"PULUMI_DEBUG_PROVIDERS": f"azure-native:{attach(fake.environment).port}"}
    )
    fake.resources["/operation"] = {"status": "InProgress"}
    fake.script("PUT", "/link", Answer(201, headers={"Azure-AsyncOperation": f"{fake.url}/operation"}))
    stack.write(
        "azure.app.ManagedEnvironmentsStorage('logical', resource_group_name='group', environment_name='environment',\n"
        "    storage_name='link', properties={'azure_file': {'account_name': 'account', 'share_name': 'share',\n"
        "    'access_mode': 'ReadWrite', 'account_key': 'open-sesame'}})\n"
    )
    running = stack.start("up", "--yes", "--skip-preview")
    until(lambda: fake.asked("GET", "/operation"), seconds=30)
    running.send_signal(signal.SIGINT)
    assert "canceled; what was begun goes on" in finished(running, code=1)
    state = stack.state()
    assert state["resources"][-1]["id"].endswith("/storages/link")
    assert state["resources"][-1]["initErrors"]
    assert not state.get("pending_operations")
    assert "open-sesame" not in str(state)
    fake.resources["/operation"] = {"status": "Succeeded"}
    assert counts(stack.up()) == {"updated": 1, "unchanged": 1}
    assert "initErrors" not in stack.state()["resources"][-1]
    assert fake.bodies[1]["properties"]["azureFile"]["accountKey"] == "open-sesame"
