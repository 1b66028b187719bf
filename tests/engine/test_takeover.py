"""An app of somebody else that is taken over by wish: what it was comes back, with its secrets."""

from sandbox.provider.connection import REQUEST_TIMEOUT_SECONDS
from tests.engine import outside
from tests.engine.conftest import MakeStack
from tests.engine.harness import Stack
from tests.engine.kinds import APP, ENVIRONMENT, GROUP, Json

SECRETS = [{"name": "theirs", "value": "a value of theirs"}]
ALWAYS = {"app": "always"}


def taken_over(make_stack: MakeStack) -> tuple[Stack, str, Json]:
    """A stack that names an app of somebody else, the app's id, and the app as it was."""
    stack = make_stack(adopt=ALWAYS)
    cloud = stack.bench.cloud
    where = cloud.where(stack.name)
    secrets = {"configuration": {"ingress": {"external": True, "targetPort": 80}, "secrets": SECRETS}}
    outside.make(cloud, where, APP, app={"properties": secrets})
    return stack, where[APP], cloud.snapshot(stack.name)[where[APP].lower()]


def test_destroy_puts_the_app_back_as_it_was(make_stack: MakeStack) -> None:
    stack, app, before = taken_over(make_stack)
    cloud = stack.bench.cloud
    preview = stack.preview().succeeded()
    assert "CHANGED, because adopt.app is always" in preview.log.told
    stack.up().succeeded()
    during = cloud.snapshot(stack.name)[app.lower()]
    assert during["properties"]["template"] != before["properties"]["template"]
    assert during["tags"] == before["tags"]
    assert {"name": "theirs"} in during["properties"]["configuration"]["secrets"]
    exported = stack.bench.pulumi("stack", "export", "--stack", stack.name)
    assert SECRETS[0]["value"] not in exported
    stack.destroy().succeeded()
    assert cloud.snapshot(stack.name)[app.lower()]["properties"]["template"] == before["properties"]["template"]
    assert cloud.act(app, "listSecrets")["value"] == SECRETS


def test_with_the_state_lost_destroy_says_that_it_does_not_know_how_the_app_was(make_stack: MakeStack) -> None:
    stack, _, _ = taken_over(make_stack)
    stack.up().succeeded()
    stack.lose_state()
    stack.up().succeeded()
    destroyed = stack.destroy()
    assert not destroyed.ok
    assert "not known any more" in destroyed.output
    assert "Change the app" in destroyed.output


def test_the_job_of_fine_tuning_keeps_its_environment_profile_and_link(make_stack: MakeStack) -> None:
    """The environment of the original's fine-tuning template: dedicated GPU, its share, its link, its job."""
    stack = make_stack(gpuProfile=None)
    cloud = stack.bench.cloud
    where = cloud.where(stack.name)
    profiles = {"properties": {"workloadProfiles": outside.FINE_TUNING_PROFILES}}
    outside.make(cloud, where, *[kind for kind in where if kind is not APP], environment=profiles)
    job = f"{where[GROUP]}/providers/Microsoft.App/jobs/aiacajob"
    link = next(identity for kind, identity in where.items() if kind.mode == "environmentStorage").rpartition("/")[2]
    body = {
        "location": outside.LOCATION,
        "properties": {
            "environmentId": where[ENVIRONMENT],
            "workloadProfileName": "GPU",
            "template": {
                "containers": [{"name": "aiacajob", "image": outside.IMAGE}],
                "volumes": [{"name": "volume", "storageType": "AzureFile", "storageName": link}],
            },
        },
    }
    cloud._connection.request("PUT", job, APP.api_version, body, REQUEST_TIMEOUT_SECONDS).raise_for_status()
    before = cloud.snapshot(stack.name)
    stack.up().succeeded()
    app = cloud.get(where[APP])
    assert app is not None
    assert app["properties"]["workloadProfileName"] == "GPU"
    assert [volume["storageName"] for volume in app["properties"]["template"]["volumes"]] == [link]
    assert app["properties"]["template"]["containers"][0]["resources"]["cpu"] < 24
    after = cloud.snapshot(stack.name)
    assert {key: after.get(key) for key in before} == before
    stack.destroy().succeeded()
    assert cloud.snapshot(stack.name) == before
