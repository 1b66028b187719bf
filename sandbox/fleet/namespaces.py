"""Whether replicas can have namespaces of their own on this machine, and the command that makes them."""

import os
import shutil
import subprocess
import sys

# util-linux. A PID namespace ends with its first process, which --kill-child ties to unshare itself.
UNSHARE = (
    "unshare",
    *(() if os.geteuid() == 0 else ("--user", "--map-root-user")),
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
)

_TRIAL_SECONDS = 10


def namespaces_available() -> bool:
    """True if a mount, network and PID namespace can be made and mounted in. Takes some milliseconds: it tries."""
    if sys.platform != "linux" or shutil.which(UNSHARE[0]) is None:
        return False
    # In a namespace nested in ours, as the command of a replica is: some machines allow the first and not the rest.
    trial = (*UNSHARE, "unshare", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "tmpfs", "/tmp")  # noqa: S108
    try:
        return subprocess.run(trial, capture_output=True, timeout=_TRIAL_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
