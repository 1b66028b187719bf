"""From nothing to an answer on this machine, and back to nothing."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli import example
from cli.errors import CliError
from cli.set_aside import put_back, set_aside
from cli.terminal import Say, phase
from cli.workplace import STATE_DIR, Workplace
from operations import cloud, config_file, endpoint
from operations.errors import EndpointError
from operations.share_key import share_address
from sandbox import control

READY_TIMEOUT_SECONDS: Final = 180.0
_WAY_OUT: Final = f"waiting up to {READY_TIMEOUT_SECONDS:.0f} s for that to change (`make down` lets all of it go)"


@dataclass(frozen=True)
class Deployed:
    """What `up` ends with."""

    endpoint: str
    question: str
    answers: list[example.Answer]


def up(place: Workplace) -> Deployed:
    """Starts the sandbox, deploys, uploads the example, waits until it is ready, and asks base and adapter."""
    wanted = example.load(place.project)
    with _told_when_interrupted(place.console), place.alone():
        environment = _enter(place)
        with phase(place.console, "pulumi up", prints=True) as say:
            place.stack.prepare(environment)
            set_aside(place.console)
            place.stack.up(environment, say)
        config = config_file.read()
        url = endpoint.endpoint_url(config.aca_app_endpoint)
        with phase(place.console, "models") as say:
            address = share_address(config, cloud.discover(environment["ARM_METADATA_HOSTNAME"]))
            example.upload(wanted, address, say)
        with phase(place.console, "ready") as say, _sandbox_explains():
            endpoint.wait_until_ready(url, READY_TIMEOUT_SECONDS, _with_problems(say))
        with phase(place.console, "question") as say:
            answers = example.ask(wanted, url, say)
    return Deployed(url, wanted.question, answers)


def show(deployed: Deployed, console: Console) -> None:
    """Prints question and answers, and the endpoint in the last line."""
    table = Table.grid(padding=(0, 2))
    table.add_row(" question", Text(" ".join(deployed.question.split())))
    for answer in deployed.answers:
        table.add_row(f" {'adapter' if answer.parent else 'base'}", Text(f"{answer.text}  ({answer.model})"))
    console.print(table)
    console.print(f"endpoint: {deployed.endpoint}", markup=False, highlight=False, soft_wrap=True)


def down(place: Workplace) -> None:
    """Destroys the stack and stops the sandbox; what was never there, or is gone already, is fine."""
    if not STATE_DIR.is_dir():
        place.console.print("nothing to take down")
        return
    with _told_when_interrupted(place.console), place.alone():
        if place.stack.exists():
            environment = _enter(place)
            try:
                with phase(place.console, "pulumi destroy", prints=True) as say:
                    place.stack.prepare(environment)
                    place.stack.destroy(environment, say)
            except CliError as error:
                # Whatever became of the stack, nothing is left running; its state is kept for the next attempt.
                place.stop_sandbox()
                raise CliError(
                    f"{error}\nthe sandbox is stopped and its state kept: `make down` tries again"
                ) from error
            put_back(place.console)
        place.stop_sandbox()


def _enter(place: Workplace) -> dict[str, str]:
    """Makes the sandbox run and this process a client of it; returns the environment that it then has."""
    place.start_sandbox()
    environment = place.stack.environment(control.environment(STATE_DIR))
    # Azure's SDKs take credentials and trust from the environment: nothing of a person's own sign-in may be left in it.
    os.environ.clear()
    os.environ.update(environment)
    return environment


@contextmanager
def _told_when_interrupted(console: Console) -> Generator[None]:
    """Says what an interrupt leaves, and the way on and back."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("interrupted: the same command goes on from here; the sandbox runs until `make down`")
        raise


def _with_problems(say: Say) -> Say:
    """Adds to what the endpoint waits for what the sandbox knows to be in its way, such as a port that is taken."""

    def tell(reason: str) -> None:
        status = control.status(STATE_DIR)
        problems = [problem for app in (status.apps if status else ()) for problem in app.problems]
        say("; ".join([reason, *problems, *([_WAY_OUT] if problems else [])]))

    return tell


@contextmanager
def _sandbox_explains() -> Generator[None]:
    """Adds to an error of the endpoint what the sandbox knows about the app."""
    try:
        yield
    except EndpointError as error:
        status = control.status(STATE_DIR)
        apps = status.apps if status else ()
        known = [f"{app.name} is {app.running_status}: {'; '.join(app.problems) or 'no problems seen'}" for app in apps]
        raise CliError("\n".join([str(error), *known, f"the replicas' logs are in {STATE_DIR / 'logs'}"])) from error
