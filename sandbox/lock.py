"""One sandbox per state folder: the running one holds a lock that ends with its process, however it ends."""

import fcntl
import os
from pathlib import Path


class InstanceLock:
    """Holds the lock from `acquire` to the end of the process. The file contains the holder's pid."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def acquire(self) -> bool:
        """Takes the lock; False if another process holds it."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        return True  # the descriptor is never closed: the lock ends with the process and not before


def lock_holder(path: Path) -> int | None:
    """Pid of the process that holds the lock; None if nobody does."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Taken a moment ago, the pid may not be written yet: -1 then says "somebody".
        return int(os.pread(file, 32, 0) or b"-1")
    finally:
        os.close(file)
    return None
