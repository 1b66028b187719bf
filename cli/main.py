"""The entry point: one typer application, and errors told in a sentence instead of a traceback."""

import logging
import signal
import sys
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer
from rich.console import Console

from cli import measuring, observing, provisioning, releasing, sandbox_commands, workplace
from cli.errors import CliError
from operations.errors import OperationError
from sandbox.control import SandboxError

FAILURE: Final = 1

app = typer.Typer(
    name="aca-inference",
    help="A fine-tuned language model behind an endpoint on Azure Container Apps, or on the sandbox that plays Azure.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(observing.app)
app.add_typer(releasing.app)
app.add_typer(measuring.app)
app.add_typer(provisioning.app)
app.add_typer(sandbox_commands.app, name="sandbox")


def _version(asked: bool) -> None:
    if asked:
        print(f"aca-inference {metadata.version('aca-inference')}")
        raise typer.Exit


@app.callback()
def aca_inference(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Deploys and asks a fine-tuned language model."""


@app.command()
def import_parameters(
    file: Annotated[Path, typer.Argument(help="The AI Toolkit's parameter file.")],
    stack: Annotated[str, typer.Option(envvar="PULUMI_STACK", help="Stack whose configuration is set.")],
    yes: Annotated[bool, typer.Option("--yes", help="Set it without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; sets only with --yes.")] = False,
) -> None:
    """Turns an AI Toolkit parameter file into configuration of a stack; null keeps what the stack says.

    A file at infra/provision/inference.parameters.json needs no import: it is read at every deployment.

    Example: aca-inference import-parameters ../project/infra/provision/inference.parameters.json --stack dev
    """
    from cli import import_parameters as command  # Pulumi takes a second to import: only those who need it pay

    command.import_parameters(file, stack, yes, as_json, workplace.here().console)


@app.command()
def check(
    stack: Annotated[
        str, typer.Option("--stack", "-s", help="Stack whose settings are used; local runs on the sandbox.")
    ] = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0, for code scanning.")] = False,
) -> None:
    """Previews a stack with the policy pack and shows what its rules find; nothing is changed.

    Exit status 1 where a mandatory rule is broken.

    Example: aca-inference check --stack dev --sarif > policy.sarif
    """
    from cli import check as command  # Pulumi takes half a second to import: only those who need it pay

    form = command.Form.SARIF if as_sarif else command.Form.JSON if as_json else command.Form.TABLE
    command.check(workplace.here(), stack, form)


def main() -> None:
    """Runs the command line. Exit status 1: failed, the reason is on stderr; 2: wrong usage; 130: interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # its warnings say again what the error says
    try:
        app()
    except (CliError, OperationError, SandboxError) as error:
        _explain(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _explain(f"{error.filename}: {error.strerror}")


def _explain(message: str) -> None:
    Console(stderr=True, soft_wrap=True).print(f"error: {message}", style="red", markup=False, highlight=False)
    sys.exit(FAILURE)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
