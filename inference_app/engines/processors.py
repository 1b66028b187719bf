"""How many processors this process really has: a container's quota, not the machine's count."""

import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # cgroup v2: "200000 100000" (microseconds per period) or "max 100000"


def compute_threads() -> int:
    """Threads for the engine: all processors but one, at least one.

    llama.cpp's threads wait for each other by spinning. One thread more than there are free processors makes it ten
    times slower, not a little (measured on two busy processors: two threads 1 to 6 tokens/s, one thread 45), so one
    processor is left for the web server.
    """
    return max(1, available_processors() - 1)


def available_processors() -> int:
    """Processors that the scheduler and the control group let this process use, at least one."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(count, _quota() or count))


def _quota() -> int | None:
    try:
        quota, period = CGROUP_QUOTA.read_text().split()
        return int(quota) // int(period)
    except (OSError, ValueError):  # no such control group, or "max"
        return None
