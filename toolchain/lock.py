"""Taking turns between processes."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from toolchain.phases import phase


@contextmanager
def turn(lock: Path, waiting: str) -> Generator[None]:
    """Waits until no other process holds `lock`, showing `waiting` meanwhile; the lock goes with its holder's end."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with phase(waiting):
                fcntl.flock(held, fcntl.LOCK_EX)
        yield
