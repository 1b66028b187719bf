"""What the policy pack adds to `pulumi preview` of a stack with 100 apps: `python -m bench.policy_pack`.

Four previews in turn, round after round: without a pack, with two that have nothing to say, and with ours. Of the two
one speaks the engine's protocol itself, as ours does: it tells what any pack costs the engine, and none can cost less.
The other is made with Pulumi's SDK, as most packs are. What ours adds to the former is the figure; the exit status is
1 where that is above what is allowed, on the clock or of the processors.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.local_stack import LocalStack
from sandbox import control

PROJECT: Final = Path(__file__).parent.parent
PROGRAM: Final = PROJECT / "bench/programs/hundred_apps.py"
EMPTY_PACK: Final = PROJECT / "bench/programs/empty_pack/__main__.py"
APPS: Final = 100
RESOURCES_AROUND_APPS: Final = 8
ROUNDS: Final = 5
ALLOWED_SHARE: Final = 0.10
EMPTY: Final = "empty pack"
EMPTY_OF_SDK: Final = "empty pack of the SDK"
OURS: Final = "our pack"

_PROJECT_FILE: Final = """
name: bench
runtime:
  name: python
  options:
    virtualenv: {venv}
"""
_EMPTY_SDK_PACK: Final = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

PolicyPack("empty", [ResourceValidationPolicy("nothing", "Has nothing to say.", lambda args, report: None)])
"""
_CONFIGURATION: Final = """
config:
  aca-inference-policy:cost-gpus-per-stack: {{maximum: {apps}}}
  aca-inference-policy:cost-monthly: {{maximum: 100000}}
  aca-inference-policy:supply-registry: {{registries: [bench.azurecr.io]}}
  aca-inference-policy:tags-required: {{required: [owner]}}
"""


@dataclass(frozen=True)
class Taken:
    """What one preview took: seconds on the clock, and of the processors."""

    clock: float
    processor: float


def main() -> int:
    """Prints every round and the figure; exit status 1 where it is above what is allowed."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        control.start(folder / "sandbox", images={})
        try:
            return _compare(folder, _project(folder, control.environment(folder / "sandbox")))
        finally:
            control.stop(folder / "sandbox", timeout_seconds=10)


def _compare(folder: Path, environment: Mapping[str, str]) -> int:
    packs: dict[str, list[str]] = {
        "no pack": [],
        EMPTY: ["--policy-pack", str(folder / "empty")],
        EMPTY_OF_SDK: ["--policy-pack", str(folder / "empty-sdk")],
        OURS: ["--policy-pack", str(PROJECT / "policy")],
    }
    taken: dict[str, list[Taken]] = {name: [] for name in packs}
    for pack in packs.values():
        _preview(folder, environment, pack)  # once without being measured: byte code, file caches
    for number in range(ROUNDS):
        order = list(packs) if number % 2 == 0 else list(reversed(packs))
        for name in order:
            taken[name].append(_preview(folder, environment, packs[name]))
        print(f"round {number + 1}: " + ", ".join(f"{name} {_words(found[-1])}" for name, found in taken.items()))
    for baseline in (EMPTY_OF_SDK, EMPTY):
        share = _share(taken[OURS], taken[baseline])
        print(f"our pack beside the {baseline}, {APPS} apps, median of {ROUNDS} pairs: {_shares(share)}")
    allowed = max(share.clock, share.processor) <= ALLOWED_SHARE
    print(f"allowed beside the {EMPTY}: {ALLOWED_SHARE:.0%}; {'kept' if allowed else 'NOT KEPT'}")
    return 0 if allowed else 1


def _share(ours: list[Taken], others: list[Taken]) -> Taken:
    """What ours takes more, as a share of what the other takes, in the median of the rounds."""
    pairs = list(zip(ours, others, strict=True))
    return Taken(
        statistics.median(one.clock / other.clock for one, other in pairs) - 1,
        statistics.median(one.processor / other.processor for one, other in pairs) - 1,
    )


def _shares(share: Taken) -> str:
    return f"{share.clock:+.1%} on the clock, {share.processor:+.1%} of processor time"


def _words(taken: Taken) -> str:
    return f"{taken.clock:.2f} s ({taken.processor:.2f} s)"


def _preview(folder: Path, environment: Mapping[str, str], pack: list[str]) -> Taken:
    before, started = _processor_seconds(), time.perf_counter()
    done = subprocess.run(
        ["pulumi", "preview", "--non-interactive", "--stack", "dev", *pack],
        cwd=folder / "program",
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    taken = Taken(time.perf_counter() - started, _processor_seconds() - before)
    if done.returncode != 0 or f"{APPS + RESOURCES_AROUND_APPS} to create" not in done.stdout:
        raise RuntimeError(f"the preview did not go as it should:\n{done.stdout}{done.stderr}")
    return taken


def _processor_seconds() -> float:
    """Of the processes that this one started, with theirs, as far as they have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _project(folder: Path, sandbox: Mapping[str, str]) -> dict[str, str]:
    """Writes the program and the empty pack, makes the stack, and returns the CLI's environment."""
    project = _PROJECT_FILE.format(venv=PROJECT / ".venv")
    programs = {"program": PROGRAM.read_text(), "empty": EMPTY_PACK.read_text(), "empty-sdk": _EMPTY_SDK_PACK}
    for name, program in programs.items():
        (folder / name).mkdir()
        (folder / name / "__main__.py").write_text(program)
    (folder / "program/Pulumi.yaml").write_text(project)
    (folder / "program/Pulumi.dev.yaml").write_text(_CONFIGURATION.format(apps=APPS))
    for name in ("empty", "empty-sdk"):
        (folder / name / "PulumiPolicy.yaml").write_text(project.replace("name: bench\n", "version: 0.1.0\n"))
    environment = {
        **LocalStack(PROJECT, folder).environment(sandbox),
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "bench",
    }
    for name in ("PULUMI_STACK", "PULUMI_OPTION_CONFIG_FILE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        environment.pop(name)
    subprocess.run(
        ["pulumi", "stack", "init", "dev", "--non-interactive"],
        cwd=folder / "program",
        env=environment,
        check=True,
        capture_output=True,
    )
    return environment


if __name__ == "__main__":
    sys.exit(main())
