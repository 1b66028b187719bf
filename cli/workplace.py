"""Where a command works: the project in the current folder, its sandbox, its stack `local`."""

import fcntl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from cli.errors import CliError
from cli.local_stack import PROJECT_FILE, LocalStack
from cli.terminal import phase
from sandbox import control

STATE_DIR: Final = Path(".sandbox")
IMAGES: Final[Mapping[str, Path]] = {"aca-inference/inference-app:0.1.0-cpu": Path(".venv")}
"""What the sandbox runs for an image: the folder whose `bin` has the programs that the image would have."""
STOP_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Workplace:
    """The project that the command was called in, and where to print."""

    project: Path
    console: Console

    @property
    def stack(self) -> LocalStack:
        """The stack `local` on this project's sandbox."""
        return LocalStack(self.project, STATE_DIR, self.console.file)

    def start_sandbox(self) -> None:
        """Starts the sandbox, or does nothing where it runs; returns when it answers."""
        with phase(self.console, "sandbox") as say:
            control.start(STATE_DIR, images=IMAGES, on_progress=say)

    def stop_sandbox(self) -> None:
        """Ends the sandbox and everything it runs; its state stays."""
        with phase(self.console, "sandbox stop"):
            control.stop(STATE_DIR, STOP_TIMEOUT_SECONDS)

    @contextmanager
    def alone(self) -> Generator[None]:
        """Waits until no other `up` or `down` runs here; the system frees the lock of one that was killed."""
        STATE_DIR.mkdir(exist_ok=True)
        with (STATE_DIR / "command.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with phase(self.console, "waiting") as say:
                    say("for another `up` or `down` in this folder")
                    fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def here(as_json: bool = False) -> Workplace:
    """The project in the current folder; `as_json` keeps stdout for one document and tells everything else on stderr.

    Raises:
        CliError: there is none.
    """
    project = Path.cwd()
    if not (project / PROJECT_FILE).is_file():
        raise CliError(f"{project} has no {PROJECT_FILE}; call this in the project's folder")
    return Workplace(project, Console(stderr=as_json))
