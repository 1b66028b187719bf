"""What the policy pack adds to `pulumi preview` of a stack with 100 apps: `python -m bench.policy_pack`.

Four previews in turn, round after round: without a pack, with a pack of Pulumi's SDK that has nothing to say, with ours
while all its rules are disabled, and with ours. The second and third tell what any pack costs the engine; what ours
adds to the cheaper of them, as a share of the whole, is the figure.
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
APPS: Final = 100
RESOURCES_AROUND_APPS: Final = 8
ROUNDS: Final = 7
ALLOWED_SHARE: Final = 0.10

_PROJECT_FILE: Final = """
name: bench
runtime:
  name: python
  options:
    virtualenv: {venv}
"""
_EMPTY_PACK: Final = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

PolicyPack("empty", [ResourceValidationPolicy("nothing", "Has nothing to say.", lambda args, report: None)])
"""
_CONFIGURATION: Final = """
config:
  aca-inference-policy:cost-gpus-per-stack: {{maximum: {apps}}}
  aca-inference-policy:cost-monthly: {{maximum: 100000}}
  aca-inference-policy:supply-registry: {{registries: [bench.azurecr.io]}}
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
    ours = ["--policy-pack", str(PROJECT / "policy")]
    (folder / "off.json").write_text('{"all": "disabled"}')
    packs: dict[str, list[str]] = {
        "no pack": [],
        "empty pack": ["--policy-pack", str(folder / "empty")],
        "all rules off": [*ours, "--policy-pack-config", str(folder / "off.json")],
        "our pack": ours,
    }
    taken: dict[str, list[Taken]] = {name: [] for name in packs}
    for pack in packs.values():
        _preview(folder, environment, pack)  # once without being measured: byte code, file caches
    for number in range(ROUNDS):
        order = list(packs) if number % 2 == 0 else list(reversed(packs))
        for name in order:
            taken[name].append(_preview(folder, environment, packs[name]))
        print(f"round {number + 1}: " + ", ".join(f"{name} {_words(found[-1])}" for name, found in taken.items()))
    added = {name: _added(taken["our pack"], taken[name]) for name in ("empty pack", "all rules off")}
    for name, share in added.items():
        print(f"our pack beside {name}, {APPS} apps, median of {ROUNDS} pairs: {share:+.1%} on the clock")
    worst = max(added.values())
    print(f"the worse of them: {worst:+.1%} (allowed: {ALLOWED_SHARE:.0%})")
    return 0 if worst <= ALLOWED_SHARE else 1


def _added(ours: list[Taken], others: list[Taken]) -> float:
    return statistics.median(one.clock / other.clock for one, other in zip(ours, others, strict=True)) - 1


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
    for name, program in (("program", PROGRAM.read_text(encoding="utf-8")), ("empty", _EMPTY_PACK)):
        (folder / name).mkdir()
        (folder / name / "__main__.py").write_text(program)
    (folder / "program/Pulumi.yaml").write_text(project)
    (folder / "program/Pulumi.dev.yaml").write_text(_CONFIGURATION.format(apps=APPS))
    (folder / "empty/PulumiPolicy.yaml").write_text(project.replace("name: bench\n", "version: 0.1.0\n"))
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
