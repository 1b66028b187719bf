"""The daily commands as a person calls them, on a deployment of their own: output, JSON, exit statuses, refusals."""

import json
import os
import signal
import sys
import webbrowser
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main

from cli import main as entry
from cli import measuring, observing, provisioning, releasing
from operations import config_file
from tests.operations.conftest import (  # noqa: F401  fixtures
    account,
    azure,
    config,
    deployed,
    own_sandbox,
    running,
    storage,
)
from tests.operations.deployed import KEY, Deployed
from tests.workspace import PROJECT, TOOLS

APPS: Final = (observing.app, releasing.app, measuring.app, provisioning.app)
COMMANDS: Final = sorted(name for app in APPS for name in typer.main.get_group(app).commands)


@pytest.fixture(autouse=True)
def signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)


class Terminal:
    """Calls commands in the folder of a deployment."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._patch, self._capsys = folder, monkeypatch, capsys

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of `aca-inference WORDS`."""
        self._patch.setattr("sys.argv", ["aca-inference", *words])
        try:
            entry.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, *words: str) -> Any:
        """The document that a command prints."""
        code, out, err = self.run(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    def refused(self, *words: str) -> str:
        """What is told when a command fails as it should: one message on stderr."""
        code, out, err = self.run(*words)
        assert (code, out) == (1, "")
        assert err.startswith("error: ")
        return err


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """A folder without anything."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    return Terminal(folder, monkeypatch, capsys)


@pytest.fixture
def terminal(bare: Terminal, deployed: Deployed) -> Terminal:  # noqa: F811
    """A folder with the configuration file of a deployment, as a person would write it, and its code."""
    config_file.write(bare.folder / config_file.DEFAULT_PATH, deployed.config)
    return bare


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_an_example(command: str, bare: Terminal) -> None:
    code, out, _ = bare.run(command, "--help")
    assert code == 0
    assert f"aca-inference {command}" in out.split("Example:")[1]
    assert "--json" in out


@pytest.mark.parametrize("command", ["status", "logs", "open", "deploy", "rollback"])
def test_without_a_configuration_file_it_is_said_what_belongs_there(bare: Terminal, command: str) -> None:
    told = bare.refused(command)
    assert "infra/inference.config.json is missing" in told
    assert "ACA_APP_NAME" in told


def test_status_logs_and_open(terminal: Terminal, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    found = terminal.json("status")
    assert found["well"]
    assert found["newest_release"] == deployed.first
    code, out, _ = terminal.run("status")
    assert code == 0
    for words in (deployed.first, "ready", "tone (adapter of org/base)", "broken at models/broken: no weights"):
        assert words in out
    code, out, _ = terminal.run("logs")
    assert "serving one" in out
    code, out, _ = terminal.run("logs", "--system", "--json")
    assert {json.loads(line)["text"].partition(":")[0] for line in out.splitlines()} >= {"RevisionReady"}
    assert "no replica's name ends with nobody" in terminal.refused("logs", "--replica", "nobody")
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: shown.append(url) or True)
    assert terminal.json("open") == {"endpoint": deployed.url, "opened": True}
    assert shown == [deployed.url]
    deployed.client.container_apps_revisions.deactivate_revision(
        "operations", deployed.name, deployed.app()["properties"]["latestRevisionName"]
    )
    assert terminal.run("status")[0] == 1
    assert "no replica runs" in terminal.refused("logs")


def test_chat(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert terminal.run("chat", "how", "are", "you")[:2] == (0, "one how are you\n")
    answered = terminal.json("chat", "--model", "org/base", "hello")
    assert (answered["model"], answered["answer"]) == ("org/base", "one hello")
    assert answered["usage"]["completion_tokens"] == 2
    assert "there is no model nobody" in terminal.refused("chat", "--model", "nobody", "hello")
    monkeypatch.setenv("ACA_INFERENCE_API_KEY", "a-wrong-key")
    assert "401" in terminal.refused("chat", "hello")
    monkeypatch.setenv("ACA_INFERENCE_API_KEY", KEY)

    lines = iter(["first", "/model org/base", "second", "/model nobody", "break", "/reset", "third", "/quit", "never"])
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    code, out, err = terminal.run("chat")
    assert code == 0
    assert out.splitlines()[:2] == ["one first", "one first one first second"]
    assert out.splitlines()[-1] == "one third"
    assert "there is no model nobody" in err
    assert "the engine broke" in err
    assert next(lines) == "never"


def test_deploy_and_rollback(terminal: Terminal, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    source = str(deployed.source)
    assert "answers already" in terminal.run("deploy", source)[1]
    deployed.edit("two")
    code, out, err = terminal.run("deploy", source)
    assert code == 1
    assert "~ answers.py" in out
    assert "add --yes" in err
    plan = terminal.json("deploy", source)
    assert plan["plan"]["changes"] == ["~ answers.py"]
    assert plan["outcome"] is None
    assert deployed.app()["properties"]["latestRevisionName"].startswith(deployed.name)

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda _: False)
    code, out, _ = terminal.run("deploy", source)
    assert code == 1
    assert "nothing was changed" in out
    done = terminal.json("deploy", source, "--yes")["outcome"]
    assert (done["publication"]["sent"], done["replaced"]) == (1, deployed.first)

    listed = terminal.json("rollback", "--list")
    assert listed["mounted"] == done["release"]
    assert {item["name"] for item in listed["releases"]} == {done["release"], deployed.first}
    assert "is not on the share" in terminal.refused("rollback", "0123456789ab", "--yes")
    assert "mounts" in terminal.refused("rollback", done["release"], "--yes")
    monkeypatch.setattr("typer.confirm", lambda _: True)
    code, out, _ = terminal.run("rollback")
    assert code == 0
    assert f"{deployed.first} answers now" in out
    assert "mounted" in terminal.run("rollback", "--list")[1]


def test_watching_deploys_each_change_and_survives_code_that_does_not_start(
    terminal: Terminal,
    deployed: Deployed,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edits = iter(["two", None, "three"])

    def pause(_: float) -> None:
        text = next(edits, "end")
        if text == "end":
            raise KeyboardInterrupt
        main = deployed.source / "__main__.py"
        if text is None:
            main.write_text(f"raise SystemExit(1)\n{main.read_text()}")
        else:
            main.write_text(main.read_text().removeprefix("raise SystemExit(1)\n"))
            deployed.edit(text)

    monkeypatch.setattr("cli.show_deploy.sleep", pause)
    code, out, _ = terminal.run("deploy", str(deployed.source), "--watch", "--yes")
    assert code == 130
    assert out.count("answers now") == 2
    assert "ends by itself" in out
    assert terminal.run("chat", "hello")[1] == "three hello\n"


def test_upload(terminal: Terminal) -> None:
    model = terminal.folder / "org/name/model.gguf"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"GGUF" + bytes(1000))
    plan = terminal.json("upload", "org/name")
    assert plan == {
        "plan": {"kind": "base model", "files": 1, "bytes": 1004, "remote": "model-cache/org/name"},
        "outcome": None,
    }
    assert terminal.json("upload", "org/name", "--yes")["outcome"] == {"sent": 1, "unchanged": 0, "sent_bytes": 1004}
    assert "0 files sent" in terminal.run("upload", "org/name", "--yes")[1]
    assert "no base model" in terminal.refused("upload", str(terminal.folder / "infra"))


def test_evaluate(terminal: Terminal) -> None:
    data = terminal.folder / "data.jsonl"
    data.write_text("".join(f'{{"phrase": "p{n}", "tone": "one p{n}"}}\n' for n in range(6)))
    report = terminal.json("evaluate", str(data), "--model", "org/base", "--model", "tone", "--metric", "exact_match")
    assert [model["scores"]["exact_match"]["mean"] for model in report["models"]] == [1, 1]
    assert json.loads((terminal.folder / "results/data/report.json").read_text()) == report
    assert "p5" in (terminal.folder / "results/data/report.html").read_text()
    code, out, _ = terminal.run("evaluate", str(data), "--limit", "2")
    assert code == 0
    assert "exact_match" in out
    assert "there is no metric taste" in terminal.refused("evaluate", str(data), "--metric", "taste")
    assert "needs both" in terminal.refused("evaluate", str(data), "--judge-url", "http://127.0.0.1:9")


def test_doctor(terminal: Terminal, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("PATH", str(PROJECT / TOOLS), prepend=os.pathsep)
    code, out, _ = terminal.run("doctor", "--json")
    found = {item["check"]: item for item in json.loads(out)}
    assert code == 1
    assert [check for check, item in found.items() if item["verdict"] == "bad"] == ["models"]
    assert "upload" in found["models"]["fix"]
    assert deployed.first in found["release"]["found"]
    assert found["quota"]["verdict"] == "good"
    assert KEY not in out
    config_file.write(
        terminal.folder / config_file.DEFAULT_PATH, deployed.config.model_copy(update={"storage_account_name": "other"})
    )
    code, out, _ = terminal.run("doctor")
    assert code == 1
    assert "the storage account other" in out


def test_cost_without_a_price_list_is_no_figure(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACA_INFERENCE_PRICES_URL", "http://127.0.0.1:9/prices")
    monkeypatch.setenv("XDG_CACHE_HOME", str(terminal.folder))
    assert "no figure to tell" in terminal.refused("cost").replace("\n", " ")


@pytest.mark.parametrize("command", ["provision", "destroy"])
def test_json_without_yes_is_refused(bare: Terminal, command: str) -> None:
    assert "add --yes" in bare.refused(command, "--json")
