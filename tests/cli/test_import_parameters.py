"""A parameter file becomes configuration: what will be set is shown first, and the stack file stays a person's own."""

import io
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from cli import main as entry
from tests.workspace import PROJECT, TOOLS

BEFORE = """# mine
config:
  # where
  azure-native:location: swedencentral
  aca-inference:maximumInstanceCount: 1 # few
  aca-inference:acaAppName: app-of-the-stack
  # commands
  aca-inference:defaultCommands:
    - old
  # last
  aca-inference:tags: {a: b}
"""
PARAMETERS = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
        "defaultCommands": {"value": ["cd /mount", 'echo "a: b" # c']},
        "maximumInstanceCount": {"value": 2},
        "location": {"value": None},
        "storageAccountName": {"value": "123456"},
        "acaAppName": {"value": None},
    },
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a stack called dev, in a backend of its own."""
    folder = tmp_path / "project"
    (tmp_path / "backend").mkdir()
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: aca-inference\nruntime: python\n")
    (folder / "parameters.json").write_text(json.dumps(PARAMETERS, indent=2))
    for key in [key for key in os.environ if key.startswith("PULUMI_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PATH", os.pathsep.join([str(PROJECT / TOOLS), os.environ["PATH"]]))
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "backend").as_uri())
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "not a secret")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    subprocess.run(["pulumi", "stack", "init", "dev", "--non-interactive", "--no-select"], check=True)
    salt = yaml.safe_load(stack_file(folder).read_text())["encryptionsalt"]
    stack_file(folder).write_text(f"{BEFORE}encryptionsalt: {salt}\n")
    return folder


def stack_file(project: Path) -> Path:
    return project / "Pulumi.dev.yaml"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit status of `aca-inference import-parameters WORDS`."""
    monkeypatch.setattr("sys.argv", ["aca-inference", "import-parameters", *words])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    return int(ended.value.code or 0)


def test_what_is_imported_is_set_and_everything_else_stays(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "parameters.json", "--stack", "dev", "--yes") == 0
    text = stack_file(project).read_text()
    config = yaml.safe_load(text)["config"]
    assert config["aca-inference:defaultCommands"] == ["cd /mount", 'echo "a: b" # c']
    assert int(config["aca-inference:maximumInstanceCount"]) == 2
    assert config["aca-inference:storageAccountName"] == "123456"
    assert config["aca-inference:acaAppName"] == "app-of-the-stack"
    assert config["aca-inference:tags"] == {"a": "b"}
    assert "aca-inference:location" not in config
    for comment in ("# mine", "# where", "# few", "# commands", "# last"):
        assert comment in text
    out = capsys.readouterr().out
    assert "Pulumi.dev.yaml is set" in out
    assert "acaAppName" not in out


def test_nothing_is_set_twice(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "parameters.json", "--stack", "organization/aca-inference/dev", "--yes") == 0
    once = stack_file(project).read_bytes()
    capsys.readouterr()
    assert run(monkeypatch, "parameters.json", "--stack", "dev") == 0
    assert capsys.readouterr().out == "Pulumi.dev.yaml says all of parameters.json already\n"
    assert stack_file(project).read_bytes() == once


def test_json_shows_what_would_be_set_and_sets_it_only_with_yes(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stack_file(project).read_bytes()
    assert run(monkeypatch, "parameters.json", "--stack", "dev", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert {"key": "maximumInstanceCount", "old": 1, "new": 2} in shown["changes"]
    assert {"key": "storageAccountName", "old": None, "new": "123456"} in shown["changes"]
    assert (shown["file"], shown["applied"]) == ("Pulumi.dev.yaml", False)
    assert stack_file(project).read_bytes() == before
    assert run(monkeypatch, "parameters.json", "--stack", "dev", "--json", "--yes") == 0
    assert json.loads(capsys.readouterr().out) == {**shown, "applied": True}
    assert stack_file(project).read_bytes() != before


def test_where_nobody_can_be_asked_nothing_is_set(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stack_file(project).read_bytes()
    assert run(monkeypatch, "parameters.json", "--stack", "dev") == 1
    out, err = capsys.readouterr()
    assert "maximumInstanceCount" in out
    assert "--yes" in err
    assert stack_file(project).read_bytes() == before


@pytest.mark.parametrize(("answer", "sets"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_one_is_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, sets: bool
) -> None:
    before = stack_file(project).read_bytes()
    typed = io.StringIO(f"{answer}\n")
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", typed)
    assert run(monkeypatch, "parameters.json", "--stack", "dev") == (0 if sets else 1)
    assert "set it?" in capsys.readouterr().out
    assert (stack_file(project).read_bytes() != before) is sets


def test_a_wrong_file_is_explained_whole_and_nothing_is_set(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stack_file(project).read_bytes()
    wrong = {"parameters": {"acaAppNam": {"value": "a"}, "fileShareName": {"value": "A"}, "location": {"value": 1}}}
    (project / "wrong.json").write_text(json.dumps(wrong, indent=2))
    assert run(monkeypatch, "wrong.json", "--stack", "dev", "--yes") == 1
    err = capsys.readouterr().err
    assert "wrong.json:3: acaAppNam: no such parameter; did you mean acaAppName?" in err
    assert "wrong.json:7: fileShareName: " in err
    assert "wrong.json:10: location: must be a text" in err
    assert stack_file(project).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("none.json", "--stack", "dev", "--yes"), "none.json: there is no such file"),
        (("parameters.json", "--stack", "my dev", "--yes"), "'my dev' is no name of a stack"),
        (("parameters.json", "--stack", "other", "--yes"), "no stack named 'other' found"),
    ],
)
@pytest.mark.usefixtures("project")
def test_what_is_not_there_is_said(
    words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *words) == 1
    assert says in capsys.readouterr().err


def test_a_broken_stack_file_is_left_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack_file(project).write_text("config: [")
    assert run(monkeypatch, "parameters.json", "--stack", "dev", "--yes") == 1
    assert "Pulumi.dev.yaml: is no stack file of Pulumi" in capsys.readouterr().err
    assert stack_file(project).read_text() == "config: ["


def test_help_has_an_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    assert "aca-inference import-parameters" in capsys.readouterr().out.split("Example:")[1]
