"""Stacks of this project in the real engine, against a sandbox in this process: about a second for each operation.

The engine is the real CLI with a file backend. The program is the project's own; its Python host, and the provider
of dynamic resources, stay from one operation to the next (see `program_host` and `dynamic_provider`).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli import stack_state
from tests.engine import events
from tests.engine.cloud import IMAGE, LOCATION, Cloud, refusal
from tests.workspace import PROJECT, TOOLS

NAMESPACE = "aca-inference"
GPU = "Consumption-GPU-NC8as-T4"
HOST_SECONDS = 60
OPERATION_SECONDS = 120
LATE_SECONDS = 0.1
"""What the calls of an engine that was killed may take to come to their end."""


@dataclass(frozen=True)
class Result:
    """How an operation ended: `code` is negative for one that was killed."""

    code: int
    output: str
    log: events.Log

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.code == 0

    def succeeded(self) -> "Result":
        """Itself; fails the test if the operation failed."""
        assert self.ok, self.output
        return self

    def refused(self) -> str:
        """What the user was told; fails the test if the operation succeeded, or with a traceback."""
        assert self.code > 0, self.output
        assert "Traceback" not in self.output, self.output
        return self.output


class Workbench:
    """A Pulumi project in a folder of its own, a backend, and the processes that stay."""

    def __init__(self, folder: Path, cloud: Cloud, program: Path = PROJECT, *, stay: bool = True) -> None:
        self.cloud = cloud
        self.project = folder / "project"
        self.backend = folder / "backend"
        self.name = yaml.safe_load((program / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
        self._logs = folder / "events"
        for made in (self.project / "inference_app", self.backend, self._logs, folder / "home"):
            made.mkdir(parents=True)
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(program / name, self.project)
        (self.project / ".venv").symlink_to(PROJECT / ".venv")
        self.release_code("print('one')\n")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "ARM_", "AZURE_"))}
        self._environment = {
            **kept,
            **cloud.environment,
            "PATH": os.pathsep.join([str(PROJECT / TOOLS), os.environ["PATH"]]),
            "PYTHONPATH": str(PROJECT),
            "PULUMI_BACKEND_URL": self.backend.as_uri(),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "not a secret",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # shows the option --event-log
            "PULUMI_PROJECT": self.name,
        }
        self._host_log = (folder / "hosts.log").open("ab")
        self._hosts: list[subprocess.Popen[str]] = []
        if stay:
            self._start_hosts()
        self._count = 0

    def close(self) -> None:
        """Ends the processes that stay."""
        for host in self._hosts:
            assert host.stdin is not None
            host.stdin.close()
        for host in self._hosts:
            host.wait(HOST_SECONDS)
            assert host.stdout is not None
            host.stdout.close()
        self._host_log.close()

    def stack(self, name: str, **settings: Any) -> "Stack":
        """A new stack with these settings, beside those that every test of the project's program needs."""
        return self.bare_stack(name, **{"gpuProfile": GPU, "image": IMAGE, "authentication": "none", **settings})

    def bare_stack(self, name: str, **settings: Any) -> "Stack":
        """A new stack with these settings alone."""
        self.pulumi("stack", "init", name, "--no-select")
        stack = Stack(self, name)
        stack.set(**settings)
        return stack

    def release_code(self, content: str) -> None:
        """Changes the code that stacks release."""
        (self.project / "inference_app/app.py").write_text(content, encoding="utf-8")

    def pulumi(self, *words: str, given: str | None = None) -> str:
        """Runs a command of the CLI that is no operation; returns what it printed."""
        done = subprocess.run(
            self._command(*words),
            cwd=self.project,
            env=self._environment,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=OPERATION_SECONDS,
        )
        assert done.returncode == 0, f"{words}: {done.stderr or done.stdout}"
        return done.stdout

    def operate(self, *words: str, started: Callable[[int], None] = lambda pid: None) -> Result:
        """Runs an operation to its end; `started` gets the engine's process id."""
        self._count += 1
        log = self._logs / f"{self._count}.jsonl"
        process = subprocess.Popen(
            self._command(*words, "--suppress-progress", "--event-log", str(log)),
            cwd=self.project,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started(process.pid)
        output, _ = process.communicate(timeout=OPERATION_SECONDS)
        return Result(process.returncode, output, events.read(log))

    def _start_hosts(self) -> None:
        self._hosts = [self._host("tests.engine.program_host"), self._host("tests.engine.dynamic_provider")]
        ports = [_port(host) for host in self._hosts]
        self._environment["PULUMI_DEBUG_LANGUAGES"] = f"python:{ports[0]}"
        self._environment["PULUMI_DEBUG_PROVIDERS"] += f",pulumi-python:{ports[1]}"

    def _command(self, *words: str) -> list[str]:
        return [str(PROJECT / TOOLS / "pulumi"), "--non-interactive", "--color", "never", *words]

    def _host(self, module: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-u", "-m", module],
            cwd=self.project,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._host_log,
            text=True,
        )


class Stack:
    """One stack: its settings, and the engine's operations on it."""

    def __init__(self, bench: Workbench, name: str) -> None:
        self.bench = bench
        self.name = name
        self._file = bench.project / f"Pulumi.{name}.yaml"

    @property
    def group(self) -> str:
        """Name of its resource group."""
        return self.setting("resourceGroup")

    @property
    def mark(self) -> str:
        """Whose name its resources carry."""
        return f"organization/{self.bench.name}/{self.name}"

    def setting(self, key: str) -> Any:
        """The value of a key of its configuration; None if it is not set."""
        return yaml.safe_load(self._file.read_text(encoding="utf-8"))["config"].get(f"{NAMESPACE}:{key}")

    def set(self, **settings: Any) -> None:
        """Sets keys of the configuration, the project's own unless they say whose they are; None removes one."""
        document = yaml.safe_load(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        values = {"azure-native:location": LOCATION, **(document.get("config") or {})}
        values |= {key if ":" in key else f"{NAMESPACE}:{key}": value for key, value in settings.items()}
        document["config"] = {key: value for key, value in values.items() if value is not None}
        self._file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def set_secret(self, key: str, value: str) -> None:
        """Sets a secret as a person does."""
        self.bench.pulumi("config", "set", "--secret", f"{NAMESPACE}:{key}", "--stack", self.name, given=value)

    def preview(self) -> Result:
        """`pulumi preview`; changes nothing."""
        return self._operate("preview")

    def up(self) -> Result:
        """`pulumi up`."""
        return self._operate("up", "--yes", "--skip-preview")

    def preview_and_up(self) -> Result:
        """`pulumi up` as a person runs it: with a preview first, which ends it if the program fails."""
        return self._operate("up", "--yes")

    def refresh(self) -> Result:
        """`pulumi refresh`."""
        return self._operate("refresh", "--yes", "--skip-preview")

    def destroy(self) -> Result:
        """`pulumi destroy`."""
        return self._operate("destroy", "--yes", "--skip-preview")

    def killed_at_write(self, number: int) -> Result:
        """`pulumi up` whose engine is killed at its n-th write to ARM; that write is done, and no later one."""
        seen: list[str] = []
        engine: list[int] = []

        def kill(method: str, target: str) -> None:
            seen.append(target)
            if len(seen) == number:
                os.kill(engine[0], signal.SIGKILL)
            if len(seen) > number:
                raise refusal()  # a provider of a process of its own would be gone with its engine

        with self.bench.cloud.interfering(kill):
            result = self._operate("up", "--yes", "--skip-preview", started=engine.append)
            time.sleep(LATE_SECONDS)
            return result

    def lose_state(self) -> None:
        """Loses the state, not what it knew of; the configuration stays."""
        self._repair()
        kept = self._file.read_text(encoding="utf-8")
        self.bench.pulumi("stack", "rm", self.name, "--yes", "--force", "--preserve-config")
        self._file.unlink(missing_ok=True)
        self.bench.pulumi("stack", "init", self.name, "--no-select")
        salt = yaml.safe_load(self._file.read_text(encoding="utf-8"))["encryptionsalt"]
        document = yaml.safe_load(kept)
        self._file.write_text(yaml.safe_dump({**document, "encryptionsalt": salt}), encoding="utf-8")

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state's resources by logical name."""
        file = stack_state.state_file(self.bench.backend, self.bench.name, self.name)
        latest = json.loads(file.read_text(encoding="utf-8"))["checkpoint"].get("latest") or {}
        return {item["urn"].rpartition("::")[2]: item for item in latest.get("resources") or []}

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secrets stay sealed."""
        return next(item for item in self.resources().values() if item["type"] == "pulumi:pulumi:Stack")["outputs"]

    def _operate(self, *words: str, started: Callable[[int], None] = lambda pid: None) -> Result:
        self._repair()
        return self.bench.operate(*words, "--stack", self.name, started=started)

    def _repair(self) -> None:
        """As `aca-inference` does before each run: what a killed one left behind."""
        backend = self.bench.backend
        stack_state.wait_for_lock(backend, self.bench.name, self.name, lambda text: None)
        stack_state.restore_if_cut(backend, self.bench.name, self.name)
        if stack_state.has_pending_creates(backend, self.bench.name, self.name):
            exported = self.bench.pulumi("stack", "export", "--stack", self.name)
            mended = stack_state.without_pending_creates(exported)
            self.bench.pulumi("stack", "import", "--stack", self.name, given=mended)


@contextmanager
def workbench(folder: Path, cloud: Cloud, program: Path = PROJECT, *, stay: bool = True) -> Iterator[Workbench]:
    """A workbench whose processes end with the block; without `stay` the engine starts them anew for each operation."""
    bench = Workbench(folder, cloud, program, stay=stay)
    try:
        yield bench
    finally:
        bench.close()


def _port(host: subprocess.Popen[str]) -> int:
    assert host.stdout is not None
    return int(host.stdout.readline())
