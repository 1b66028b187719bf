"""What a person sees of set-up: one line a phase with its duration, and progress for what takes longer."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from toolchain.errors import SetupError

NAME_WIDTH: Final = 58
PROGRESS_AFTER_SECONDS: Final = 2.0
LIVE_PERIOD_SECONDS: Final = 0.5
PLAIN_PERIOD_SECONDS: Final = 15.0
KEPT_LINES: Final = 12


class Phase:
    """A phase that is running: `detail` is shown beside its name while it lasts, `name` when it has ended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.detail = ""


@contextmanager
def phase(name: str) -> Generator[Phase]:
    """Prints the phase's name and duration at its end, and progress before that if it takes longer."""
    current, started, ended = Phase(name), time.monotonic(), threading.Event()
    ticker = threading.Thread(target=_tick, args=(current, started, ended), daemon=True)
    ticker.start()
    try:
        yield current
    finally:
        ended.set()
        ticker.join()
    print(f"{current.name:<{NAME_WIDTH}} {time.monotonic() - started:6.1f} s", flush=True)


def run(
    current: Phase, command: Sequence[str], cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> None:
    """Runs a command to its end; its newest line is the phase's detail.

    Raises:
        SetupError: it failed; the last lines of its output come with it.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines = [*lines[1 - KEPT_LINES :], line.rstrip()]
            current.detail = line.strip()
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        shown = "\n".join(f"    {line}" for line in lines)
        raise SetupError(f"{current.name}: `{' '.join(command[:4])} …` failed ({code})\n{shown}")


def _tick(current: Phase, started: float, ended: threading.Event) -> None:
    live = sys.stdout.isatty()
    if ended.wait(PROGRESS_AFTER_SECONDS):
        return
    while True:
        elapsed = time.monotonic() - started
        if live:
            width = os.get_terminal_size().columns
            print(f"\r\x1b[K{f'{current.name} … {elapsed:.0f} s  {current.detail}'[: width - 1]}", end="", flush=True)
        else:
            print(f"{current.name} … {elapsed:.0f} s  {current.detail[:90]}", flush=True)
        if ended.wait(LIVE_PERIOD_SECONDS if live else PLAIN_PERIOD_SECONDS):
            break
    if live:
        print("\r\x1b[K", end="")
