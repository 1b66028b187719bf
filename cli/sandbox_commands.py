"""`aca-inference sandbox …`: the sandbox that plays Azure on this machine."""

import json
import shlex
from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from cli import fault_commands, workplace
from cli.target import Json
from sandbox import control

app = typer.Typer(help="The sandbox that plays Azure on this machine.", no_args_is_help=True)
app.add_typer(fault_commands.app, name="faults")


@app.command()
def up(as_json: Json = False) -> None:
    """Deploys the stack `local` on the sandbox, with the example's models, and asks them a question.

    Safe to repeat: what is there already is left as it is.

    Example: aca-inference sandbox up
    """
    from cli import sandbox_up  # Azure's SDKs take a second to import: only those who need them pay

    place = workplace.here(as_json)
    deployed = sandbox_up.up(place)
    if as_json:
        print(json.dumps(asdict(deployed), indent=2))
    else:
        sandbox_up.show(deployed, place.console)


@app.command()
def down(as_json: Json = False) -> None:
    """Destroys the stack `local` and stops the sandbox; nothing is left running.

    Example: aca-inference sandbox down
    """
    from cli import sandbox_up

    sandbox_up.down(workplace.here(as_json))
    if as_json:
        print(json.dumps({"running": False}))


@app.command()
def start(as_json: Json = False) -> None:
    """Starts the sandbox, or does nothing where it runs already; returns when it answers.

    Example: aca-inference sandbox start
    """
    workplace.here(as_json).start_sandbox()
    if as_json:
        print(json.dumps({"running": True}))


@app.command()
def stop(as_json: Json = False) -> None:
    """Stops the sandbox and everything it runs; what it holds is kept for the next start.

    Example: aca-inference sandbox stop
    """
    workplace.here(as_json).stop_sandbox()
    if as_json:
        print(json.dumps({"running": False}))


@app.command()
def status(as_json: Json = False) -> None:
    """Shows what the sandbox runs and where it listens; exit status 1 where it does not run.

    Example: aca-inference sandbox status --json
    """
    console = workplace.here().console
    found = control.status(workplace.STATE_DIR)
    if as_json:
        print(found.model_dump_json(indent=2) if found else "null")
    elif found is None:
        console.print("the sandbox does not run; `aca-inference sandbox start` starts it")
    else:
        console.print(_table(found))
    if found is None:
        raise typer.Exit(1)


@app.command()
def env(as_json: Json = False) -> None:
    """Prints what a shell must evaluate so that pulumi, az and Azure's SDKs in it work on the sandbox.

    Example: eval "$(aca-inference sandbox env)" && pulumi preview
    """
    stack = workplace.here().stack
    sandbox = control.environment(workplace.STATE_DIR)
    variables = stack.variables(sandbox)
    if as_json:
        print(json.dumps(variables, indent=2))
        return
    for name in stack.foreign(sandbox):
        print(f"unset {name}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _table(found: control.SandboxStatus) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in found.model_dump(mode="json", exclude={"apps", "problems"}).items():
        table.add_row(name.replace("_", " "), Text(str(value)))
    for app_report in found.apps:
        table.add_row("app", Text(f"{app_report.name}: {app_report.running_status}, {app_report.address}"))
    for problem in (*found.problems, *(problem for app_report in found.apps for problem in app_report.problems)):
        table.add_row("problem", Text(problem))
    return table
