"""The sandbox as a background process: one per folder, found again, started and stopped from any state."""

import json
import os
import signal
import socket
import sqlite3
import ssl
import stat
import threading
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from cli import main, workplace
from sandbox import control
from sandbox.state import StateFolder


def holder(address: str) -> socket.socket:
    """A socket that takes the place of a service of the sandbox."""
    port = urlsplit(address).port
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", port))
    taken.listen()
    return taken


def test_start_is_found_again_and_stop_leaves_nothing(state: Path) -> None:
    assert control.status(state) is None
    assert control.stop(state) is False
    said: list[str] = []
    started = control.start(state, {}, said.append)
    assert said
    assert control.start(state, {}).pid == started.pid
    assert control.status(state) == started
    assert control.stop(state) is True
    assert not psutil.pid_exists(started.pid) or psutil.Process(started.pid).status() == psutil.STATUS_ZOMBIE
    for address in (started.arm_url, started.files_url, started.identity_url):
        holder(address).close()
    assert control.status(state) is None
    with pytest.raises(control.SandboxError, match="start it"):
        control.environment(state)


def test_addresses_and_identity_survive_stop_and_start(state: Path) -> None:
    first = control.start(state, {})
    control.stop(state)
    second = control.start(state, {})
    assert first.model_copy(update={"pid": 0}) == second.model_copy(update={"pid": 0})


def test_of_parallel_starts_one_runs(state: Path) -> None:
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(control.start(state, {}).pid)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 3
    assert len(set(pids)) == 1


def test_a_killed_sandbox_is_started_over_its_remains(state: Path) -> None:
    """The lock ends with the process, so neither the lock file nor endpoints.json that it left can mislead."""
    killed = control.start(state, {})
    os.kill(killed.pid, signal.SIGKILL)
    again = control.start(state, {})
    assert again.pid != killed.pid
    assert again.arm_url == killed.arm_url


def test_a_taken_port_is_left_to_its_owner_and_told(state: Path) -> None:
    first = control.start(state, {})
    control.stop(state)
    with holder(first.files_url):
        second = control.start(state, {})
        assert second.files_url != first.files_url
        (problem,) = second.problems
        assert str(urlsplit(first.files_url).port) in problem


def test_the_environment_has_what_clients_read(state: Path) -> None:
    status = control.start(state, {})
    environment = control.environment(state)
    assert environment["ARM_METADATA_HOSTNAME"] == status.arm_url.removeprefix("https://")
    assert environment["PULUMI_DEBUG_PROVIDERS"] == f"azure-native:{status.provider_port}"
    socket.create_connection(("127.0.0.1", status.provider_port or 0)).close()
    bundle = Path(environment["SSL_CERT_FILE"])
    assert bundle.read_text().count("BEGIN CERTIFICATE") > 1
    context = ssl.create_default_context(cafile=str(bundle))
    address = f"https://{environment['ARM_METADATA_HOSTNAME']}/metadata/endpoints?api-version=2022-09-01"
    with urllib.request.urlopen(address, context=context) as answer:
        assert answer.status == 200


def test_nobody_else_can_read_the_secrets(state: Path) -> None:
    control.start(state, {})
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for path in [*state.glob("state.db*"), state / "endpoints.json", *(state / "tls").glob("*.key")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.parametrize(("damage", "words"), [("newer", "newer version"), ("garbage", "damaged")])
def test_a_state_that_cannot_be_used_is_an_error_that_says_what_to_do(state: Path, damage: str, words: str) -> None:
    StateFolder(state).make()
    if damage == "newer":
        connection = sqlite3.connect(state / "state.db")
        connection.execute("PRAGMA user_version = 99")
        connection.close()
    else:
        (state / "state.db").write_bytes(b"no database at all, but long enough to be taken for one" * 20)
    with pytest.raises(control.StateError, match=words):
        control.start(state, {})


def test_a_sandbox_that_cannot_start_shows_the_end_of_its_log(state: Path) -> None:
    StateFolder(state).make()
    (state / "tls").write_text("in the way")
    with pytest.raises(control.SandboxError, match=r"in the way|NotADirectory|FileExists"):
        control.start(state, {})


def test_faults_are_set_listed_and_forgotten_from_the_command_line(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["aca-inference", "sandbox", "faults", *words])
        with pytest.raises(SystemExit) as ended:
            main.main()
        told = capsys.readouterr()
        assert ended.value.code == (1 if told.err else 0), told
        return told.out + told.err

    (state.parent / "Pulumi.yaml").write_text("name: sample\n")
    monkeypatch.chdir(state.parent)
    monkeypatch.setattr(workplace, "STATE_DIR", state)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert "no sandbox runs" in run("list")
    control.start(state, {})
    assert "fault 1 is set" in run("add", "fail", "--path", "*/containerApps/*", "--times", "2")
    added = json.loads(run("add", "slow", "--service", "files", "--seconds", "0.5", "--json"))
    assert (added["number"], added["kind"], added["seconds"]) == (2, "slow", 0.5)
    assert "*/containerApps/*" in run("list")
    assert [fault["happened"] for fault in json.loads(run("list", "--json"))] == [0, 0]
    assert "no fault 7 is set" in run("clear", "7")
    assert "1 fault taken back" in run("clear", "2")
    control.stop(state)
    control.start(state, {})
    assert "no fault is set" in run("list")
    control.stop(state)
