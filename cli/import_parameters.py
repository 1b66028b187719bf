"""`aca-inference import-parameters`: an AI Toolkit parameter file becomes the configuration of a stack."""

import json
import os
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.consent import ask
from cli.errors import CliError, PulumiError
from cli.pulumi_process import TOOL_FOLDERS, pulumi_program
from stack.settings import SettingsError, check_parameters, stack_file
from stack.settings.secrets import PREFIX

_STACK_NAME: Final = re.compile(r"([\w.-]+/){0,2}[\w.-]+")


@dataclass(frozen=True)
class Change:
    """One key of the stack's configuration: what is there now (None: nothing), and what will be."""

    key: str
    old: Any
    new: Any


def import_parameters(file: Path, stack: str, yes: bool, as_json: bool, console: Console) -> None:
    """Shows what the file changes in the stack's configuration and, with `yes` or when asked, sets it.

    Raises:
        CliError: the file or the stack's configuration is wrong, or nobody is there to be asked.
        PulumiError: Pulumi could not set it.
    """
    if not _STACK_NAME.fullmatch(stack):
        raise CliError(f"{stack!r} is no name of a stack, such as dev")
    target = stack_file.path_of(stack)
    try:
        changes = plan(check_parameters(file), stack_file.values_in(target, PREFIX))
    except SettingsError as error:
        raise CliError(str(error)) from error
    if as_json:
        apply = yes
    else:
        _show(console, changes, file, target)
        apply = bool(changes)
        if apply:
            ask("set it?", yes)
    if apply and changes:
        _set(stack, target, changes)
    if as_json:
        print(json.dumps({"file": str(target), "changes": [asdict(change) for change in changes], "applied": apply}))
    elif apply:
        console.print(f"{target} is set; `pulumi preview -s {stack}` shows what it does", markup=False, highlight=False)


def plan(parameters: dict[str, Any], configured: dict[str, Any]) -> list[Change]:
    """What has to change; a stack file may hold a number as text, which is the same to Pulumi."""
    return [
        Change(key, configured.get(key), value)
        for key, value in parameters.items()
        if key not in configured or _text(configured[key]) != _text(value)
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _show(console: Console, changes: list[Change], file: Path, target: Path) -> None:
    if not changes:
        console.print(f"{target} says all of {file} already", markup=False, highlight=False)
        return
    console.print(f"{file} → {target}", style="italic", markup=False, highlight=False)
    table = Table(box=None)
    for column in ("setting", "now", "will be"):
        table.add_column(column, overflow="fold")
    for change in changes:
        now = "-" if change.old is None else _text(change.old)
        table.add_row(change.key, Text(now), Text(_text(change.new)))
    console.print(table)


def _set(stack: str, target: Path, changes: list[Change]) -> None:
    """Through Pulumi, which owns the file: comments stay, and text that looks like a number stays text."""
    values = {
        f"{PREFIX}{change.key}": {
            "value": _text(change.new),
            "secret": False,
            **({} if isinstance(change.new, str | int) else {"objectValue": change.new}),
        }
        for change in changes
    }
    path = os.pathsep.join(
        [os.environ.get("PATH", os.defpath), *(str(Path(folder).resolve()) for folder in TOOL_FOLDERS)]
    )
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(
        [
            pulumi_program(environment),
            "config",
            "set-all",
            "--non-interactive",
            "--stack",
            stack,
            "--config-file",
            str(target),
            "--json",
            json.dumps(values),
        ],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise PulumiError(f"`pulumi config set-all -s {stack}` failed: {(done.stderr or done.stdout).strip()}")
