"""What a killed pulumi leaves behind: its locks go, those of a living one are respected."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli import stack_state
from cli.errors import PulumiError

PROJECT, STACK = "aca-inference", "local"


def lock(backend: Path, pid: int, since: datetime | None = None) -> Path:
    """A lock file as the CLI writes it, with its timestamp in nanoseconds."""
    folder = backend / ".pulumi/locks/organization" / PROJECT / STACK
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{pid}.json"
    stamp = (since or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%f789Z")
    file.write_text(json.dumps({"pid": pid, "username": "somebody", "hostname": "host", "timestamp": stamp}))
    return file


@pytest.fixture
def process(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A living process, under the name that the test asks for (pulumi by default)."""
    program = tmp_path / getattr(request, "param", "pulumi")
    shutil.copy("/bin/sleep", program)
    started = subprocess.Popen([str(program), "60"])
    yield started
    started.kill()
    started.wait()


def ended_process() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def wait(backend: Path) -> list[str]:
    said: list[str] = []
    stack_state.wait_for_lock(backend, PROJECT, STACK, said.append)
    return said


def test_no_lock_is_no_wait(tmp_path: Path) -> None:
    assert wait(tmp_path) == []


def test_the_lock_of_a_process_that_is_gone_is_removed(tmp_path: Path) -> None:
    file = lock(tmp_path, ended_process())
    assert wait(tmp_path) == []
    assert not file.exists()


@pytest.mark.parametrize("process", ["editor"], indirect=True)
def test_a_process_id_that_another_program_got_since_holds_nothing(
    tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    file = lock(tmp_path, process.pid)
    wait(tmp_path)
    assert not file.exists()


def test_a_process_id_that_a_later_pulumi_got_holds_nothing(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    file = lock(tmp_path, process.pid, datetime.now(UTC) - timedelta(hours=1))
    wait(tmp_path)
    assert not file.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}'])
def test_a_lock_whose_writer_was_killed_while_writing_is_removed(tmp_path: Path, content: str) -> None:
    file = lock(tmp_path, os.getpid())
    file.write_text(content)
    wait(tmp_path)
    assert not file.exists()


def test_a_living_pulumi_is_waited_for(
    tmp_path: Path, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lock(tmp_path, process.pid)

    def end(_seconds: float) -> None:
        process.kill()
        process.wait()

    monkeypatch.setattr("time.sleep", end)
    assert str(process.pid) in wait(tmp_path)[0]
    assert not file.exists()


def test_a_pulumi_that_never_ends_is_named_and_left_alone(
    tmp_path: Path, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lock(tmp_path, process.pid)
    monkeypatch.setattr(stack_state, "LOCK_WAIT_SECONDS", -1)
    with pytest.raises(PulumiError, match=f"kill -INT {process.pid}"):
        wait(tmp_path)
    assert file.exists()
    assert process.poll() is None


def test_only_pending_creates_are_forgotten() -> None:
    operations = [{"type": kind, "resource": {"urn": kind}} for kind in ("creating", "updating", "deleting")]
    exported = {"version": 3, "deployment": {"resources": [{"urn": "kept"}], "pending_operations": operations}}
    left = json.loads(stack_state.without_pending_creates(json.dumps(exported)))
    assert left["deployment"]["pending_operations"] == operations[1:]
    assert left["deployment"]["resources"] == [{"urn": "kept"}]


@pytest.mark.parametrize("cut", ["", '{"version": 3, "check'])
def test_a_state_that_a_kill_cut_off_is_replaced_by_the_one_before_it(tmp_path: Path, cut: str) -> None:
    file = stack_state.state_file(tmp_path, PROJECT, STACK)
    file.parent.mkdir(parents=True)
    file.write_text(cut)
    assert not stack_state.restore_if_cut(tmp_path, PROJECT, STACK), "there is none before it"
    assert file.read_text() == cut
    file.with_name(f"{file.name}.bak").write_text('{"version": 3}')
    assert stack_state.restore_if_cut(tmp_path, PROJECT, STACK)
    assert file.read_text() == '{"version": 3}'


def test_notes_on_the_state_that_a_kill_cut_off_go(tmp_path: Path) -> None:
    """With them the backend reads neither the state nor the one before it; without them it reads both."""
    file = stack_state.state_file(tmp_path, PROJECT, STACK)
    file.parent.mkdir(parents=True)
    for described, content in ((file, "{}"), (file.with_name(f"{file.name}.bak"), '{"version": 3}')):
        described.write_text(content)
        described.with_name(f"{described.name}.attrs").write_text('{"user.conte')
    whole = file.with_name("other.json.attrs")
    whole.write_text("{}")
    assert not stack_state.restore_if_cut(tmp_path, PROJECT, STACK)
    assert list(file.parent.glob("*.attrs")) == [whole]
    assert file.read_text() == "{}"


def test_a_whole_state_stays_whatever_lies_beside_it(tmp_path: Path) -> None:
    file = stack_state.state_file(tmp_path, PROJECT, STACK)
    file.parent.mkdir(parents=True)
    file.with_name(f"{file.name}.bak").write_text('{"version": 3}')
    assert not stack_state.restore_if_cut(tmp_path, PROJECT, STACK), "a stack that was removed stays so"
    file.write_text('{"version": 3, "checkpoint": {}}')
    assert not stack_state.restore_if_cut(tmp_path, PROJECT, STACK)
    assert json.loads(file.read_text())["checkpoint"] == {}


def test_a_state_that_cannot_be_read_is_told_with_the_way_out(tmp_path: Path) -> None:
    state = stack_state.state_file(tmp_path, PROJECT, STACK)
    state.parent.mkdir(parents=True)
    state.write_text('{"vers')
    with pytest.raises(PulumiError, match="cannot be read, nor the one before it; remove the file"):
        stack_state.has_pending_creates(tmp_path, PROJECT, STACK)
