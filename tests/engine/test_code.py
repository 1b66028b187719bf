"""`pulumi up` and the daily commands on the same app: neither undoes nor repeats the other's work."""

from pathlib import Path
from typing import Any

import pytest

from operations import code_folder, deployment
from operations.code_folder import DEPLOYED_TAG
from operations.config_file import InferenceConfig
from stack.code import release_to_mount
from stack.found import FoundApp, FoundShare, Survey
from tests.engine.cloud import Cloud
from tests.engine.conftest import MakeStack
from tests.engine.harness import Stack, Workbench
from tests.engine.kinds import ACCOUNT, APP, SHARE, Kind


class Deployment:
    """A stack that is up, and its app."""

    def __init__(self, stack: Stack, cloud: Cloud) -> None:
        stack.up().succeeded()
        self.stack, self._cloud = stack, cloud
        self.code = stack.bench.project / "inference_app"
        self.config = InferenceConfig(
            SUBSCRIPTION_ID=cloud.endpoints.subscription_id,
            RESOURCE_GROUP_NAME=stack.group,
            STORAGE_ACCOUNT_NAME=self._name(ACCOUNT),
            FILE_SHARE_NAME=self._name(SHARE),
            ACA_APP_NAME=self._name(APP),
            ACA_APP_ENDPOINT="127.0.0.1",
        )

    def _name(self, kind: Kind) -> str:
        return self._cloud.where(self.stack.group)[kind].rpartition("/")[2]

    @property
    def app(self) -> dict[str, Any]:
        found = self._cloud.get(self._cloud.where(self.stack.group)[APP])
        assert found is not None
        return found

    @property
    def mounted(self) -> str:
        container = self.app["properties"]["template"]["containers"][0]
        return str(code_folder.release_in(mount.get("subPath") for mount in container["volumeMounts"]))

    @property
    def revision(self) -> str:
        return str(self.app["properties"]["latestRevisionName"])

    def changes(self) -> set[str]:
        """What a preview would do."""
        return {step.op for step in self.stack.preview().succeeded().log.steps}


@pytest.fixture
def up(cloud: Cloud, bench: Workbench, make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    bench.release_code("print('one')\n")
    return Deployment(make_stack(), cloud)


def test_up_after_deploy_only_takes_note_of_it(up: Deployment, bench: Workbench) -> None:
    first = up.mounted
    bench.release_code("print('two')\n")
    second = deployment.apply(up.config, up.code).release
    assert second != first
    revision = up.revision
    up.stack.up().succeeded()
    assert (up.mounted, up.revision) == (second, revision), "no new revision: nothing was done again"
    assert up.changes() == {"same"}
    assert deployment.plan(up.config, up.code).settled


def test_deploy_after_up_has_nothing_to_do(up: Deployment, bench: Workbench) -> None:
    assert deployment.plan(up.config, up.code).settled
    bench.release_code("print('two')\n")
    up.stack.up().succeeded()
    assert deployment.plan(up.config, up.code).settled
    assert up.app["tags"][DEPLOYED_TAG] == up.mounted


def test_up_respects_a_rollback_until_the_code_changes(up: Deployment, bench: Workbench) -> None:
    first = up.mounted
    bench.release_code("print('two')\n")
    second = deployment.apply(up.config, up.code).release
    deployment.switch(up.config, first)
    revision = up.revision
    up.stack.up().succeeded()
    assert (up.mounted, up.revision) == (first, revision)
    up.stack.set(maximumInstanceCount=2)
    up.stack.up().succeeded()
    assert up.mounted == first, "a change of something else leaves the rollback alone"
    up.stack.refresh().succeeded()
    assert up.changes() == {"same"}
    assert {manifest.name for manifest in deployment.history(up.config)[1]} == {first, second}
    bench.release_code("print('three')\n")
    up.stack.up().succeeded()
    assert up.mounted == code_folder.describe(up.code).name
    assert first in {manifest.name for manifest in deployment.history(up.config)[1]}


APP_FOUND = FoundApp("app", mounted_release="old", deployed_release="new")
SHARE_FOUND = FoundShare("share")


@pytest.mark.parametrize(
    ("code", "found", "mounted"),
    [
        ("new", Survey(), "new"),
        ("new", Survey(app=APP_FOUND, file_share=SHARE_FOUND), "old"),
        ("newer", Survey(app=APP_FOUND, file_share=SHARE_FOUND), "newer"),
        ("new", Survey(app=APP_FOUND), "new"),
        ("new", Survey(app=FoundApp("app"), file_share=SHARE_FOUND), "new"),
        ("new", Survey(app=FoundApp("app", mounted_release="old"), file_share=SHARE_FOUND), "new"),
        ("new", Survey(app=FoundApp("app", deployed_release="new"), file_share=SHARE_FOUND), "new"),
    ],
)
def test_the_rule(code: str, found: Survey, mounted: str) -> None:
    assert release_to_mount(code, found) == mounted


def test_the_tag_is_made_with_the_app(up: Deployment, tmp_path: Path) -> None:
    assert up.app["tags"][DEPLOYED_TAG] == code_folder.describe(up.code).name


def test_a_share_that_is_gone_is_told_without_a_traceback(up: Deployment, bench: Workbench, cloud: Cloud) -> None:
    """Somebody deleted it; the stack's state still has it."""
    cloud.delete(cloud.where(up.stack.group)[SHARE])
    assert "DELETED since this stack made it" in up.stack.preview().succeeded().log.told
    bench.release_code("print('two')\n")
    told = up.stack.up().refused()
    assert "the file share" in told
    assert "ShareNotFound; is FILE_SHARE_NAME right?" in told
    up.stack.refresh().succeeded()
    up.stack.up().succeeded()
    assert up.app["properties"]["provisioningState"] == "Succeeded"
