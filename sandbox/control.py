"""Start, stop and ask after a sandbox that runs in the background: what other rooms use of this one."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil
from pydantic import TypeAdapter

from sandbox.database import Database, check_version
from sandbox.endpoints import Endpoints
from sandbox.errors import SandboxError, StateError
from sandbox.faults import Fault, ListedFault
from sandbox.faults import Kind as FaultKind
from sandbox.identity import AppReport, SandboxStatus
from sandbox.lock import lock_holder
from sandbox.state import Settings, StateFolder

__all__ = [
    "AppReport",
    "Fault",
    "FaultKind",
    "ListedFault",
    "SandboxError",
    "SandboxStatus",
    "StateError",
    "add_fault",
    "clear_faults",
    "environment",
    "faults",
    "start",
    "status",
    "stop",
    "subscription",
]

START_TIMEOUT_SECONDS: Final = 60.0
STOP_TIMEOUT_SECONDS: Final = 60.0
REPLICA_END_SECONDS: Final = 10.0
"""Replicas see at once that their sandbox was killed; this is for the kernel to take them down."""
REQUEST_TIMEOUT_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_FAULTS: Final = TypeAdapter(list[ListedFault])
_LOG_TAIL_LINES: Final = 20


def start(
    state_dir: Path, images: Mapping[str, Path], on_progress: Callable[[str], None] = lambda message: None
) -> SandboxStatus:
    """Makes sure that the sandbox of a state folder runs and knows these images; returns once it answers.

    Args:
        state_dir: folder for everything that the sandbox keeps; made if it is missing.
        images: folder on this machine by image reference; its `bin` comes first on the PATH of the app's processes.
        on_progress: told what is being waited for, in a few words.

    Raises:
        StateError: the state folder is damaged or was made by a newer version.
        SandboxError: it did not start; the message has the end of its log.
    """
    folder = StateFolder(state_dir.absolute())
    images = {reference: path.absolute() for reference, path in images.items()}
    endpoints = _healthy(folder, images, on_progress)
    body = json.dumps({"images": {reference: str(path) for reference, path in images.items()}})
    _request(endpoints, "PUT", "/sandbox/images", body)
    return _status(endpoints)


def stop(state_dir: Path, timeout_seconds: float = STOP_TIMEOUT_SECONDS) -> bool:
    """Ends the sandbox and everything that it runs; False if it did not run. Its state stays.

    Replicas get their grace; after `timeout_seconds` the sandbox is killed, and its replicas end with it. Those of a
    sandbox that was killed before are waited for.
    """
    folder = StateFolder(state_dir.absolute())
    holder = lock_holder(folder.lock)
    deadline = time.monotonic() + timeout_seconds
    if holder is not None:
        _end(folder, deadline)
    while holder is not None and holder > 0 and _is_running(holder) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    while lock_holder(folder.fleet_lock) is not None:
        if time.monotonic() > deadline + REPLICA_END_SECONDS:
            raise SandboxError(f"the sandbox ended, but a process of its apps is still there; see {folder.logs}")
        time.sleep(_POLL_SECONDS)
    return holder is not None


def status(state_dir: Path) -> SandboxStatus | None:
    """The running sandbox; None if none runs or it does not answer (yet)."""
    folder = StateFolder(state_dir.absolute())
    endpoints = _endpoints(folder)
    if endpoints is None:
        return None
    try:
        return _status(endpoints)
    except OSError:
        return None


def environment(state_dir: Path) -> dict[str, str]:
    """Environment variables with which unmodified Azure clients and Pulumi use this sandbox.

    Raises:
        SandboxError: no sandbox runs.
    """
    return _running(state_dir).environment


def faults(state_dir: Path) -> list[ListedFault]:
    """The faults that are set in the running sandbox.

    Raises:
        SandboxError: no sandbox runs.
    """
    return _FAULTS.validate_json(_request(_running(state_dir), "GET", "/sandbox/faults"))


def add_fault(state_dir: Path, fault: Fault) -> ListedFault:
    """Sets a fault in the running sandbox; it is forgotten when that ends.

    Raises:
        SandboxError: no sandbox runs.
    """
    sent = fault.model_dump_json(include=set(Fault.model_fields))
    return ListedFault.model_validate_json(_request(_running(state_dir), "POST", "/sandbox/faults", sent))


def clear_faults(state_dir: Path, number: int | None = None) -> int:
    """Takes one fault back, or all; how many there were.

    Raises:
        SandboxError: no sandbox runs.
    """
    path = "/sandbox/faults" if number is None else f"/sandbox/faults/{number}"
    return int(json.loads(_request(_running(state_dir), "DELETE", path))["cleared"])


def subscription(state_dir: Path) -> str | None:
    """Id of the sandbox's subscription, running or not; None if none ever ran there."""
    folder = StateFolder(state_dir.absolute())
    if not folder.database.exists():
        return None
    database = Database(folder.database)
    try:
        return Settings(database).subscription_id
    finally:
        database.close()


