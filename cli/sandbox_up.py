"""From nothing to an answer on this machine, and back to nothing."""

import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from cli import example
from cli.errors import CliError
from cli.local_stack import PROJECT_FILE, LocalStack
from cli.terminal import phase
from operations import cloud, config_file, endpoint
from sandbox import control

STATE_DIR: Final = Path(".sandbox")
IMAGES: Final[Mapping[str, Path]] = {"aca-inference/inference-app:cpu": Path(".venv")}
"""What the sandbox runs for an image: the folder whose `bin` has the programs that the image would have."""
READY_TIMEOUT_SECONDS: Final = 180.0
STOP_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Workplace:
    """The project that the command was called in, its stack `local`, and where to print."""

    project: Path
    stack: LocalStack
    console: Console


def workplace(console: Console) -> Workplace:
    """The project in the current folder.

    Raises:
        CliError: there is none.
    """
    project = Path.cwd()
    if not (project / PROJECT_FILE).is_file():
        raise CliError(f"{project} has no {PROJECT_FILE}; call this in the project's folder")
    return Workplace(project, LocalStack(project, STATE_DIR), console)


def up(place: Workplace) -> None:
    """Starts the sandbox, deploys, uploads the example, waits until it is ready, asks; prints the endpoint last."""
    wanted = example.load(place.project)
    with _alone(place):
        environment = _start(place)
        with phase(place.console, "pulumi up", prints=True) as say:
            place.stack.prepare(environment)
            place.stack.up(environment, say)
        config = config_file.read()
        url = endpoint.endpoint_url(config.aca_app_endpoint)
        with phase(place.console, "models") as say:
            address = cloud.share_address(config, cloud.discover(os.environ.get("ARM_METADATA_HOSTNAME")))
            example.upload(wanted, address, say)
        with phase(place.console, "ready") as say:
            endpoint.wait_until_ready(url, READY_TIMEOUT_SECONDS, say)
        with phase(place.console, "question") as say:
            answers = example.ask(wanted, url, say)
    _show(place.console, wanted, answers)
    place.console.print(f"endpoint: {url}", markup=False, highlight=False, soft_wrap=True)


def down(place: Workplace) -> None:
    """Destroys the stack and stops the sandbox; what was never there, or is gone already, is fine."""
    if not STATE_DIR.is_dir():
        place.console.print("nothing to take down")
        return
    with _alone(place):
        if place.stack.exists():
            environment = _start(place)
            with phase(place.console, "pulumi destroy", prints=True) as say:
                place.stack.prepare(environment)
                place.stack.destroy(environment, say)
            _forget_configuration(environment)
        with phase(place.console, "sandbox stopped"):
            control.stop(STATE_DIR, STOP_TIMEOUT_SECONDS)


def _start(place: Workplace) -> dict[str, str]:
    """Starts the sandbox where it does not run, and makes this process a client of it; returns its environment."""
    with phase(place.console, "sandbox") as say:
        control.start(STATE_DIR, images=IMAGES, on_progress=say)
    environment = place.stack.environment(control.environment(STATE_DIR))
    # Azure's SDKs take credentials and trust from the environment: nothing of a person's own sign-in may be left in it.
    os.environ.clear()
    os.environ.update(environment)
    return environment


@contextmanager
def _alone(place: Workplace) -> Generator[None]:
    """Waits until no other `up` or `down` runs in this folder; the system frees the lock of one that was killed."""
    STATE_DIR.mkdir(exist_ok=True)
    with (STATE_DIR / "command.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with phase(place.console, "waiting for another `up` or `down` in this folder"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_configuration(environment: Mapping[str, str]) -> None:
    """Removes the configuration file if it points into the sandbox, and not, say, to a deployment on Azure."""
    try:
        config = config_file.read()
    except config_file.ConfigFileError:
        return
    if config.subscription_id == environment.get("ARM_SUBSCRIPTION_ID"):
        config_file.DEFAULT_PATH.unlink()


def _show(console: Console, wanted: example.Example, answers: list[example.Answer]) -> None:
    def line(name: str, text: str, style: str = "") -> None:
        console.print(f"  {name:<{width}}  {text}", style=style, markup=False, highlight=False)

    names = [answer.model for answer in answers]
    width = max(len(name) for name in ["question", *names])
    line("question", wanted.question, "dim")
    for answer in answers:
        kind = "base model" if answer.parent is None else f"adapter of {answer.parent}"
        line(answer.model, f"{answer.text}  ({kind})")
