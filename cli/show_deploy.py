"""How `aca-inference deploy` looks: the plan, then the phases, then what answers now."""

import json
from dataclasses import asdict
from pathlib import Path
from time import sleep
from typing import Any, Final

from rich.console import Console

from cli.consent import ask
from cli.target import enter
from cli.terminal import counted, phase
from operations import code_folder, deployment
from operations.config_file import InferenceConfig
from operations.deployment import Outcome, Plan, Strategy
from operations.errors import OperationError
from operations.release import Progress

SHOWN_CHANGES: Final = 20
WATCH_SECONDS: Final = 0.5


def run(config: Path, source: Path, strategy: Strategy, yes: bool, as_json: bool) -> None:
    """Shows what would change, asks, does it."""
    target, console = enter(config).config, Console(soft_wrap=True, highlight=False)
    plan = deployment.plan(target, source)
    if as_json:
        outcome = None if plan.settled or not yes else deployment.apply(target, source, strategy)
        print(json.dumps({"plan": asdict(plan), "outcome": asdict(outcome) if outcome else None}, indent=2))
        return
    _show(console, plan)
    if not plan.settled:
        ask("deploy it?", yes)
        _told(console, _deploy(console, target, source, strategy))


def run_watching(config: Path, source: Path, strategy: Strategy, yes: bool) -> None:
    """Deploys now and after each change, until an interrupt; what fails is told, and the next change tried."""
    target, console = enter(config).config, Console(soft_wrap=True, highlight=False)
    seen: Any = None
    while True:
        now = code_folder.stamp(source)
        if now != seen:
            plan = deployment.plan(target, source)
            _show(console, plan)
            if not plan.settled:
                ask("deploy this, and each change from now on?", yes)
                yes = True
                try:
                    _told(console, _deploy(console, target, source, strategy))
                except OperationError as error:
                    console.print(f"error: {error}", style="red", markup=False)
            console.print(f"watching {source} (Ctrl-C ends)", style="dim")
            seen = now
        sleep(WATCH_SECONDS)


def _show(console: Console, plan: Plan) -> None:
    if plan.settled:
        console.print(f"nothing to deploy: the release {plan.release} answers already")
        return
    if plan.release == plan.mounted:
        console.print(f"the app names the release {plan.release} already, but it does not answer yet")
        return
    console.print(f"release {plan.mounted} -> {plan.release}")
    for line in plan.changes[:SHOWN_CHANGES]:
        console.print(f"  {line}", markup=False)
    if len(plan.changes) > SHOWN_CHANGES:
        console.print(f"  and {len(plan.changes) - SHOWN_CHANGES} more")


def _deploy(console: Console, target: InferenceConfig, source: Path, strategy: Strategy) -> Outcome:
    with phase(console, "deploy") as say:

        def progress(now: Progress) -> None:
            sizes = f"{now.sent_bytes / 1000:.0f} of {now.all_bytes / 1000:.0f} kB sent"
            say(f"file {now.files} of {now.all_files}, {sizes}")

        return deployment.apply(target, source, strategy, on_progress=progress, tell=say)


def switch(console: Console, target: InferenceConfig, release: str, strategy: Strategy) -> None:
    """Points the app to a release that is on the share, with its phase shown."""
    with phase(console, "rollback") as say:
        outcome = deployment.switch(target, release, strategy, tell=say)
    _told(console, outcome)


def _told(console: Console, outcome: Outcome) -> None:
    sent = outcome.publication
    if sent is not None:
        console.print(f"{counted(sent.sent, 'file')} sent ({sent.sent_bytes} bytes), {sent.copied} copied on the share")
    console.print(f"{outcome.release} answers now (revision {outcome.revision}); before it {outcome.replaced}")
