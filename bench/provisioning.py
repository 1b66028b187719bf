"""What the components cost: `pulumi preview` and `up` of composed programs against flat ones.

`python -m bench.provisioning` runs both in turns, in one run, on a sandbox at its usual pace but without replicas. Both
programs make the same resources with the same properties; that is checked first, and a difference ends the run.
"""

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.engine.cloud import IMAGE, Cloud
from tests.engine.harness import Result, Stack, Workbench, workbench

COMMAND = "python -m bench.provisioning"
PROGRAMS = Path(__file__).parent / "programs"
COMPOSED, FLAT = "composed", "flat"
ROUNDS = {1: 5, 10: 5, 100: 3}
"""How often each number of apps is measured."""
MOST_RATIO = 1.15
"""Of composed to flat, at most."""
MOST_GROWTH = 1.1
"""Of the cost per app at 100 apps to that at 10, at most."""

Times = dict[tuple[str, int, str], list[float]]
"""Seconds of each round by operation, number of apps and program."""


def main() -> None:
    """Measures and prints; fails only if the programs do not do the same."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(Path(folder) / "cloud", hurried=False)
        cloud.start()
        try:
            with (
                workbench(Path(folder) / COMPOSED, cloud, PROGRAMS / COMPOSED, stay=False) as composed,
                workbench(Path(folder) / FLAT, cloud, PROGRAMS / FLAT, stay=False) as flat,
            ):
                benches = {COMPOSED: composed, FLAT: flat}
                require_sameness(benches)
                times = measure(benches, console)
        finally:
            cloud.stop()
    show(times, console)


def require_sameness(benches: dict[str, Workbench]) -> None:
    """Ends the run if the two programs do not make the same resources.

    Raises:
        SystemExit: they differ.
    """
    made = {program: resources(deployed(bench, f"same{program}", 2)) for program, bench in benches.items()}
    if made[COMPOSED] != made[FLAT]:
        differing = [pair for pair in zip(*made.values(), strict=False) if pair[0] != pair[1]]
        sys.exit(f"the programs make different resources: {differing or made}")


def deployed(bench: Workbench, name: str, apps: int) -> Stack:
    """A stack that has been brought up."""
    stack = new_stack(bench, name, apps)
    stack.up().succeeded()
    return stack


def new_stack(bench: Workbench, name: str, apps: int) -> Stack:
    """A stack whose names are its own, in the cloud too."""
    return bench.bare_stack(name, **{f"{bench.name}:apps": apps, f"{bench.name}:image": IMAGE})


def resources(stack: Stack) -> list[tuple[str, Any]]:
    """Type and inputs of the Azure resources of a stack, without its name and what Azure computed."""
    found = [item for item in stack.resources().values() if item["type"].startswith("azure-native:")]
    plain = [(item["type"], _neutral(item["inputs"], stack)) for item in found]
    return sorted(plain, key=repr)


def _neutral(value: Any, stack: Stack) -> Any:
    if isinstance(value, dict):
        if "ciphertext" in value:
            return "a secret"
        return {key: _neutral(item, stack) for key, item in value.items() if key not in ("customerId", "storageName")}
    if isinstance(value, list):
        return [_neutral(item, stack) for item in value]
    return value.replace(stack.name, "STACK") if isinstance(value, str) else value


def measure(benches: dict[str, Workbench], console: Console) -> Times:
    """Runs everything in turns; the programs change places with each round."""
    times: Times = defaultdict(list)
    for apps, rounds in ROUNDS.items():
        for number in range(rounds):
            order = list(benches) if number % 2 == 0 else list(reversed(benches))
            stacks = {program: new_stack(benches[program], f"{program}{apps}x{number}", apps) for program in order}
            for operation in ("preview", "up", "destroy"):
                for program in order:
                    seconds = timed(stacks[program], operation)
                    times[operation, apps, program].append(seconds)
                    console.print(f"{operation} of {apps} apps, {program}: {seconds:.2f} s", style="dim")
    return times


def timed(stack: Stack, operation: str) -> float:
    """Seconds that an operation took."""
    started = time.perf_counter()
    result: Result = getattr(stack, operation)()
    seconds = time.perf_counter() - started
    result.succeeded()
    return seconds


def show(times: Times, console: Console) -> None:
    """Prints medians, ratios and whether the targets are met."""
    table = Table(
        "operation", "apps", "flat, s", "composed, s", "ratio", f"at most {MOST_RATIO}", "composed, s per app"
    )
    for operation in ("preview", "up"):
        for apps in ROUNDS:
            flat, composed = (statistics.median(times[operation, apps, program]) for program in (FLAT, COMPOSED))
            ratio = composed / flat
            table.add_row(
                operation,
                str(apps),
                f"{flat:.2f}",
                f"{composed:.2f}",
                f"{ratio:.2f}",
                verdict(ratio <= MOST_RATIO),
                f"{composed / apps:.3f}",
            )
    console.print(table)
    for operation in ("preview", "up"):
        per_app = {apps: statistics.median(times[operation, apps, COMPOSED]) / apps for apps in (10, 100)}
        growth = per_app[100] / per_app[10]
        console.print(
            f"{operation}: cost per app at 100 is {growth:.2f} of that at 10; at most {MOST_GROWTH}:"
            f" {verdict(growth <= MOST_GROWTH)}"
        )
    console.print(f"medians of {ROUNDS} rounds (by number of apps), in turns in one run: {COMMAND}")


def verdict(met: bool) -> str:
    """In a word."""
    return "met" if met else "missed"


if __name__ == "__main__":
    main()
