"""The stack `local` with the real Pulumi CLI and a small program: killed, interrupted, destroyed, repeated."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from cli.local_stack import LocalStack
from tests.workspace import PROJECT, use_what_set_up_made

pytestmark = pytest.mark.engine

TIMEOUT_SECONDS: Final = 60
TRACKED: Final = """# a comment that stays
config:
  sample:key: value
"""
PROGRAM: Final = '''
import time
from pathlib import Path
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

FOLDER = Path(__file__).parent

class Slow(ResourceProvider):
    """Creating one is told, then waits for the test's leave."""

    def create(self, props):
        (FOLDER / "begun").write_text(props["name"])
        while not (FOLDER / "go").exists():
            time.sleep(0.02)
        return CreateResult(props["name"], props)

class Thing(Resource):
    def __init__(self, name, opts=None):
        super().__init__(Slow(), name, {"name": name}, opts)

first = Thing("first")
Thing("second", pulumi.ResourceOptions(depends_on=[first]))
'''
RUN: Final = """
import sys
from pathlib import Path
from cli.local_stack import LocalStack
stack = LocalStack(Path("."), Path(".sandbox"))
environment = stack.environment({})
stack.prepare(environment)
getattr(stack, sys.argv[1])(environment, lambda text: print(text, flush=True))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two resources whose creation waits for a file named `go`."""
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: sample\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    (folder / "Pulumi.local.yaml").write_text(TRACKED)
    (folder / "__main__.py").write_text(PROGRAM)
    use_what_set_up_made(folder)
    return folder


@contextmanager
def running(project: Path, word: str) -> Generator[subprocess.Popen[str]]:
    """`up` or `destroy` in a process of its own; nothing of it is left in the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, word],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        (project / "go").touch()
        process.communicate(timeout=TIMEOUT_SECONDS)


def begun(project: Path, process: subprocess.Popen[str]) -> str:
    """Waits until a resource is being created; returns its name."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (project / "begun").exists():
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < deadline, "nothing is being created"
        time.sleep(0.02)
    return (project / "begun").read_text()


def run(project: Path, word: str) -> str:
    """Runs to the end, with everything allowed; returns what was printed."""
    (project / "go").touch()
    with running(project, word) as process:
        output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, output
    return output


def pulumi_of(project: Path) -> int:
    """Process id of the pulumi that works on the stack, as its lock says."""
    (lock,) = (project / ".sandbox/pulumi/.pulumi/locks").rglob("*.json")
    return int(lock.read_text().split('"pid":')[1].split(",")[0])


def resources(project: Path) -> list[str]:
    """Names of the program's resources in the state, in order."""
    stack = LocalStack(project, project / ".sandbox")
    listed = subprocess.run(
        [".toolchain/bin/pulumi", "stack", "--show-urns"],
        cwd=project,
        env=stack.environment({}),
        check=True,
        capture_output=True,
        text=True,
    )
    return [line.rsplit("::", 1)[1] for line in listed.stdout.splitlines() if "::sample::pulumi-python" in line]


def kill_pulumi(project: Path, process: subprocess.Popen[str]) -> None:
    os.kill(pulumi_of(project), signal.SIGKILL)
    process.wait(timeout=TIMEOUT_SECONDS)


def kill_command(project: Path, process: subprocess.Popen[str]) -> None:
    """The command dies, its pulumi goes on alone."""
    process.kill()
    process.wait(timeout=TIMEOUT_SECONDS)
    (project / "go").touch()


@pytest.mark.parametrize("kill", [kill_pulumi, kill_command])
def test_up_after_a_kill_in_the_middle_of_a_create_ends_with_each_resource_once(
    project: Path, kill: Callable[[Path, subprocess.Popen[str]], None]
) -> None:
    with running(project, "up") as process:
        assert begun(project, process) == "first"
        kill(project, process)
    run(project, "up")
    assert resources(project) == ["first", "second"]


def test_an_interrupt_lets_the_step_end_and_records_it(project: Path) -> None:
    with running(project, "up") as process:
        assert begun(project, process) == "first"
        process.send_signal(signal.SIGINT)
        assert process.stdout
        while "interrupted" not in process.stdout.readline():
            pass
        (project / "go").touch()
        process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode != 0
    assert resources(project) == ["first"]
    assert "1 created" in run(project, "up")


def test_the_tracked_configuration_is_copied_and_never_written(project: Path) -> None:
    run(project, "up")
    assert (project / "Pulumi.local.yaml").read_text() == TRACKED
    copy = project / ".sandbox/pulumi/project/Pulumi.local.yaml"
    first = copy.read_text()
    assert first.startswith(TRACKED)
    assert "encryptionsalt" in first
    (project / "Pulumi.local.yaml").write_text(TRACKED.replace("value", "edited"))
    stack = LocalStack(project, project / ".sandbox")
    stack.prepare(stack.environment({}))
    assert copy.read_text() == first.replace("value", "edited")


def test_after_destroy_nothing_is_left_and_up_works_again(project: Path) -> None:
    run(project, "up")
    run(project, "destroy")
    assert not LocalStack(project, project / ".sandbox").exists()
    assert "3 created" in run(project, "up")


def test_a_person_s_own_sign_in_never_reaches_the_sandbox(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one foreign variable left, an SDK could prefer a real subscription."""
    foreign = ("AZURE_CLIENT_SECRET", "ARM_CLIENT_ID", "IDENTITY_ENDPOINT", "PULUMI_ACCESS_TOKEN")
    for name in foreign:
        monkeypatch.setenv(name, "mine")
    stack = LocalStack(project, project / ".sandbox")
    sandbox = {"IDENTITY_ENDPOINT": "http://127.0.0.1:1/token"}
    environment = stack.environment(sandbox)
    assert "mine" not in environment.values()
    assert environment["IDENTITY_ENDPOINT"] == sandbox["IDENTITY_ENDPOINT"]
    assert set(foreign) - {"IDENTITY_ENDPOINT"} <= set(stack.foreign(sandbox))
    assert "IDENTITY_ENDPOINT" not in stack.foreign(sandbox)


def test_the_passphrase_is_for_its_owner_only(project: Path) -> None:
    stack = LocalStack(project, project / ".sandbox")
    stack.prepare(stack.environment({}))
    secret = project / ".sandbox/pulumi/passphrase"
    assert secret.stat().st_mode & 0o077 == 0
    kept = secret.read_text()
    stack.prepare(stack.environment({}))
    assert secret.read_text() == kept
    shutil.rmtree(project / ".sandbox")
    stack.prepare(stack.environment({}))
    assert secret.read_text() != kept
