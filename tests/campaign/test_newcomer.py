"""README's commands in a fresh clone, with the caches that set-up keeps for all clones."""

import re
import subprocess
import time
from pathlib import Path

from tests.campaign.conftest import Record
from tests.end_to_end.conftest import endpoint_in, is_ready
from tests.end_to_end.processes import of_workspace
from tests.workspace import PROJECT, environment


def test_readme_in_a_fresh_clone(tmp_path: Path, record: Record) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
    try:
        first, seconds = make(clone, "up")
        assert is_ready(endpoint_in(first))
        again, seconds_again = make(clone, "up")
        assert endpoint_in(again) == endpoint_in(first)
        assert re.search(r"^ +\d+ unchanged$", again, re.MULTILINE)
    finally:
        _, seconds_down = make(clone, "down")
    assert not of_workspace(clone)
    assert not subprocess.run(["git", "status", "--porcelain"], cwd=clone, capture_output=True, check=True).stdout
    record(
        "fresh clone",
        "`git clone`, `make up`, `make up`, `make down`, with warm caches",
        f"answers after {seconds:.0f} s, again after {seconds_again:.0f} s, down in {seconds_down:.0f} s",
    )


def make(clone: Path, target: str) -> tuple[str, float]:
    """What `make TARGET` printed, and the seconds that it took."""
    began = time.monotonic()
    kept = {name: value for name, value in environment(clone).items() if name not in {"PYTHONPATH", "MAKELEVEL"}}
    done = subprocess.run(["make", target], cwd=clone, env=kept, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, time.monotonic() - began
