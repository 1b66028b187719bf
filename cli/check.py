"""`aca-inference check`: the policy pack, with a stack's own settings, before anything is touched."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli import check_report, check_run
from cli.check_run import Result
from cli.local_stack import STACK
from cli.pulumi_process import own_environment
from cli.terminal import phase
from cli.workplace import IMAGES, STATE_DIR, Workplace
from policy.pack import RULES
from policy.rule import Level
from sandbox import control

VIOLATIONS: Final = 1
_LABEL_WIDTH: Final = len("not judged")
_COLOURS: Final = {Level.MANDATORY: "red", Level.ADVISORY: "yellow"}


class Form(StrEnum):
    """How the result is printed."""

    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"


def check(place: Workplace, stack: str, form: Form) -> None:
    """Previews the stack with the pack and prints what its rules find.

    Raises:
        typer.Exit: a mandatory rule is broken.
        PulumiError: the preview failed for another reason.
    """
    console = place.console if form is Form.TABLE else Console(stderr=True)
    with phase(console, "check") as say, _environment(place, stack) as environment:
        say(f"previewing the stack {stack}")
        results = check_run.check(place.project, environment, None if stack == STACK else stack)
    match form:
        case Form.TABLE:
            _show(console, results)
        case Form.JSON:
            print(json.dumps(check_report.as_json(stack, results), indent=2))
        case Form.SARIF:
            print(json.dumps(check_report.as_sarif(f"Pulumi.{stack}.yaml", results), indent=2))
    if any(result.violation for result in results):
        raise typer.Exit(VIOLATIONS)


@contextmanager
def _environment(place: Workplace, stack: str) -> Generator[dict[str, str]]:
    """The sandbox for the stack `local`, stopped again if it was not running; for others the person's own sign-in."""
    if stack != STACK:
        yield own_environment(place.project)
        return
    with place.alone():
        ran = control.status(STATE_DIR) is not None
        control.start(STATE_DIR, images=IMAGES)
        try:
            environment = place.stack.environment(control.environment(STATE_DIR))
            place.stack.prepare(environment)
            yield environment
        finally:
            if not ran:
                control.stop(STATE_DIR)


def _show(console: Console, results: Sequence[Result]) -> None:
    for result in sorted(
        results, key=lambda result: (not result.violation, not result.message.verdict.judged, result.rule.id)
    ):
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=_LABEL_WIDTH)
        table.add_column()
        colour = _COLOURS[result.level] if result.message.verdict.judged else "dim"
        level = result.level if result.message.verdict.judged else "not judged"
        table.add_row(Text(level, colour), Text(f"{result.rule.id}  {result.resource}", "bold"))
        said = result.message
        for label, words in (
            ("", said.title),
            ("property", said.property),
            ("found", said.found),
            ("wanted", said.wanted),
            ("why", said.why),
            ("how", said.how),
        ):
            table.add_row(label, Text(words))
        if result.source:
            table.add_row("where", f"{result.source.file}:{result.source.line}")
        console.print(table)
        console.print()
    counts = ", ".join(f"{count} {kind}" for kind, count in check_report.summary(results).items())
    console.print(f"{len(RULES)} rules: {counts}")
