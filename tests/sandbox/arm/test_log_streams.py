"""Log streams with the requests that az makes."""

import json
import uuid
from typing import Any

import pytest
import requests

from sandbox.fleet.logs import AppLogs
from tests.sandbox.conftest import IMAGE, LOCATION, Clients, Cloud, settled


class App:
    """An app that has logged five events, and two lines of one replica."""

    def __init__(self, cloud: Cloud, clients: Clients, group: str) -> None:
        self.group, self.name, self.apps = group, f"app{uuid.uuid4().hex[:8]}", clients.apps.container_apps
        environments: Any = clients.apps.managed_environments
        environments.begin_create_or_update(group, "env", {"location": LOCATION, "properties": {}}, polling=False)
        environment = settled(lambda: environments.get(group, "env"))
        container = {"name": "main", "image": IMAGE, "resources": {"cpu": 0.5, "memory": "1Gi"}}
        body: Any = {
            "location": LOCATION,
            "properties": {"environmentId": environment.id, "template": {"containers": [container]}},
        }
        self.apps.begin_create_or_update(group, self.name, body, polling=False)
        self.id = str(settled(lambda: self.apps.get(group, self.name)).id)
        self.replica = f"{self.name}--one-a-b"
        logs = AppLogs(cloud.folder.logs, self.id.lower())
        for number in range(5):
            logs.event("Tick", f"event {number}", revision=f"{self.name}--one", replica=self.replica)
        console = logs.console(f"{self.name}--one", self.replica)
        console._write([b"hello", b"world"], "stdout")  # pyright: ignore[reportPrivateUsage]

    def get(self, path: str, token: str | None = None, **query: str) -> requests.Response:
        """As az does it: the host is in the app, the path without provider, the token from getAuthtoken."""
        found: Any = self.apps.get(self.group, self.name)
        base = found.properties.event_stream_endpoint.partition("/subscriptions/")[0]
        token = token or str(self.apps.get_auth_token(self.group, self.name).properties.token)  # type: ignore[union-attr]
        short = self.id.replace("/providers/Microsoft.App", "")
        return requests.get(
            f"{base}{short}/{path}", query, headers={"Authorization": f"Bearer {token}"}, timeout=10, stream=True
        )


@pytest.fixture
def app(cloud: Cloud, clients: Clients, group: str) -> App:
    return App(cloud, clients, group)


def test_the_end_of_the_system_log(app: App) -> None:
    lines = app.get("eventstream", tailLines="2").text.splitlines()
    assert [json.loads(line)["Msg"] for line in lines] == ["event 3", "event 4"]
    assert json.loads(lines[0])["RevisionName"] == f"{app.name}--one"


def test_a_console_as_json_and_as_text(app: App) -> None:
    path = f"revisions/{app.name}--one/replicas/{app.replica}/containers/main/logstream"
    assert [json.loads(line)["Log"] for line in app.get(path, output="json").text.splitlines()] == ["hello", "world"]
    assert [line.split(" ", 1)[1] for line in app.get(path, output="text").text.splitlines()] == ["hello", "world"]


def test_following_brings_what_is_written_later(app: App, cloud: Cloud) -> None:
    with app.get("eventstream", tailLines="1", follow="true") as response:
        lines = response.iter_lines()
        assert json.loads(next(lines))["Msg"] == "event 4"
        AppLogs(cloud.folder.logs, app.id.lower()).event("Tick", "later")
        assert json.loads(next(lines))["Msg"] == "later"


def test_what_is_refused(app: App) -> None:
    assert app.get("eventstream", tailLines="301").status_code == 400
    assert app.get("eventstream", token="wrong").status_code == 401
