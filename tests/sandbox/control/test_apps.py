"""A container app on the real fleet: what the SDK writes it serves, what it writes the SDK reads, over kills too."""

import os
import signal
import sys
import time
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from sandbox import control
from sandbox.endpoints import Endpoints
from sandbox.state import StateFolder
from tests.sandbox.conftest import IMAGE, LOCATION, Clients

SERVE = 'echo "$GREETING" > /mount/from-app.txt; cd /mount && exec python3 -m http.server 8080'


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image with Python in it."""
    (tmp_path / "image" / "bin").mkdir(parents=True)
    (tmp_path / "image" / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    return tmp_path / "image"


@pytest.fixture
def clients(state: Path, image: Path) -> Generator[Clients]:
    control.start(state, {IMAGE: image})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in control.environment(state).items():
            patch.setenv(name, value)
        clients = Clients(Endpoints.model_validate_json(StateFolder(state).endpoints.read_bytes()))
        yield clients
        clients.close()


def fetch(url: str) -> str:
    """The answer, once there is one."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.read().decode()
        except (URLError, ConnectionError) as error:
            if isinstance(error, HTTPError):
                error.close()  # it is an answer, too, with a connection
            assert time.monotonic() < deadline, f"no answer from {url}"
            time.sleep(0.05)


def test_an_app_serves_its_share_comes_back_after_a_kill_and_goes_with_its_group(
    state: Path, image: Path, clients: Clients
) -> None:
    group = clients.make_group()
    account = clients.make_account(group)
    clients.storage.file_shares.create(group, account, "models", {})  # type: ignore[arg-type]
    apps, environments = clients.apps.container_apps, clients.apps.managed_environments
    environment = environments.begin_create_or_update(group, "env", {"location": LOCATION, "properties": {}}).result()  # type: ignore[arg-type]
    file = {
        "accountName": account,
        "accountKey": clients.account_key(group, account),
        "shareName": "models",
        "accessMode": "ReadWrite",
    }
    link: Any = {"properties": {"azureFile": file}}
    clients.apps.managed_environments_storages.create_or_update(group, "env", "models", link)
    container = {
        "name": "main",
        "image": IMAGE,
        "command": ["/bin/sh", "-c", SERVE],
        "env": [{"name": "GREETING", "secretRef": "greeting"}],
        "volumeMounts": [{"volumeName": "models", "mountPath": "/mount"}],
        "probes": [{"type": "Readiness", "tcpSocket": {"port": 8080}, "periodSeconds": 1}],
    }
    body: Any = {
        "location": LOCATION,
        "properties": {
            "environmentId": environment.id,
            "configuration": {
                "ingress": {"external": True, "targetPort": 8080},
                "secrets": [{"name": "greeting", "value": "hello"}],
            },
            "template": {
                "containers": [container],
                "volumes": [{"name": "models", "storageType": "AzureFile", "storageName": "models"}],
                "scale": {"minReplicas": 1, "maxReplicas": 1},
            },
        },
    }
    app = apps.begin_create_or_update(group, "app", body).result()
    url = f"http://{app.configuration.ingress.fqdn}"
    with clients.files(group, account) as files, files.get_share_client("models") as share:
        share.get_file_client("from-sdk.txt").upload_file(b"written by the SDK")
        assert fetch(f"{url}/from-sdk.txt") == "written by the SDK"
        assert share.get_file_client("from-app.txt").download_file().readall() == b"hello\n"

    assert apps.begin_stop(group, "app").result().running_status == "Stopped"
    with pytest.raises(URLError):
        urllib.request.urlopen(f"{url}/from-sdk.txt", timeout=30)
    apps.begin_start(group, "app").result()
    assert fetch(f"{url}/from-sdk.txt") == "written by the SDK"

    status = control.status(state)
    assert status is not None
    assert [report.address for report in status.apps] == [url]
    os.kill(status.pid, signal.SIGKILL)
    again = control.start(state, {IMAGE: image})
    assert again.apps[0].address == url
    assert fetch(f"{url}/from-sdk.txt") == "written by the SDK"

    clients.resources.resource_groups.begin_delete(group).result()
    after = control.status(state)
    assert after is not None
    assert after.apps == ()
    with pytest.raises(URLError):
        urllib.request.urlopen(url, timeout=5)
