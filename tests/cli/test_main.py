"""The command line: exit statuses, errors in a sentence, help with an example, output that a shell can evaluate."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cli import main as entry
from cli import sandbox_commands
from cli.errors import CliError
from sandbox import control

COMMANDS: Final = ("up", "down", "start", "stop", "status", "env")
VARIABLES: Final = {"ARM_METADATA_HOSTNAME": "127.0.0.1:1", "TRICKY": 'it\'s "$HOME"\nand `more`'}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project as the current folder, and signals as they were in the end."""
    (tmp_path / "Pulumi.yaml").write_text("name: sample\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit status of `aca-inference WORDS`."""
    monkeypatch.setattr("sys.argv", ["aca-inference", *words])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sandbox", command, "--help") == 0
    assert f"aca-inference sandbox {command}" in capsys.readouterr().out.split("Example:")[1]


def test_no_command_goes_untested_here() -> None:
    registered = {
        item.name or getattr(item.callback, "__name__", "") for item in sandbox_commands.app.registered_commands
    }
    assert registered == set(COMMANDS)


def test_wrong_usage_is_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "sandbox", "strat") == 2


def test_an_error_is_one_message_on_stderr_and_status_1(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "Pulumi.yaml").unlink()
    assert run(monkeypatch, "sandbox", "env") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: {project} has no Pulumi.yaml; call this in the project's folder\n"


@pytest.mark.parametrize("error", [CliError("a [red]word[/]"), control.SandboxError("a [red]word[/]")])
def test_messages_are_printed_as_they_are(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(control, "start", fail)
    assert run(monkeypatch, "sandbox", "start") == 1
    assert capsys.readouterr().err == "error: a [red]word[/]\n"


def test_an_interrupt_is_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(control, "start", interrupt)
    assert run(monkeypatch, "sandbox", "start") == 130


def test_a_shell_that_evaluates_env_has_exactly_these_variables(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(control, "environment", lambda _: VARIABLES)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "mine")
    assert run(monkeypatch, "sandbox", "env", "--json") == 0
    expected = json.loads(capsys.readouterr().out)
    assert run(monkeypatch, "sandbox", "env") == 0
    script = f'{capsys.readouterr().out}\n"$PYTHON" -c "import json, os; print(json.dumps(dict(os.environ)))"'
    monkeypatch.setenv("PYTHON", sys.executable)
    shell = subprocess.run(["/bin/sh", "-c", script], check=True, capture_output=True, text=True)
    seen = json.loads(shell.stdout)
    assert {name: seen.get(name) for name in expected} == expected
    assert expected["TRICKY"] == VARIABLES["TRICKY"]
    assert "AZURE_CLIENT_SECRET" not in seen


def test_status_of_a_sandbox_that_does_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sandbox", "status") == 1
    assert "does not run" in capsys.readouterr().out
    assert run(monkeypatch, "sandbox", "status", "--json") == 1
    assert json.loads(capsys.readouterr().out) is None


def test_down_where_nothing_ever_was_does_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "sandbox", "down") == 0
    assert capsys.readouterr().out == "nothing to take down\n"
    assert [item.name for item in project.iterdir()] == ["Pulumi.yaml"]
