"""What a killed `pulumi` leaves in a file backend, and how the next run gets past it.

Layout as the CLI writes it (pulumi/pkg v3.259, backend/diy): state in `.pulumi/stacks/PROJECT/STACK.json`, one file
for each lock in `.pulumi/locks/organization/PROJECT/STACK/`.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psutil

from cli.errors import PulumiError
from cli.terminal import Say
from operations.config_file import write_atomically

LOCK_WAIT_SECONDS: Final = 120.0
"""How long a run of somebody else may go on before we give up."""
_NOTES: Final = ".attrs"
"""Ends the name of what the backend notes on a file, in JSON."""
_LOCK_POLL_SECONDS: Final = 0.2
_CLOCK_TOLERANCE_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Lock:
    """A lock in the backend: its file, and the process that holds it while it lives."""

    file: Path
    pid: int

    @property
    def holder(self) -> str:
        """The process in words."""
        return f"pulumi with process id {self.pid}"


def state_file(backend: Path, project: str, stack: str) -> Path:
    """Where the backend keeps the stack's state."""
    return backend / ".pulumi/stacks" / project / f"{stack}.json"


def wait_for_lock(backend: Path, project: str, stack: str, say: Say) -> None:
    """Returns once nobody works on the stack; removes the locks of processes that are gone.

    Raises:
        PulumiError: a living process kept the lock for all of `LOCK_WAIT_SECONDS`.
    """
    folder = backend / ".pulumi/locks/organization" / project / stack
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while held := _living_locks(folder):
        if time.monotonic() > deadline:
            raise PulumiError(
                f"{held[0].holder} is working on the stack {stack}; wait for it, or end it with"
                f" `kill -INT {held[0].pid}` (it finishes its step first)"
            )
        say(f"waiting for {held[0].holder}, which works on the same stack")
        time.sleep(_LOCK_POLL_SECONDS)


def restore_if_cut(backend: Path, project: str, stack: str) -> bool:
    """Whether a kill cut the state file off while it was written, and the one before it, which the backend keeps, took
    its place. What it does not know of yet is found again by its mark."""
    file = state_file(backend, project, stack)
    earlier = file.with_name(f"{file.name}.bak")
    for described in (file, earlier):
        # The backend writes its notes on a file before the file, reads nothing whose notes are cut, and needs none.
        notes = described.with_name(f"{described.name}{_NOTES}")
        if notes.is_file() and not _is_json(notes):
            notes.unlink()
    if not file.is_file() or _is_json(file):
        return False
    if not _is_json(earlier):
        return False
    write_atomically(file, earlier.read_text(encoding="utf-8"))
    return True


def has_pending_creates(backend: Path, project: str, stack: str) -> bool:
    """Whether a run was killed between starting to create a resource and recording it."""
    file = state_file(backend, project, stack)
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PulumiError(
            f"the stack's state {file} cannot be read, nor the one before it; remove the file and run this again: the"
            " program finds what it had made by its mark"
        ) from error
    latest = state.get("checkpoint", {}).get("latest") or {}
    return any(_is_create(operation) for operation in latest.get("pending_operations") or [])


def without_pending_creates(exported: str) -> str:
    """An exported deployment without them. Nothing is lost: the program looks its own resources up by their mark."""
    document = json.loads(exported)
    deployment = document["deployment"]
    operations = deployment.get("pending_operations") or []
    deployment["pending_operations"] = [operation for operation in operations if not _is_create(operation)]
    return json.dumps(document)


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _is_create(operation: dict[str, Any]) -> bool:
    return operation["type"] == "creating"


def _living_locks(folder: Path) -> list[Lock]:
    """The locks whose process still runs; the files of all others are removed."""
    living: list[Lock] = []
    for file in folder.glob("*") if folder.is_dir() else []:
        if file.suffix == _NOTES:
            continue  # they count for nothing without the file
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            pid, since = int(content["pid"]), datetime.fromisoformat(content["timestamp"]).timestamp()
        except FileNotFoundError:
            continue  # just released
        except (ValueError, KeyError, TypeError):
            pid, since = 0, 0.0  # its writer was killed while writing it
        if _is_pulumi_since(pid, since):
            living.append(Lock(file, pid))
        else:
            file.unlink(missing_ok=True)
    return living


def _is_pulumi_since(pid: int, since: float) -> bool:
    """Whether this process is a pulumi that was already running then: process ids are used again."""
    try:
        process = psutil.Process(pid)
        return "pulumi" in process.name() and process.create_time() <= since + _CLOCK_TOLERANCE_SECONDS
    except psutil.NoSuchProcess:
        return False
