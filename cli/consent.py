"""Asking before acting."""

import sys

import typer

from cli.errors import CliError


def ask(question: str, yes: bool) -> None:
    """Returns if the person agrees, or has done so with `--yes`.

    Raises:
        CliError: nobody is there to be asked.
        typer.Exit: they said no; nothing has been changed.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError("nobody is there to be asked; add --yes to do it")
    if not typer.confirm(question):
        typer.echo("nothing was changed")
        raise typer.Exit(1)
