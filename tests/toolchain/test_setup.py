"""The command as a whole: old Pythons, two at once, interrupts."""

import ast
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.toolchain.conftest import PROJECT

SLOW_CHILD = """
import sys, threading
from functools import partial
from pathlib import Path
from toolchain import environment, processes, setup
from toolchain.phases import phase
def slow(project, requirements):
    with phase("Slow phase") as current:
        processes.run(current, ["sh", "-c", "sleep 600 & echo started; wait"])
setup.PROJECT = Path(sys.argv[1])
processes.LOG = setup.PROJECT / "log"
setup.make_environment = slow
setup.make_pulumi = lambda project: None
sys.exit(setup.main(["base"]))
"""


def start_slow_setup(folder: Path) -> "subprocess.Popen[str]":
    """A set-up whose first phase takes forever, in a group of its own as a terminal would start it."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", SLOW_CHILD, str(folder)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: "object", seconds: float = 20) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.02)


def descendants(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def sleeping(process: "subprocess.Popen[str]") -> bool:
    return any(child.name() == "sleep" for child in descendants(process))


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 130), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_however_it_ends_no_child_is_left(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = start_slow_setup(tmp_path)
    wait_for(lambda: sleeping(process))
    children = descendants(process)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in printed
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


def test_two_at_once_take_turns_and_a_killed_one_blocks_nobody(tmp_path: Path) -> None:
    first = start_slow_setup(tmp_path)
    wait_for(lambda: sleeping(first))
    second = start_slow_setup(tmp_path)
    assert second.stdout is not None
    assert "Waiting for another set-up" in second.stdout.readline()
    assert not sleeping(second)
    first.kill()
    wait_for(lambda: sleeping(second))
    for process in (first, second):
        process.terminate()
        process.communicate(timeout=20)


def test_a_failing_phase_stops_the_other_and_is_told_in_one_line(tmp_path: Path) -> None:
    command = SLOW_CHILD.replace(
        "setup.make_pulumi = lambda project: None",
        "from toolchain.errors import SetupError\n"
        "def fails(project): raise SetupError('no Pulumi CLI: install it')\n"
        "setup.make_pulumi = fails",
    )
    done = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stderr) == (1, "set-up: no Pulumi CLI: install it\n")


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_what_an_old_python_reads_first_is_written_for_it(name: str) -> None:
    ast.parse((PROJECT / "toolchain" / name).read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 9, 2), (3, 15, 0)])
def test_a_python_that_will_not_do_is_told_the_fix_in_one_line(version: tuple[int, int, int]) -> None:
    text = ".".join(map(str, version))
    command = (
        f"import runpy, sys; sys.version_info = {version}; sys.version = '{text} (default)';"
        "sys.argv = ['toolchain', 'base']; runpy.run_module('toolchain', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", command], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch(rf"set-up needs Python 3\.11 to 3\.14; this is {re.escape(text)}\..*PYTHON=.*\n", done.stderr)


def test_an_unknown_target_names_the_known_ones() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "toolchain", "everything"], cwd=PROJECT, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 2
    assert all(target in done.stderr for target in ("base", "dev", "test"))
