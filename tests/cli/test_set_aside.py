"""A configuration file of Azure's and the sandbox's: neither is lost to the other."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from cli.errors import CliError
from cli.set_aside import ASIDE, FILE, put_back, set_aside
from operations import config_file
from operations.config_file import InferenceConfig

CONSOLE = Console()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(endpoint: str) -> str:
    keys = ("SUBSCRIPTION_ID", "RESOURCE_GROUP_NAME", "STORAGE_ACCOUNT_NAME", "FILE_SHARE_NAME", "ACA_APP_NAME")
    config_file.write(FILE, InferenceConfig.model_validate({**dict.fromkeys(keys, "x"), "ACA_APP_ENDPOINT": endpoint}))
    return FILE.read_text()


def test_a_file_of_azure_survives_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    azure = write("app.kindsea-1.swedencentral.azurecontainerapps.io")
    set_aside(CONSOLE)
    assert not FILE.exists()
    assert str(ASIDE) in capsys.readouterr().out
    write("127.0.0.1:8080")
    set_aside(CONSOLE)  # again, as at every `make up`
    put_back(CONSOLE)
    assert FILE.read_text() == azure
    assert not ASIDE.exists()
    put_back(CONSOLE)
    assert FILE.read_text() == azure


def test_a_file_that_cannot_be_read_is_somebodys_too() -> None:
    FILE.parent.mkdir()
    FILE.write_text(json.dumps({"SUBSCRIPTION_ID": "half"}))
    set_aside(CONSOLE)
    assert json.loads(ASIDE.read_text()) == {"SUBSCRIPTION_ID": "half"}


def test_a_second_one_is_not_lost_either() -> None:
    write("one.azurecontainerapps.io")
    set_aside(CONSOLE)
    second = write("two.azurecontainerapps.io")
    with pytest.raises(CliError, match="move one of them"):
        set_aside(CONSOLE)
    put_back(CONSOLE)
    assert FILE.read_text() == second
    assert ASIDE.exists()


def test_where_nothing_is_nothing_happens(capsys: pytest.CaptureFixture[str]) -> None:
    set_aside(CONSOLE)
    put_back(CONSOLE)
    assert capsys.readouterr().out == ""
