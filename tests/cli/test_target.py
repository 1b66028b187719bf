"""Which deployment a command is about."""

import os
from pathlib import Path
from typing import Any

import pytest

from cli import prospects, target
from cli.errors import CliError
from operations.config_file import InferenceConfig, write
from operations.doctor import Finding
from operations.prospects import Prospect
from sandbox import control

CONFIG = InferenceConfig(
    SUBSCRIPTION_ID="sandbox",
    RESOURCE_GROUP_NAME="group",
    STORAGE_ACCOUNT_NAME="account",
    FILE_SHARE_NAME="share",
    ACA_APP_NAME="app",
    ACA_APP_ENDPOINT="127.0.0.1:1",
)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    write(tmp_path / "config.json", CONFIG)
    return tmp_path / "config.json"


def known(monkeypatch: pytest.MonkeyPatch, subscription: str | None, running: bool) -> None:
    found: Any = object()
    monkeypatch.setattr(control, "subscription", lambda _: subscription)
    monkeypatch.setattr(control, "status", lambda _: found if running else None)
    monkeypatch.setattr(control, "environment", lambda _: {"ARM_METADATA_HOSTNAME": "127.0.0.1:2"})


def test_the_sandbox_s_own_configuration_leads_to_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, "sandbox", running=True)
    os.environ["AZURE_CLIENT_SECRET"] = "mine"
    assert target.enter(file) == target.Target(CONFIG, on_sandbox=True)
    assert os.environ["ARM_METADATA_HOSTNAME"] == "127.0.0.1:2"
    assert "AZURE_CLIENT_SECRET" not in os.environ


def test_what_lies_ahead_of_the_local_stack_is_asked_of_the_sandbox_with_no_sign_in_of_a_person_s(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, "sandbox", running=True)
    os.environ["AZURE_CLIENT_SECRET"] = "mine"
    asked: list[dict[str, str]] = []

    def foresee(_: Prospect) -> list[Finding]:
        asked.append(dict(os.environ))
        return []

    monkeypatch.setattr(prospects, "foresee", foresee)
    (file.parent / "Pulumi.local.yaml").write_text(
        "config:\n  aca-inference:resourceGroup: group\n  azure-native:location: swedencentral\n"
        "  azure-native:subscriptionId: sandbox\n"
    )
    assert list(prospects.prospects("local")) == []
    (environment,) = asked
    assert environment["ARM_METADATA_HOSTNAME"] == "127.0.0.1:2"
    assert "AZURE_CLIENT_SECRET" not in environment


@pytest.mark.parametrize("subscription", ["another", None])
def test_any_other_leads_to_azure_with_the_person_s_sign_in(
    file: Path, monkeypatch: pytest.MonkeyPatch, subscription: str | None
) -> None:
    known(monkeypatch, subscription, running=True)
    os.environ["AZURE_CLIENT_SECRET"] = "mine"
    assert target.enter(file) == target.Target(CONFIG, on_sandbox=False)
    assert os.environ["AZURE_CLIENT_SECRET"] == "mine"


def test_a_sandbox_that_does_not_run_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, "sandbox", running=False)
    with pytest.raises(CliError, match="aca-inference sandbox start"):
        target.enter(file)


def test_the_subscription_is_known_of_a_sandbox_that_was_stopped(tmp_path: Path) -> None:
    assert control.subscription(tmp_path) is None
    started = control.start(tmp_path, images={})
    try:
        assert control.subscription(tmp_path) == started.subscription_id
    finally:
        control.stop(tmp_path, 10)
    assert control.subscription(tmp_path) == started.subscription_id
