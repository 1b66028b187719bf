"""Programs under the real engine, with the pack, against a sandbox."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.check_run import Result, check
from cli.local_stack import LocalStack
from tests.policy.example import Example
from tests.workspace import PROJECT

PROGRAM = Path(__file__).parent / "program/__main__.py"
PACK = PROJECT / "policy"
TIMEOUT_SECONDS = 240


@dataclass(frozen=True)
class Project:
    """A project with a stack of its own on a backend of its own."""

    folder: Path
    environment: Mapping[str, str]
    stack: str = "dev"

    def pulumi(self, *words: str, code: int | None = 0) -> str:
        """Runs the CLI and returns all that it printed."""
        done = subprocess.run(
            ["pulumi", "--non-interactive", *words, "--stack", self.stack],
            cwd=self.folder,
            env=dict(self.environment),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_SECONDS,
        )
        assert code is None or done.returncode == code, done.stdout
        return done.stdout

    def configure(self, configuration: Mapping[str, Any]) -> None:
        """Sets levels and thresholds in the stack's file."""
        listed = {f"aca-inference-policy:{rule}": given for rule, given in configuration.items()}
        (self.folder / f"Pulumi.{self.stack}.yaml").write_text(json.dumps({"config": listed}))

    def declare(self, example: Example) -> None:
        """Makes the program declare the example."""
        declared = {
            name: {
                "type": one.type,
                "inputs": one.inputs,
                "options": {"ignore_changes": list(one.ignored), "protect": one.protected, **one.options},
            }
            for name, one in example.items()
        }
        (self.folder / "stack.json").write_text(json.dumps(declared))

    def check(self) -> list[Result]:
        """What `aca-inference check` finds."""
        return check(self.folder, self.environment, self.stack, PACK)


def make(folder: Path, sandbox: Mapping[str, str], program: str | None = None) -> Project:
    """A project named `example` whose program declares stack.json, or is the text of a program."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(
        f"name: example\nruntime:\n  name: python\n  options:\n    virtualenv: {PROJECT / '.venv'}\n"
    )
    if program is None:
        shutil.copy(PROGRAM, folder / "__main__.py")
    else:
        (folder / "__main__.py").write_text(program)
    local = LocalStack(PROJECT, folder)
    environment = {
        **local.environment(sandbox),
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
    }
    for name in ("PULUMI_STACK", "PULUMI_OPTION_CONFIG_FILE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        environment.pop(name)
    project = Project(folder, environment)
    subprocess.run(
        ["pulumi", "stack", "init", project.stack, "--non-interactive"], cwd=folder, env=environment, check=True
    )
    return project
