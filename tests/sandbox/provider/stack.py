"""A Pulumi project under the real engine."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.workspace import PROJECT, TOOLS

TIMEOUT_SECONDS = 60


class Stack:
    """A project with one stack, on a backend in the same folder, attached to a stand-in."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        others = ("ARM_", "AZURE_", "PULUMI_")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        self._environment |= environment
        self._environment |= {
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        virtualenv = PROJECT / ".venv"
        (folder / "Pulumi.yaml").write_text(
            f"name: example\nruntime:\n  name: python\n  options:\n    virtualenv: {virtualenv}\n"
        )
        self.run("stack", "init", "dev")

    def write(self, program: str) -> None:
        """Sets the program; `pulumi` and `azure` are imported."""
        head = "import pulumi, pulumi_azure_native as azure\n"
        (self._folder / "__main__.py").write_text(head + program)

    def up(self, *words: str, code: int = 0) -> str:
        return self.run("up", "--yes", "--skip-preview", *words, code=code)

    def run(self, *words: str, code: int = 0) -> str:
        """Runs the CLI and returns all that it printed."""
        return finished(self.start(*words), code)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [PROJECT / TOOLS / "pulumi", *words, "--non-interactive"],
            cwd=self._folder,
            env=self._environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def state(self) -> dict[str, Any]:
        """The deployment as it lies in the backend: secrets encrypted."""
        return json.loads(self.run("stack", "export"))["deployment"]


def finished(process: subprocess.Popen[str], code: int) -> str:
    """What a process printed until its end, which is awaited."""
    with process:
        try:
            printed, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == code, printed
    return printed
