"""What is told of a deployment that is well, asleep, or ill in one of the usual ways."""

import time

import pytest

from operations import deployment, endpoint, log_stream, status
from operations.container_app import open_app
from operations.diagnosis import diagnose
from operations.errors import CloudError, EndpointError
from operations.management import current_cloud
from tests.operations.deployed import KEY, PROFILE, Deployed


def test_a_deployment_that_is_well(deployed: Deployed) -> None:
    found = status.survey(deployed.config)
    assert found.well, found.problems
    assert found.waiting_for is None
    assert found.environment.profile_type == PROFILE
    assert found.replicas_allowed == (1, 1)
    assert found.probes == {"Startup": "/health/startup", "Readiness": "/health/ready"}
    assert found.newest_release == found.serving_release == deployed.first
    assert [model.id for model in found.models] == ["org/base", "tone"]
    assert found.unusable[0].reason == "no weights"
    (revision,) = found.revisions
    assert (revision.traffic, revision.health, revision.release) == (100, "Healthy", deployed.first)
    assert [replica.ready for replica in revision.replicas] == [True]


def test_asking_for_the_status_starts_no_replica(deployed: Deployed) -> None:
    template = deployed.app()["properties"]["template"]
    template["scale"] = {"minReplicas": 0, "maxReplicas": 1, "cooldownPeriod": 1}
    patch = {"properties": {"template": template}}
    deployed.client.container_apps.begin_update("operations", deployed.name, patch).result()  # type: ignore[arg-type]
    with open_app(deployed.config) as app:
        revision = app.read()["properties"]["latestRevisionName"]
        while app.replicas(revision):  # not by `survey`: its questions to a running replica keep it awake
            time.sleep(0.1)
    for _ in range(2):
        found = status.survey(deployed.config)
        assert found.asleep
        assert found.well


def test_code_that_ends_by_itself(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    (deployed.source / "__main__.py").write_text("raise SystemExit(3)\n")
    monkeypatch.setattr(deployment, "_wait", lambda *_: None)  # nobody waits: what is there is left as it is
    deployment.apply(deployed.config, deployed.source)
    while not (found := status.survey(deployed.config)).problems:
        time.sleep(0.1)
    assert found.problems[0].what == "the server ends by itself soon after its start"
    assert "rollback" in found.problems[0].fix
    assert not found.well
    assert found.serving_release == deployed.first != found.newest_release


def test_logs_of_system_and_console_followed_and_not(deployed: Deployed) -> None:
    with open_app(deployed.config) as app:
        reasons = [entry.text.partition(":")[0] for entry in log_stream.system(app, tail=300)]
        assert {"RevisionCreated", "ContainerStarted", "RevisionReady"} <= set(reasons)
        revision = app.revisions()[0]["name"]
        (replica,) = app.replicas(revision)
        lines = log_stream.console(app, revision, replica, tail=10)
        assert [entry.text for entry in lines] == ["serving one"]
        followed = log_stream.merged([log_stream.console(app, revision, replica, tail=10, follow=True)])
        assert next(iter(followed)).text == "serving one"
        app.deactivate(revision)
        assert "RevisionDeactivated" in {entry.text.partition(":")[0] for entry in _until(app, "RevisionDeactivated")}


def _until(app: object, reason: str) -> list[log_stream.Entry]:
    found: list[log_stream.Entry] = []
    for entry in log_stream.system(app, tail=300, follow=True):  # type: ignore[arg-type]
        found.append(entry)
        if entry.text.startswith(reason):
            return found
    return found


def test_the_key_comes_from_the_app_s_secrets(deployed: Deployed) -> None:
    assert endpoint.asks_for_key(deployed.url)
    with pytest.raises(EndpointError, match="401"):
        endpoint.models(deployed.url)
    with open_app(deployed.config) as app:
        assert app.api_key() == KEY


def test_an_app_that_is_not_there(deployed: Deployed) -> None:
    config = deployed.config.model_copy(update={"aca_app_name": "nobody"})
    with pytest.raises(CloudError, match="there is no Container App nobody"):
        status.survey(config)
    assert current_cloud().resource_manager.startswith("https://127.0.0.1")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("The storage 'link' cannot be mounted: mount error(13): Permission denied.", "key or the network"),
        ("The storage 'link' cannot be mounted: mount error(2): No such file or directory", "not on the file share"),
        ("ManagedEnvironment Storage 'x' was not found.", "no link to the file share"),
        ("Maximum Allowed Cores exceeded for the Managed Environment", "no GPU capacity"),
        ("'Invalid value: \"a/b:1\": GET https:: MANIFEST_UNKNOWN: manifest unknown'", "image cannot be pulled"),
        ("The TargetPort 8000 does not match the listening port 80.", "another port"),
        ("Container main failed liveness probe, will be restarted", "stopped answering"),
        ("Container main failed startup probe, will be restarted", "did not start to listen"),
        ("Readiness probe of port 7860 at /health/ready failed: timed out", "not ready"),
        ("Container main was OOMKilled", "want of memory"),
        ("CrashLoopBackOff: Container main exited with code 3; restart in 8 s", "ends by itself"),
        ("Deployment Progress Deadline Exceeded. 0/1 replicas ready.", "did not become ready in time"),
        ("Something that nobody has seen before", "Something that nobody has seen before"),
    ],
)
def test_what_azure_says_in_plain_words(message: str, words: str) -> None:
    (problem,) = diagnose([message, message])
    assert words in problem.what
    assert problem.source == message
    assert "aca-inference" in problem.fix or "INFERENCE_PORT" in problem.fix or "gpuProfile" in problem.fix
