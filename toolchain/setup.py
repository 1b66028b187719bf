"""The order of set-up: environment, CLI, and for tests a browser. A second run finds everything and does nothing."""

import argparse
import fcntl
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from toolchain.chromium import find_chromium
from toolchain.environment import make_environment
from toolchain.errors import SetupError
from toolchain.phases import phase
from toolchain.pulumi import make_pulumi

PROJECT: Final = Path(__file__).parent.parent
INTERRUPTED_EXIT_CODE: Final = 130


def main(arguments: list[str]) -> int:
    """Makes ready what the target needs; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m toolchain", description=__doc__)
    parser.add_argument("target", choices=["base", "test"], help="base: what `make up` needs; test: what tests need")
    target = parser.parse_args(arguments).target
    try:
        with _alone(PROJECT):
            make_environment(PROJECT, "base" if target == "base" else "dev")
            make_pulumi(PROJECT)
            if target == "test":
                find_chromium()
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"set-up: {error.strerror}: {error.filename or ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: interrupted; run it again to go on", file=sys.stderr)
        return INTERRUPTED_EXIT_CODE
    return 0


@contextmanager
def _alone(project: Path) -> Generator[None]:
    """Two set-ups of one checkout take turns. The lock goes with the process that holds it, however that ends."""
    folder = project / ".toolchain"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with phase("Waiting for another set-up of this folder"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
