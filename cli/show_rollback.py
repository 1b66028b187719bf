"""How `aca-inference rollback` looks."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli import show_deploy
from cli.consent import ask
from cli.errors import CliError
from cli.target import enter
from operations import deployment
from operations.deployment import Strategy


def show_kept(config: Path, as_json: bool) -> None:
    """Lists the releases on the share, the newest first, and which one the app mounts."""
    mounted, kept = deployment.history(enter(config).config)
    if as_json:
        releases = [{"name": item.name, "created": item.created, "files": len(item.files)} for item in kept]
        print(json.dumps({"mounted": mounted, "releases": releases}, indent=2))
        return
    table = Table("release", "made", "files", "", box=None)
    for item in kept:
        made = item.created[:19].replace("T", " ")
        table.add_row(item.name, made, str(len(item.files)), "mounted" if item.name == mounted else "")
    Console().print(table)


def run(config: Path, release: str | None, strategy: Strategy, yes: bool, as_json: bool) -> None:
    """Goes back to the release, or to the one before.

    Raises:
        CliError: it is not on the share, or is what the app mounts.
    """
    target, console = enter(config).config, Console(soft_wrap=True, highlight=False)
    mounted, kept = deployment.history(target)
    names = [item.name for item in kept]
    wanted = release or deployment.previous(target)
    if wanted not in names:
        raise CliError(f"the release {wanted} is not on the share; there are {', '.join(names) or 'none'}")
    if wanted == mounted:
        raise CliError(f"the app mounts {wanted} already; `aca-inference status` says whether it answers")
    if as_json:
        outcome = deployment.switch(target, wanted, strategy) if yes else None
        plan = {"release": wanted, "mounted": mounted}
        print(json.dumps({"plan": plan, "outcome": asdict(outcome) if outcome else None}, indent=2))
        return
    console.print(f"release {mounted} -> {wanted}")
    ask("go back to it?", yes)
    show_deploy.switch(console, target, wanted, strategy)
