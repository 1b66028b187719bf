"""How `aca-inference logs` looks."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.errors import CliError
from cli.target import enter
from operations import log_stream
from operations.container_app import ContainerApp, Json, open_app
from operations.log_stream import Entry


def show(config: Path, *, follow: bool, system: bool, replica: str | None, tail: int, as_json: bool) -> None:
    """Prints the lines as they come; with `follow` until an interrupt."""
    console = Console(soft_wrap=True, highlight=False)
    with open_app(enter(config).config) as app:
        entries = log_stream.system(app, tail=tail, follow=follow) if system else _consoles(app, replica, tail, follow)
        for entry in entries:
            if as_json:
                print(json.dumps(asdict(entry), ensure_ascii=False), flush=True)
            else:
                console.print(_line(entry, named=not system))


def _consoles(app: ContainerApp, wanted: str | None, tail: int, follow: bool) -> Iterator[Entry]:
    chosen = [
        (revision, replica)
        for revision, replica in _replicas(app)
        if wanted is None or replica["name"].endswith(wanted)
    ]
    if not chosen:
        names = ", ".join(replica["name"] for _, replica in _replicas(app))
        if wanted is not None and names:
            raise CliError(f"no replica's name ends with {wanted}; there are {names}")
        raise CliError(
            "no replica runs (scaled to zero, or none could be started): a request starts one,"
            " `aca-inference logs --system` says what the platform does"
        )
    streams = [log_stream.console(app, revision, replica, tail=tail, follow=follow) for revision, replica in chosen]
    if follow:
        yield from log_stream.merged(streams)
    else:
        yield from sorted((entry for stream in streams for entry in stream), key=lambda entry: entry.time)


def _replicas(app: ContainerApp) -> Iterator[tuple[str, Json]]:
    for revision in app.revisions():
        if revision["properties"].get("active"):
            for replica in app.replicas(revision["name"]):
                yield revision["name"], replica


def _line(entry: Entry, named: bool) -> Text:
    line = Text(f"{entry.time[:19]} ", style="dim")
    if named or entry.source:
        line.append(f"{entry.source.rpartition('-')[2]:<6}", style="cyan")
    return line.append(entry.text, style="yellow" if entry.warning else "default")
