"""What set-up does, side by side where it can. A second run finds everything and does nothing."""

import argparse
import signal
import sys
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from toolchain import processes
from toolchain.chromium import find_chromium
from toolchain.engines import make_engines
from toolchain.environment import make_environment
from toolchain.errors import SetupError
from toolchain.lock import turn
from toolchain.pulumi import make_pulumi

PROJECT: Final = Path(__file__).parent.parent
INTERRUPTED_EXIT_CODE: Final = 130


def main(arguments: list[str]) -> int:
    """Makes ready what the target needs; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m toolchain", description=__doc__)
    parser.add_argument(
        "target",
        choices=["base", "dev", "test", "engines"],
        help="base: what `make up` needs; dev: the tools of developers; test: dev and a browser; engines: vLLM and"
        " transformers for `make test-engines`",
    )
    target = parser.parse_args(arguments).target
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupted)
    try:
        with turn(PROJECT / ".toolchain/lock", "Waiting for another set-up of this folder"):
            if target == "engines":
                make_engines(PROJECT)
                return 0
            _side_by_side(
                partial(make_environment, PROJECT, "base" if target == "base" else "dev"), partial(make_pulumi, PROJECT)
            )
            if target == "test":
                find_chromium()
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"set-up: {error.strerror}: {error.filename or ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up: interrupted; run it again to go on", file=sys.stderr)
        return INTERRUPTED_EXIT_CODE
    return 0


def _side_by_side(*parts: Callable[[], None]) -> None:
    """Runs the parts at once; the first that fails, or an interrupt, stops the others."""
    with ThreadPoolExecutor(len(parts)) as pool:
        try:  # from the first of them on: leaving the pool waits for what runs
            futures = [pool.submit(part) for part in parts]
            ended = wait(futures, return_when=FIRST_EXCEPTION).done
            for future in ended:
                future.result()
        except BaseException:
            processes.stop()
            raise


def _interrupted(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
