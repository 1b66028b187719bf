"""Runs a command that must not outlive the process which holds the other end of our standard input.

`python leash.py COMMAND...`: when the holder ends, kill -9 included, its end of the pipe closes and the whole process
group is killed, the command and whatever it started. Portable, where parent-death signals are Linux only.
"""

import os
import signal
import subprocess
import sys
import threading


def lead_group() -> None:
    """Makes this process the leader of a process group of its own, if it is not yet."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)


def wait_for_holder() -> None:
    """Returns when nobody holds the writing end of our standard input any more."""
    while os.read(sys.stdin.fileno(), 1024):
        pass


def end_with_holder() -> None:
    """Waits for the holder's end, then kills the process group, this process included."""
    wait_for_holder()
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Runs `command` on the leash; returns its exit code, as a shell would give it."""
    lead_group()
    threading.Thread(target=end_with_holder, daemon=True).start()
    # Whoever interrupts the group reaches the command as well, which then decides how it ends.
    signal.signal(signal.SIGINT, lambda *_: None)
    code = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
