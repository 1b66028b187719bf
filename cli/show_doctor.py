"""How `aca-inference doctor` looks."""

import json
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.text import Text

from cli.errors import CliError
from cli.pulumi_process import own_environment, pulumi_program
from cli.target import enter
from operations.doctor import Finding, Verdict, examine
from operations.errors import ConfigFileError

_SIGNS: Final = {Verdict.GOOD: ("✓", "green"), Verdict.UNKNOWN: ("·", "dim"), Verdict.BAD: ("✗", "red")}
TOOL_SECONDS: Final = 30


def show(config: Path, stack: str, as_json: bool) -> None:
    """Prints each finding as it comes; ends with status 1 if one is bad."""
    console, found = Console(soft_wrap=True, highlight=False), list[Finding]()
    for finding in _findings(config, stack):
        found.append(finding)
        if not as_json:
            sign, colour = _SIGNS[finding.verdict]
            console.print(Text(f"{sign} {finding.check:<12}", style=colour).append(finding.found, style="default"))
            if finding.fix:
                console.print(Text(f"{'':<14}fix: {finding.fix}"))
    if as_json:
        print(json.dumps([asdict(finding) for finding in found], indent=2))
    if any(finding.verdict is Verdict.BAD for finding in found):
        raise typer.Exit(1)


def _findings(config: Path, stack: str) -> Iterator[Finding]:
    yield from tools(Path.cwd())
    try:
        target = enter(config)
    except (ConfigFileError, CliError) as error:
        yield Finding("config", Verdict.BAD, str(error), "`aca-inference provision` writes it")
        from cli.prospects import prospects  # Pulumi takes half a second to import: only those who need it pay

        yield from prospects(stack)
        return
    where = "this folder's sandbox" if target.on_sandbox else f"subscription {target.config.subscription_id}"
    yield Finding("config", Verdict.GOOD, f"{config}: {target.config.aca_app_name} on {where}")
    yield from examine(target.config)


def tools(project: Path) -> Iterator[Finding]:
    """Python, the Pulumi CLI, and az, which is needed on Azure only."""
    yield Finding("python", Verdict.GOOD, platform.python_version())
    environment = own_environment(project)
    try:
        found = subprocess.run(
            [pulumi_program(environment), "version"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=TOOL_SECONDS,
        )
        yield Finding("pulumi", Verdict.GOOD, found.stdout.strip())
    except (CliError, subprocess.SubprocessError) as error:
        yield Finding("pulumi", Verdict.BAD, str(error), "`make setup` gets it")
    az = shutil.which("az")
    yield Finding("az", Verdict.GOOD if az else Verdict.UNKNOWN, az or "not installed; one way to sign in to Azure")
