"""The components as a library: the example that composes them differently, in the real engine."""

from pathlib import Path

from tests.engine.cloud import IMAGE, Cloud
from tests.engine.harness import workbench
from tests.engine.kinds import APP, ENVIRONMENT, LINK
from tests.workspace import PROJECT

EXAMPLE = PROJECT / "examples/two_apps"


def test_two_apps_share_one_environment_and_one_share_and_nothing_else(cloud: Cloud, tmp_path: Path) -> None:
    with workbench(tmp_path, cloud, EXAMPLE) as bench:
        stack = bench.bare_stack("try", **{"two-apps:code": "inference_app", "two-apps:image": IMAGE})
        preview = stack.preview().succeeded()
        done = stack.up().succeeded()
        assert [step.op for step in preview.log.of_type("app:ContainerApp")] == ["create", "create"]
        group = next(step for step in done.log.of_type("resources:ResourceGroup")).new["inputs"]["resourceGroupName"]
        there = cloud.snapshot(group)
        apps = {key.rpartition("/")[2]: body["properties"] for key, body in there.items() if APP.owns(key)}
        (environment,) = [key for key in there if ENVIRONMENT.owns(key)]
        (link,) = [body["name"] for key, body in there.items() if LINK.owns(key)]
        assert {app["environmentId"].lower() for app in apps.values()} == {environment}
        assert {volume["storageName"] for app in apps.values() for volume in app["template"]["volumes"]} == {link}
        scales = {name: app["template"]["scale"] for name, app in apps.items()}
        assert {name: (scale["minReplicas"], scale["maxReplicas"]) for name, scale in scales.items()} == {
            "interactive": (1, 2),
            "nightly": (0, 4),
        }
        keys = {name: cloud.act(_id(there, name), "listSecrets")["value"][0]["value"] for name in apps}
        assert len(set(keys.values())) == len(apps), "each app has a key of its own"
        assert {step.op for step in stack.preview().succeeded().log.steps} == {"same"}
        stack.destroy().succeeded()
        assert cloud.snapshot(group) == {}


def _id(there: dict[str, dict[str, str]], name: str) -> str:
    return next(body["id"] for key, body in there.items() if APP.owns(key) and body["name"] == name)
