"""Kill -9 of any part, then `sandbox up` again: a working endpoint, nothing doubled, no step by hand."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.arm import list_resources
from tests.end_to_end.conftest import endpoint_in, is_ready
from tests.end_to_end.processes import listening_ports, of_workspace, replicas, sandbox_process
from tests.workspace import command, environment, run

pytestmark = pytest.mark.engine


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Returns once the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_replica_that_is_killed_comes_back_without_anybody_asking(workspace: Path, endpoint: str) -> None:
    before = replicas(workspace)
    assert before
    for process in before:
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: not any(process.is_running() for process in before))
    wait_for(lambda: is_ready(endpoint))
    assert {process.pid for process in replicas(workspace)}.isdisjoint(process.pid for process in before)


def test_a_sandbox_that_is_killed_leaves_nothing_running_and_comes_back_as_it_was(
    workspace: Path, endpoint: str
) -> None:
    before, running = list_resources(workspace), replicas(workspace)
    sandbox = sandbox_process(workspace)
    sandbox.send_signal(signal.SIGKILL)
    wait_for(lambda: not any(process.is_running() for process in running))
    again = run(workspace, "sandbox", "up").stdout
    assert endpoint_in(again) == endpoint
    assert list_resources(workspace) == before
    assert "unchanged" in again


@pytest.mark.parametrize("made", [1, 6])
def test_an_up_that_is_killed_is_finished_by_the_next(workspace: Path, made: int) -> None:
    """Killed with at least `made` of Azure's resources there, and not all; it may not have recorded the last."""
    run(workspace, "sandbox", "down")
    first = subprocess.Popen(
        command(workspace, "sandbox", "up"),
        cwd=workspace,
        env=environment(workspace),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    assert first.stdout
    lines: list[str] = []
    for line in first.stdout:
        lines.append(line)
        if len([line for line in lines if "azure-native:" in line and " created (" in line]) >= made:
            break
    (engine,) = [process for process in psutil.Process(first.pid).children() if process.name() == "pulumi"]
    for process in (engine, psutil.Process(first.pid)):
        process.send_signal(signal.SIGKILL)
    printed = "".join(lines) + first.communicate()[0]
    assert "Resources:" not in printed, "it was over before it was killed"
    endpoint = endpoint_in(run(workspace, "sandbox", "up").stdout)
    assert is_ready(endpoint)
    names = [identity.rpartition("/")[0] for identity in list_resources(workspace)]
    assert len(names) == len(set(names)), "two resources of one type: something was made twice"


def test_down_leaves_no_process_and_no_port_and_up_works_again(workspace: Path, endpoint: str) -> None:
    ports, serving = listening_ports(workspace), replicas(workspace)
    assert ports
    assert serving
    run(workspace, "sandbox", "down")
    assert not of_workspace(workspace)
    assert not listening_ports(workspace)
    assert not any(process.is_running() for process in serving)
    assert is_ready(endpoint_in(run(workspace, "sandbox", "up").stdout))


def test_a_destroy_that_fails_leaves_nothing_running_and_the_next_one_ends_it(workspace: Path, endpoint: str) -> None:
    serving = replicas(workspace)
    passphrase = workspace / ".sandbox/pulumi/passphrase"
    kept = passphrase.read_text()
    passphrase.write_text("not the one")
    failed = run(workspace, "sandbox", "down", check=False)
    passphrase.write_text(kept)
    assert failed.returncode == 1
    assert "its state kept" in failed.stdout
    assert not of_workspace(workspace)
    assert not any(process.is_running() for process in serving)
    assert "deleted" in run(workspace, "sandbox", "down").stdout
