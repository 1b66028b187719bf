"""Deploying and going back, in front of clients that never stop asking."""

import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import httpx
import pytest

from operations import deployment, endpoint, release
from operations.code_folder import DEPLOYED_TAG
from operations.deployment import Strategy
from operations.errors import CloudError, DeploymentError, OperationError
from tests.operations.deployed import KEY, Deployed
from tests.operations.requests_sent import recorded

CLIENTS: Final = 20
PAUSE_SECONDS: Final = 0.1
HEADERS: Final = {"Authorization": f"Bearer {KEY}"}


def answer(deployed: Deployed) -> str:
    return endpoint.ask(deployed.url, "tone", "?", KEY)


@contextmanager
def load(deployed: Deployed, clients: int) -> Generator[Counter[str]]:
    """So many clients ask again and again; what they were told, by answer or error."""
    told: Counter[str] = Counter()
    stop = threading.Event()
    body = {"model": "tone", "messages": [{"role": "user", "content": "?"}]}

    def ask() -> None:
        with httpx.Client(headers=HEADERS, timeout=30) as client:
            while not stop.wait(PAUSE_SECONDS):
                try:
                    response = client.post(f"{deployed.url}/v1/chat/completions", json=body)
                    said = response.json()["choices"][0]["message"]["content"] if response.is_success else response.text
                except httpx.HTTPError as error:
                    said = f"{type(error).__name__}: {error}"
                told[said] += 1

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_twenty_clients_see_no_failure_while_a_line_is_deployed_and_taken_back(deployed: Deployed) -> None:
    deployed.edit("two")
    with load(deployed, CLIENTS) as told:
        while told["one"] < 100:
            time.sleep(0.01)
        outcome = deployment.apply(deployed.config, deployed.source)
        assert answer(deployed) == "two"
        deployment.switch(deployed.config, deployment.previous(deployed.config))
        assert answer(deployed) == "one"
    assert outcome.publication
    assert (outcome.publication.sent, outcome.publication.copied) == (1, 2)
    assert set(told) == {"one", "two"}, told
    assert told["two"]


def test_nothing_changed_is_known_after_one_request(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment.plan(deployed.config, deployed.source)
    with recorded(monkeypatch) as sent:
        assert deployment.plan(deployed.config, deployed.source).settled
    about_the_app = [request for request in sent if "/metadata/endpoints" not in request and "/token" not in request]
    assert len(about_the_app) == 1, sent
    assert len(sent) <= 3, sent


def test_the_plan_names_what_changes(deployed: Deployed) -> None:
    deployed.edit("two")
    (deployed.source / "new.py").write_text("")
    (deployed.source / "__init__.py").unlink()
    plan = deployment.plan(deployed.config, deployed.source)
    assert plan.changes == ("- __init__.py", "~ answers.py", "+ new.py")
    assert (plan.mounted, plan.settled) == (deployed.first, False)


def test_deploy_changes_nothing_of_the_app_but_the_release(deployed: Deployed) -> None:
    before = deployed.app()
    deployed.edit("two")
    outcome = deployment.apply(deployed.config, deployed.source)
    after = deployed.app()
    mounts = after["properties"]["template"]["containers"][0]["volumeMounts"]
    assert mounts[1].pop("subPath") == release.release_path(outcome.release)
    before["properties"]["template"]["containers"][0]["volumeMounts"][1].pop("subPath")
    assert after["properties"]["template"] == before["properties"]["template"]
    assert after["properties"]["configuration"] == before["properties"]["configuration"]
    assert after["tags"] == {**before["tags"], DEPLOYED_TAG: outcome.release}


def test_code_that_does_not_start_leaves_the_old_in_place(deployed: Deployed) -> None:
    deployed.edit("two")
    (deployed.source / "__main__.py").write_text("raise SystemExit(3)\n")
    with load(deployed, 1) as told, pytest.raises(DeploymentError, match=f"pointed back to {deployed.first}") as raised:
        deployment.apply(deployed.config, deployed.source)
    assert "ends by itself" in str(raised.value)
    assert set(told) == {"one"}, told
    assert deployment.history(deployed.config)[0] == deployed.first


def test_restart_ends_the_old_replica_before_the_new_one_is_ready(deployed: Deployed) -> None:
    old = deployed.app()["properties"]["latestRevisionName"]
    (deployed.source / "answers.py").write_text('import time\n\ntime.sleep(3)\nANSWER = "two"\n')
    told: list[str] = []
    deployment.apply(deployed.config, deployed.source, Strategy.RESTART, tell=told.append)
    assert f"ending {old}" in told
    assert answer(deployed) == "two"


def test_rollback_to_any_kept_release_and_what_is_told_of_it(deployed: Deployed) -> None:
    names = [deployed.first]
    for text in ("two", "three"):
        deployed.edit(text)
        names.append(deployment.apply(deployed.config, deployed.source).release)
    mounted, kept = deployment.history(deployed.config)
    assert mounted == names[2]
    assert {manifest.name for manifest in kept} == set(names)
    deployment.switch(deployed.config, names[0])
    assert answer(deployed) == "one"
    assert deployed.app()["tags"][DEPLOYED_TAG] == names[2], "a rollback is not a deployment"
    assert deployment.previous(deployed.config) == names[2]


def test_a_change_of_somebody_else_at_the_same_time_is_kept(deployed: Deployed) -> None:
    deployed.edit("two")

    def interfere(text: str) -> None:
        if text.startswith("pointing"):
            patch = {"properties": {"template": {"scale": {"minReplicas": 1, "maxReplicas": 2}}}}
            deployed.client.container_apps.begin_update("operations", deployed.name, patch, polling=False)  # type: ignore[arg-type]

    deployment.apply(deployed.config, deployed.source, tell=interfere)
    template = deployed.app()["properties"]["template"]
    assert template["scale"]["maxReplicas"] == 2
    assert answer(deployed) == "two"


def test_an_app_that_mounts_no_release_is_refused(deployed: Deployed) -> None:
    found = deployed.app()
    del found["properties"]["template"]["containers"][0]["volumeMounts"][1]
    patch = {"properties": {"template": found["properties"]["template"]}}
    deployed.client.container_apps.begin_update("operations", deployed.name, patch).result()  # type: ignore[arg-type]
    with pytest.raises(CloudError, match="mounts no folder below releases/"):
        deployment.plan(deployed.config, deployed.source)


def test_code_of_another_folder_is_refused(deployed: Deployed) -> None:
    elsewhere = deployed.source.rename(deployed.source.parent / "renamed")
    (elsewhere / "answers.py").write_text("")
    with pytest.raises(OperationError, match="starts code in a folder named sample_app"):
        deployment.plan(deployed.config, elsewhere)


def test_the_first_release_has_none_before_it(deployed: Deployed) -> None:
    with pytest.raises(DeploymentError, match="no release but"):
        deployment.previous(deployed.config)


def test_an_app_that_is_not_there(deployed: Deployed) -> None:
    config = deployed.config.model_copy(update={"aca_app_name": "nobody"})
    with pytest.raises(CloudError, match="there is no Container App nobody"):
        deployment.plan(config, deployed.source)
