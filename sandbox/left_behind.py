"""Replicas that a killed sandbox left behind: found by a mark in their environment, and ended."""

from collections.abc import Callable, Iterator
from typing import Final

import psutil

REPLICA_MARKER: Final = "ACA_SANDBOX_REPLICA_OF"
"""Environment variable of every replica; its value is the sandbox's own."""
GRACE_SECONDS: Final = 3.0


def end_replicas(marker: str) -> int:
    """Ends every process that carries the mark; returns how many there were."""
    found = list(_marked(marker))
    for process in found:
        _quietly(process.terminate)
    _, remaining = psutil.wait_procs(found, timeout=GRACE_SECONDS)
    for process in remaining:
        _quietly(process.kill)
    psutil.wait_procs(remaining, timeout=GRACE_SECONDS)
    return len(found)


def _marked(marker: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.environ().get(REPLICA_MARKER) == marker:
                yield process
        except (psutil.Error, OSError):
            continue  # gone, or somebody else's


def _quietly(action: Callable[[], None]) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return
