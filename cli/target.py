"""Which deployment a daily command is about: the configuration file's, on Azure or on this folder's sandbox."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from cli import workplace
from cli.errors import CliError
from cli.local_stack import LocalStack
from operations import config_file
from operations.config_file import InferenceConfig
from sandbox import control

API_KEY_VARIABLE: Final = "ACA_INFERENCE_API_KEY"
"""Where a key for the endpoint may be given; otherwise it is read from the app's secrets."""

Config = Annotated[Path, typer.Option("--config", help="The configuration file that provisioning wrote.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@dataclass(frozen=True)
class Target:
    """The deployment, and whether the sandbox of the current folder plays Azure for it."""

    config: InferenceConfig
    on_sandbox: bool


def enter(path: Path = config_file.DEFAULT_PATH) -> Target:
    """Reads the configuration, and makes this process a client of the sandbox if that is where it leads.

    Raises:
        ConfigFileError: the file is missing or wrong.
        CliError: it leads to a sandbox that does not run.
    """
    config = config_file.read(path)
    if control.subscription(workplace.STATE_DIR) != config.subscription_id:
        return Target(config, on_sandbox=False)
    if control.status(workplace.STATE_DIR) is None:
        raise CliError(
            f"{path} leads to this folder's sandbox, which does not run; `aca-inference sandbox start` does that"
        )
    enter_sandbox()
    return Target(config, on_sandbox=True)


def enter_sandbox() -> None:
    """Makes this process a client of this folder's running sandbox.

    Azure's SDKs take credentials and trust from the environment: nothing of a person's own sign-in is left in it.

    Raises:
        SandboxError: it does not run.
    """
    environment = LocalStack(Path.cwd(), workplace.STATE_DIR).environment(control.environment(workplace.STATE_DIR))
    os.environ.clear()
    os.environ.update(environment)


def given_api_key() -> str | None:
    """The key that the person gave, if any."""
    return os.environ.get(API_KEY_VARIABLE) or None