def _running(state_dir: Path) -> Endpoints:
    endpoints = _endpoints(StateFolder(state_dir.absolute()))
    if endpoints is None:
        raise SandboxError(f"no sandbox runs in {state_dir}; start it first")
    return endpoints


def _launch(folder: StateFolder, images: Mapping[str, Path]) -> None:
    folder.make()
    package_root = str(Path(__file__).parent.parent)
    command = [sys.executable, "-m", "sandbox", "serve", "--state", str(folder.root)]
    for reference, path in images.items():
        command += ["--image", f"{reference}={path}"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARM_", "AZURE_", "PULUMI_"))}
    with folder.server_log.open("ab") as log:
        # The shell ends at once and leaves the sandbox to init, so no parent has to wait for it.
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            check=True,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder.root,
            env={**kept, "PYTHONPATH": package_root, "PYTHONUNBUFFERED": "1"},
        )


def _healthy(folder: StateFolder, images: Mapping[str, Path], on_progress: Callable[[str], None]) -> Endpoints:
    """Waits for a sandbox that answers; launches one as soon as nobody holds the lock."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    log_length: int | None = None  # set once launched
    seen = False
    while time.monotonic() < deadline:
        endpoints = _endpoints(folder)
        if endpoints is not None:
            try:
                _status(endpoints)
            except OSError:
                on_progress("waiting for the sandbox to answer")
            else:
                return endpoints
        holder = lock_holder(folder.lock)
        if holder is None and log_length is None:
            check_version(folder.database)
            on_progress("starting the sandbox")
            log_length = folder.server_log.stat().st_size if folder.server_log.exists() else 0
            _launch(folder, images)
        elif holder is None and (seen or _complained(folder, log_length or 0)):
            break
        seen = log_length is not None and (seen or holder is not None)
        time.sleep(_POLL_SECONDS)
    raise SandboxError(f"the sandbox did not start; the end of {folder.server_log}:\n{_log_tail(folder)}")


def _complained(folder: StateFolder, log_length: int) -> bool:
    """Whether the starting process wrote an error before it held the lock."""
    with folder.server_log.open("rb") as log:
        log.seek(log_length)
        said = log.read()
    return b"error:" in said or b"Traceback" in said


def _end(folder: StateFolder, deadline: float) -> None:
    signalled: int | None = None
    while (holder := lock_holder(folder.lock)) is not None:
        if holder > 0 and holder != signalled:
            _signal(holder, signal.SIGTERM)
            signalled = holder
        if holder > 0 and time.monotonic() > deadline:  # until its number is written, nobody can be meant
            _signal(holder, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _is_running(pid: int) -> bool:
    """Whether the process still does anything; one that only waits to be noticed by its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _endpoints(folder: StateFolder) -> Endpoints | None:
    """Where the running sandbox listens; None if none runs or it is only starting."""
    holder = lock_holder(folder.lock)
    if holder is None:
        return None
    try:
        endpoints = Endpoints.model_validate_json(folder.endpoints.read_bytes())
    except FileNotFoundError:
        return None
    return endpoints if endpoints.pid == holder else None


def _status(endpoints: Endpoints) -> SandboxStatus:
    return SandboxStatus.model_validate_json(_request(endpoints, "GET", "/sandbox/status"))


def _request(endpoints: Endpoints, method: str, path: str, body: str | None = None) -> bytes:
    """Asks the control routes; never through a proxy."""
    connection = http.client.HTTPConnection(urlsplit(endpoints.identity_url).netloc, timeout=REQUEST_TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, {"X-IDENTITY-HEADER": endpoints.identity_header})
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    if response.status >= 300:
        raise SandboxError(f"the sandbox refused {method} {path}: {content.decode(errors='replace')}")
    return content


def _log_tail(folder: StateFolder) -> str:
    if not folder.server_log.exists():
        return "(empty)"
    lines = folder.server_log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-_LOG_TAIL_LINES:])
