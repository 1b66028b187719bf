"""The Pulumi CLI as a process whose output the person sees, and which a Ctrl-C ends in order."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Thread
from typing import IO, Final

from cli.errors import PulumiError
from cli.terminal import Say

TOOL_FOLDERS: Final = (".toolchain/bin", ".venv/bin")
UNASKED: Final = ("--yes", "--skip-preview", "--suppress-progress")
"""Options of an operation that was shown and agreed to already."""
_COLOUR: Final = {True: "always", False: "never"}
_LAST_LINES_SECONDS: Final = 5.0


def pulumi_program(environment: Mapping[str, str]) -> str:
    """The Pulumi CLI on this environment's PATH.

    Raises:
        PulumiError: there is none.
    """
    found = shutil.which("pulumi", path=environment["PATH"])
    if not found:
        raise PulumiError("the Pulumi CLI is missing; `make up` gets it, and puts it into .toolchain/bin")
    return found


def own_environment(project: Path) -> dict[str, str]:
    """The person's own environment, in which the project's tools are found after their own."""
    tools = (str((project / folder).resolve()) for folder in TOOL_FOLDERS)
    return {**os.environ, "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), *tools])}


def run_shown(
    project: Path,
    environment: Mapping[str, str],
    say: Say,
    *words: str,
    out: IO[str] | None = None,
    unless: Callable[[str], bool] = lambda _: False,
) -> None:
    """Runs pulumi in the project; what it prints goes to `out` (our own output by default), but for lines to leave out.

    In a session of its own it is interrupted by us alone, once per Ctrl-C: at the first it finishes its step.

    Raises:
        PulumiError: it failed, or was ended by somebody else.
    """
    shown = out or sys.stdout
    process = subprocess.Popen(
        [pulumi_program(environment), "--non-interactive", "--color", _COLOUR[shown.isatty()], *words],
        cwd=project,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    copying = Thread(target=_copy, args=(process.stdout, shown, unless), daemon=True)
    copying.start()
    interrupted = False
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:
            say("interrupted: waiting until pulumi has finished its step (Ctrl-C again: at once)")
            interrupted = True
            process.send_signal(signal.SIGINT)
    # Bounded: what a killed pulumi leaves behind for a moment still holds the other end.
    copying.join(_LAST_LINES_SECONDS)
    if interrupted:
        raise KeyboardInterrupt
    if code < 0:
        raise PulumiError(f"`pulumi {words[0]}` was ended by signal {-code}; run this again, it goes on from there")
    if code > 0:
        raise PulumiError(f"`pulumi {words[0]}` failed, see above; run this again when that is put right")


def _copy(lines: Iterable[str], out: IO[str], unless: Callable[[str], bool]) -> None:
    for line in lines:
        if not unless(line):
            out.write(line)
            out.flush()
