"""The commands that set-up starts: their newest line is shown, none outlives set-up, a failure is told in one line."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from toolchain import leash
from toolchain.errors import SetupError
from toolchain.phases import Phase

_CAUSES: Final = {
    r"No space left on device|Disk quota exceeded": "the disk is full: free some space and run it again",
    r"name resolution|Name or service not known|Failed to establish a new connection|dns error|dial tcp"
    r"|Network is unreachable|[Cc]onnection refused|i/o timeout|ConnectTimeout": "there is no way to the network: "
    "check the connection, and the proxy or mirror settings (HTTPS_PROXY, PIP_INDEX_URL, GOPROXY)",
}
"""Causes that a person can do something about, by what tools print about them."""

LOG: Final = Path(__file__).parent.parent / ".toolchain/set-up.log"
"""All that the commands print, so that a one-line failure can be looked into."""

_running: set["subprocess.Popen[str]"] = set()
_stopping = threading.Event()
_lock = threading.Lock()


def run(
    current: Phase,
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str], str] = str.strip,
) -> None:
    """Runs a command to its end; what `progress` makes of its newest line is the phase's detail.

    Raises:
        SetupError: it failed; one line says why, as far as the command's output does.
    """
    with _lock:
        if _stopping.is_set():
            raise SetupError("stopped")
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, *command],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        _running.add(process)
    lines: list[str] = []
    LOG.parent.mkdir(exist_ok=True)
    try:
        assert process.stdout is not None  # it is a pipe
        with LOG.open("a") as log:
            for line in process.stdout:
                log.write(f"{current.name}: {line}")
                if line.strip():
                    lines.append(line.strip())
                    current.detail = progress(line)
        code = process.wait()
    finally:
        _let_go(process)
    if code:
        words = " ".join([Path(command[0]).name, *command[1:4]])
        raise SetupError(f"`{words} …` failed: {cause(lines)} (all that it printed: {LOG})")


def stop() -> None:
    """Ends every command that is running, and keeps new ones from starting. Callable from any thread."""
    with _lock:
        _stopping.set()
        for process in _running:
            assert process.stdin is not None  # it is a pipe
            process.stdin.close()


def stopping() -> bool:
    """Whether set-up is being stopped: for work that is no command of its own."""
    return _stopping.is_set()


def cause(lines: Sequence[str]) -> str:
    """Why a command failed, in one line: a known cause, else its first line about an error, else its last line."""
    for pattern, advice in _CAUSES.items():
        if any(re.search(pattern, line) for line in lines):
            return advice
    errors = [line for line in lines if re.search(r"\berror: .", line, re.IGNORECASE)]
    return (errors[:1] or list(lines[-1:]) or ["it said nothing"])[0]


def _let_go(process: "subprocess.Popen[str]") -> None:
    """Closes our end of the leash, which ends whatever is still on it."""
    assert process.stdin is not None and process.stdout is not None  # they are pipes
    process.stdin.close()
    process.wait()
    process.stdout.close()
    with _lock:
        _running.discard(process)
