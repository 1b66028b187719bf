"""`aca-inference sandbox faults …`: what goes wrong in the sandbox on demand."""

import json
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from cli import workplace
from cli.errors import CliError
from cli.target import Json
from cli.terminal import counted
from sandbox import control
from sandbox.control import Fault, FaultKind, ListedFault

app = typer.Typer(
    help="What goes wrong in the sandbox on demand: with requests, and with asynchronous operations.",
    no_args_is_help=True,
)


@app.command(name="list")
def list_faults(as_json: Json = False) -> None:
    """Shows the faults that are set, and how often each has happened.

    Example: aca-inference sandbox faults list
    """
    place = workplace.here(as_json)
    found = control.faults(workplace.STATE_DIR)
    if as_json:
        print(json.dumps([fault.model_dump(mode="json") for fault in found], indent=2))
    elif found:
        place.console.print(_table(found))
    else:
        place.console.print("no fault is set")


@app.command()
def add(
    kind: Annotated[
        FaultKind,
        typer.Argument(
            help="Of requests: throttle (429), error (5xx), slow, timeout, lost (done, but the answer breaks off)."
            " Of operations: fail, cancel, hang (until it is cleared)."
        ),
    ],
    service: Annotated[Literal["arm", "files"], typer.Option(help="Which service's requests.")] = "arm",
    method: Annotated[str, typer.Option(help="HTTP method, as PUT; of an operation the one that began it.")] = "*",
    path: Annotated[str, typer.Option(help="Pattern of the path, as '*/containerApps/*'.")] = "*",
    times: Annotated[int | None, typer.Option(min=1, help="How often; left out: until it is cleared.")] = None,
    rate: Annotated[float, typer.Option(min=0.001, max=1, help="Share of the matching requests.")] = 1.0,
    status: Annotated[int, typer.Option(min=500, max=599, help="Of an error.")] = 500,
    seconds: Annotated[float, typer.Option(min=0, max=3600, help="Of slow and timeout.")] = 30,
    as_json: Json = False,
) -> None:
    """Sets a fault. The sandbox forgets it when it ends.

    Example: aca-inference sandbox faults add fail --method PUT --path '*/containerApps/*' --times 1
    """
    place = workplace.here(as_json)
    wanted = Fault(
        kind=kind, service=service, method=method, path=path, times=times, rate=rate, status=status, seconds=seconds
    )
    fault = control.add_fault(workplace.STATE_DIR, wanted)
    if as_json:
        print(fault.model_dump_json(indent=2))
    else:
        place.console.print(f"fault {fault.number} is set; `aca-inference sandbox faults clear` takes it back")


@app.command()
def clear(
    number: Annotated[int | None, typer.Argument(help="The fault's number; left out: all.")] = None,
    as_json: Json = False,
) -> None:
    """Takes a fault back, or all; what hangs goes on.

    Example: aca-inference sandbox faults clear
    """
    place = workplace.here(as_json)
    cleared = control.clear_faults(workplace.STATE_DIR, number)
    if number is not None and not cleared:
        raise CliError(f"no fault {number} is set; `aca-inference sandbox faults list` shows those that are")
    if as_json:
        print(json.dumps({"cleared": cleared}))
    else:
        place.console.print(f"{counted(cleared, 'fault')} taken back")


def _table(found: list[ListedFault]) -> Table:
    table = Table("", "fault", "service", "method", "path", "still", "rate", "happened", box=None)
    for fault in found:
        left = "for ever" if fault.times is None else str(fault.times - fault.happened)
        cells = (fault.number, fault.kind, fault.service, fault.method, fault.path, left, fault.rate, fault.happened)
        table.add_row(*(Text(str(cell)) for cell in cells))
    return table
