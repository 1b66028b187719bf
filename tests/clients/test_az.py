"""The daily commands of az: groups, logs, storage, environments and container apps."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import Az, AzError

GROUP = "az-group"
LOCATION = "swedencentral"
ACCOUNT = "azaccount1"
SHARE = "models"
IMAGE = "aca-inference/inference-app:0.1.0-cpu"
"""The one that a sandbox has from the start."""


@pytest.fixture(scope="module", autouse=True)
def group(az: Az) -> Iterator[None]:
    az("group", "create", "--name", GROUP, "--location", LOCATION, "--tags", "made=here")
    yield
    az("group", "delete", "--name", GROUP, "--yes")
    assert az("group", "exists", "--name", GROUP) is False


@pytest.fixture(scope="module")
def workspace(az: Az) -> tuple[str, str]:
    """Customer id and key."""
    where = ("--resource-group", GROUP, "--workspace-name", "logs")
    made = az("monitor", "log-analytics", "workspace", "create", *where)
    keys = az("monitor", "log-analytics", "workspace", "get-shared-keys", *where)
    return made["customerId"], keys["primarySharedKey"]


@pytest.fixture(scope="module")
def account_key(az: Az) -> str:
    """Key of an account with a share."""
    where = ("--resource-group", GROUP, "--name", ACCOUNT)
    az("storage", "account", "create", *where, "--location", LOCATION, "--sku", "Standard_LRS")
    az("storage", "share-rm", "create", "--resource-group", GROUP, "--storage-account", ACCOUNT, "--name", SHARE)
    keys = az("storage", "account", "keys", "list", "--resource-group", GROUP, "--account-name", ACCOUNT)
    return str(keys[0]["value"])


@pytest.fixture(scope="module")
def app(az: Az, workspace: tuple[str, str], account_key: str) -> dict[str, str]:
    """An environment with a storage and an app in it, as az shows the app's configuration."""
    customer, key = workspace
    logs = ("--logs-workspace-id", customer, "--logs-workspace-key", key)
    az("containerapp", "env", "create", "--resource-group", GROUP, "--name", "env", "--location", LOCATION, *logs)
    share = ("--azure-file-account-name", ACCOUNT, "--azure-file-account-key", account_key)
    link = ("--azure-file-share-name", SHARE, "--storage-name", "models", "--access-mode", "ReadOnly")
    az("containerapp", "env", "storage", "set", "--resource-group", GROUP, "--name", "env", *share, *link)
    ingress = ("--ingress", "external", "--target-port", "8000", "--min-replicas", "1", "--max-replicas", "2")
    where = ("--resource-group", GROUP, "--name", "app", "--environment", "env", "--image", IMAGE)
    command = ("--command", "python3", "--args=-mhttp.server", "--env-vars", "PYTHONUNBUFFERED=1")
    made: dict[str, str] = az("containerapp", "create", *where, *ingress, *command)
    return made


def test_groups_are_shown_listed_and_tagged(az: Az) -> None:
    assert az("group", "show", "--name", GROUP)["tags"] == {"made": "here"}
    assert GROUP in [item["name"] for item in az("group", "list")]
    assert az("group", "update", "--name", GROUP, "--tags", "made=again")["tags"] == {"made": "again"}
    with pytest.raises(AzError, match="ResourceGroupNotFound"):
        az("group", "show", "--name", "nothing")


def test_a_name_that_is_taken_is_said_before_it_is_tried(az: Az, account_key: str) -> None:
    assert az("storage", "account", "check-name", "--name", ACCOUNT)["reason"] == "AlreadyExists"
    assert az("storage", "account", "check-name", "--name", "stillfree1")["nameAvailable"] is True
    assert az("storage", "account", "check-name", "--name", "Not_A_Name")["reason"] == "AccountNameInvalid"


def test_a_key_is_made_anew(az: Az, account_key: str) -> None:
    where = ("--resource-group", GROUP, "--account-name", ACCOUNT)
    before = az("storage", "account", "keys", "list", *where)
    after = az("storage", "account", "keys", "renew", *where, "--key", "secondary")
    assert [old["value"] == new["value"] for old, new in zip(before, after, strict=True)] == [True, False]


