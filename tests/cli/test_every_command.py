"""What holds for every command: help with an example, `--json`, completion, and failures told in a sentence."""

import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main
from typer.core import TyperGroup

from cli import main as entry
from operations.config_file import DEFAULT_PATH
from tests.workspace import PROJECT

PROGRAM: Final = str(PROJECT / ".venv/bin/aca-inference")
WANTS: Final = {
    "chat": ("hello",),
    "evaluate": ("data.jsonl",),
    "import-parameters": ("parameters.json", "--stack", "dev"),
    "upload": ("folder",),
}
"""Arguments that a command cannot do without."""


def leaves(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(command, TyperGroup):
        for name, sub in command.commands.items():
            yield from leaves(sub, *path, name)
    else:
        yield path, command


COMMANDS: Final = dict(leaves(typer.main.get_command(entry.app)))
EACH: Final = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
CONFIGURED: Final = [
    words for words, command in COMMANDS.items() if any("--config" in option.opts for option in command.params)
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the current one, with what `WANTS` names; nobody is signed in to anything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    (tmp_path / "data.jsonl").write_text('{"question": "?", "ground_truth": "!"}\n')
    (tmp_path / "parameters.json").write_text("{")
    (tmp_path / "folder").mkdir()
    return tmp_path


def run(*words: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["aca-inference", *words])
        try:
            entry.main()
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0


def wanted(words: tuple[str, ...]) -> tuple[str, ...]:
    return (*words, *WANTS.get(words[-1], ()))


@EACH
def test_help_says_what_it_does_and_shows_an_example(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, "--help") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"aca-inference {' '.join(words)}" in told.split("Example:")[1]


@EACH
def test_every_option_is_explained_and_json_is_one(words: tuple[str, ...]) -> None:
    options = COMMANDS[words].params
    assert any("--json" in option.opts for option in options)
    assert [option.name for option in options if not getattr(option, "help", None)] == []


@EACH
def test_an_unknown_option_is_wrong_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*wanted(words), "--no-such-option") == 2
    assert "no-such-option" in capsys.readouterr().err


@pytest.mark.parametrize("words", CONFIGURED, ids=" ".join)
@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"ACA_APP_NAME": 7}', b"\xff\xfe{\x00"])
def test_a_configuration_that_cannot_be_used_is_told_in_a_sentence(
    words: tuple[str, ...], content: str | bytes | None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "folder/adapter_config.json").write_text("{}")
    (folder / "folder/adapter_model.bin").write_text("")
    if content is not None:
        (folder / DEFAULT_PATH).parent.mkdir()
        (folder / DEFAULT_PATH).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert run(*wanted(words), *(["--yes"] if words[-1] in {"deploy", "rollback", "upload"} else [])) == 1
    out, err = capsys.readouterr()
    assert str(DEFAULT_PATH) in out + err
    assert "Traceback" not in err


@EACH
def test_without_a_project_nothing_is_a_traceback(
    words: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*wanted(words)) in {0, 1, 2}
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    assert (out + err).strip()
    assert {item.name for item in folder.iterdir()} <= {"data.jsonl", "parameters.json", "folder", "results"}


def test_json_of_a_failing_check_is_still_one_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Pulumi.yaml").write_text("name: sample\n")
    for words in (("doctor", "--json"), ("sandbox", "status", "--json")):
        assert run(*words) == 1
        json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("de", {"deploy", "destroy"}), ("sandbox st", {"start", "stop", "status"}), ("deploy --st", {"--strategy"})],
)
def test_a_shell_completes_commands_and_options(typed: str, offered: set[str]) -> None:
    line = {"COMP_WORDS": f"aca-inference {typed}", "COMP_CWORD": str(len(typed.split()))}
    done = subprocess.run(
        [PROGRAM],
        env={**os.environ, "_ACA_INFERENCE_COMPLETE": "complete_bash", **line},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, set(done.stdout.split())) == (0, offered), done


def test_a_reader_that_goes_away_is_no_error_to_tell() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([PROGRAM, "--help"], stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "results/answers.jsonl")

    monkeypatch.setattr("cli.show_status.show", full)
    assert run("status") == 1
    assert capsys.readouterr().err == "error: results/answers.jsonl: No space left on device\n"
