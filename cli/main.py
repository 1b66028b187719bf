"""The entry point: one typer application, and errors told in a sentence instead of a traceback."""

import signal
import sys
from types import FrameType
from typing import Final

import typer
from rich.console import Console

from cli import measuring, observing, releasing, sandbox_commands
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
app.add_typer(sandbox_commands.app, name="sandbox")


@app.callback()
def aca_inference() -> None:
    """Deploys and asks a fine-tuned language model."""


def main() -> None:
    """Runs the command line. Exit status 1: failed, the reason is on stderr; 2: wrong usage; 130: interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
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