def test_files_go_up_and_come_down(az: Az, account_key: str, tmp_path: Path) -> None:
    shown = az("storage", "account", "show", "--resource-group", GROUP, "--name", ACCOUNT)
    endpoint = shown["primaryEndpoints"]["file"].rstrip("/")
    way = ("--connection-string", f"FileEndpoint={endpoint};AccountName={ACCOUNT};AccountKey={account_key}")
    (tmp_path / "up").write_text("some words", encoding="utf-8")
    where = ("--share-name", SHARE, "--path", "folder/file.txt", *way)
    assert az("storage", "directory", "create", "--share-name", SHARE, "--name", "folder", *way)["created"] is True
    az("storage", "file", "upload", "--source", str(tmp_path / "up"), *where, "--no-progress")
    listed = az("storage", "file", "list", "--share-name", SHARE, "--path", "folder", *way)
    assert [(item["name"], item["properties"]["contentLength"]) for item in listed] == [("file.txt", 10)]
    az("storage", "file", "download", "--dest", str(tmp_path / "down"), *where, "--no-progress")
    assert (tmp_path / "down").read_text(encoding="utf-8") == "some words"
    az("storage", "file", "delete", *where)
    assert az("storage", "file", "list", "--share-name", SHARE, "--path", "folder", *way) == []
    assert az("storage", "share", "exists", "--name", SHARE, *way)["exists"] is True


def test_an_environment_and_its_storages(az: Az, app: dict[str, str]) -> None:
    shown = az("containerapp", "env", "show", "--resource-group", GROUP, "--name", "env")
    assert shown["properties"]["workloadProfiles"] == [{"name": "Consumption", "workloadProfileType": "Consumption"}]
    [storage] = az("containerapp", "env", "storage", "list", "--resource-group", GROUP, "--name", "env")
    assert storage["properties"]["azureFile"] == {"accessMode": "ReadOnly", "accountName": ACCOUNT, "shareName": SHARE}


def test_an_update_makes_a_revision(az: Az, app: dict[str, str]) -> None:
    where = ("--resource-group", GROUP, "--name", "app")
    before = az("containerapp", "show", *where)
    assert before["properties"]["configuration"]["activeRevisionsMode"] == "Single"
    az("containerapp", "update", *where, "--set-env-vars", "GREETING=hello", "--revision-suffix", "second")
    shown = az("containerapp", "show", *where)
    assert shown["properties"]["latestRevisionName"] == "app--second"
    [container] = shown["properties"]["template"]["containers"]
    assert {"name": "GREETING", "value": "hello"} in container["env"]
    revisions = az("containerapp", "revision", "list", *where, "--all")
    assert before["properties"]["latestRevisionName"] in [item["name"] for item in revisions]
    assert az("containerapp", "revision", "show", *where, "--revision", "app--second")["name"] == "app--second"


def test_secrets_are_listed_without_their_values(az: Az, app: dict[str, str]) -> None:
    where = ("--resource-group", GROUP, "--name", "app")
    az("containerapp", "secret", "set", *where, "--secrets", "word=hidden")
    assert "hidden" not in str(az("containerapp", "show", *where))
    assert az("containerapp", "secret", "show", *where, "--secret-name", "word")["value"] == "hidden"


def test_the_replica_that_runs_is_listed_and_what_it_says_is_followed(
    az: Az, az_lines: Callable[..., Iterator[str]], app: dict[str, str]
) -> None:
    where = ("--resource-group", GROUP, "--name", "app")
    deadline = time.monotonic() + 60
    while not (replicas := az("containerapp", "replica", "list", *where)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert replicas[0]["properties"]["containers"][0]["ready"] is True
    lines = az_lines("containerapp", "logs", "show", *where, "--tail", "20", "--follow")
    assert any("Serving HTTP" in line for line in lines)
    events = az_lines("containerapp", "logs", "show", *where, "--type", "system")
    assert any(json.loads(line)["ContainerAppName"] == "app" for line in events)
