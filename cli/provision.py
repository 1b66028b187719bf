"""`provision` and `destroy`: Pulumi, with its plan shown first, on the sandbox or on Azure."""

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cli import workplace
from cli.consent import ask
from cli.errors import CliError, PulumiError
from cli.local_stack import STACK
from cli.pulumi_process import UNASKED, own_environment, pulumi_program, run_shown
from cli.set_aside import put_back, set_aside
from cli.terminal import phase
from cli.workplace import STATE_DIR, Workplace
from operations import config_file, endpoint
from operations.errors import CloudError, ConfigFileError
from operations.sign_in import check_sign_in
from sandbox import control

PLAN: Final = ("--suppress-progress", "--suppress-outputs")


@dataclass(frozen=True)
class _Bench:
    """A stack, with the environment in which Pulumi works on it."""

    place: Workplace
    stack: str
    environment: dict[str, str]

    @property
    def on_sandbox(self) -> bool:
        """Whether the stack is deployed to the sandbox of this folder."""
        return self.stack == STACK

    def run(self, title: str, *words: str) -> None:
        """Runs an operation of Pulumi under its title."""
        chosen = () if self.on_sandbox else ("--stack", self.stack)
        with phase(self.place.console, title, prints=True) as say:
            run_shown(self.place.project, self.environment, say, *words, *chosen, out=self.place.console.file)


def provision(stack: str, yes: bool, as_json: bool) -> None:
    """Checks, shows the plan, asks, and brings everything up."""
    with _bench(stack, as_json, yes) as bench:
        console = bench.place.console
        bench.run("plan", "preview", *PLAN)
        ask(f"bring the stack {stack} to this?", yes)
        if bench.on_sandbox:
            set_aside(console)
            with phase(console, "pulumi up", prints=True) as say:
                bench.place.stack.up(bench.environment, say)
        else:
            bench.run("pulumi up", "up", *UNASKED, "--suppress-outputs")
    config = config_file.read()
    url = endpoint.endpoint_url(config.aca_app_endpoint)
    if as_json:
        print(json.dumps({"stack": stack, "config": str(config_file.DEFAULT_PATH), "endpoint": url}, indent=2))
        return
    console.print(f"written: {config_file.DEFAULT_PATH}", highlight=False)
    waiting = endpoint.readiness(url)
    if waiting is not None:
        console.print(f"the endpoint is not ready yet: {waiting}", markup=False, highlight=False)
        console.print("`aca-inference upload FOLDER` puts a model on the share, `aca-inference status` tells more")
    console.print(f"endpoint: {url}  (`aca-inference open` shows its page)", markup=False, highlight=False)


def destroy(stack: str, yes: bool, as_json: bool) -> None:
    """Shows what would go, asks, and deletes it; the configuration file goes if it led there."""
    with _bench(stack, as_json, yes) as bench:
        bench.run("plan", "destroy", "--preview-only", *PLAN)
        ask(f"delete all this of the stack {stack}?", yes)
        leads_here = _deployed(bench)
        if bench.on_sandbox:
            with phase(bench.place.console, "pulumi destroy", prints=True) as say:
                bench.place.stack.destroy(bench.environment, say)
        else:
            bench.run("pulumi destroy", "destroy", *UNASKED)
        if bench.on_sandbox:
            put_back(bench.place.console)
        elif leads_here:
            config_file.DEFAULT_PATH.unlink(missing_ok=True)
    if as_json:
        print(json.dumps({"stack": stack, "destroyed": True}))


@contextmanager
def _bench(stack: str, as_json: bool, yes: bool) -> Generator[_Bench]:
    if as_json and not yes:
        raise CliError("--json prints one document and asks nothing: add --yes")
    place = workplace.here(as_json)
    if stack != STACK:
        environment = own_environment(place.project)
        pulumi_program(environment)
        with phase(place.console, "sign-in"):
            check_sign_in()
        yield _Bench(place, stack, environment)
        return
    with place.alone():
        place.start_sandbox()
        environment = place.stack.environment(control.environment(STATE_DIR))
        place.stack.prepare(environment)
        os.environ.clear()
        os.environ.update(environment)
        yield _Bench(place, stack, environment)


def _deployed(bench: _Bench) -> bool:
    """Whether the configuration file leads to this stack's app."""
    try:
        config = config_file.read()
        found = subprocess.run(
            [
                pulumi_program(bench.environment),
                "--non-interactive",
                "stack",
                "output",
                "--json",
                "--stack",
                bench.stack,
            ],
            cwd=bench.place.project,
            env=bench.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs = json.loads(found.stdout)
    except (ConfigFileError, PulumiError, CloudError, subprocess.CalledProcessError, ValueError):
        return False
    wanted = config.model_dump(by_alias=True)
    return all(outputs.get(key) == wanted[key] for key in ("SUBSCRIPTION_ID", "RESOURCE_GROUP_NAME", "ACA_APP_NAME"))
