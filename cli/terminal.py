"""How commands show what they do: phases with their durations, and what is going on inside the long ones."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from typing import Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

PLAIN_INTERVAL_SECONDS: Final = 2.0
"""Where there is no terminal, a phase prints what it is doing at most this often."""
_TITLE_WIDTH: Final = 10

Say = Callable[[str], None]
"""Called with what a phase is doing now, in a few words."""


@contextmanager
def phase(console: Console, title: str, *, prints: bool = False) -> Generator[Say]:
    """Shows that this phase is running, what it does, and in the end how long it took.

    On a terminal one line is kept up to date; elsewhere, and when the phase `prints` lines of its own, lines are added.
    """
    started = time.monotonic()
    live = console.is_terminal and not prints
    if prints:
        console.print(f"[dim]·[/] {title}")
    try:
        with _one_line(console, title) if live else nullcontext(_lines(console, title)) as say:
            yield say
    except BaseException:
        console.print(f"[red]✗[/] {title:<{_TITLE_WIDTH}} [dim]after {time.monotonic() - started:.1f} s[/]")
        raise
    console.print(f"[green]✓[/] {title:<{_TITLE_WIDTH}} {time.monotonic() - started:5.1f} s")


def counted(count: int, thing: str) -> str:
    """A number with its noun: 1 file, 2 files."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


@contextmanager
def _one_line(console: Console, title: str) -> Generator[Say]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title)
        yield lambda text: progress.update(task, description=f"{title:<{_TITLE_WIDTH}} {text}")


def _lines(console: Console, title: str) -> Say:
    due = 0.0

    def say(text: str) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + PLAIN_INTERVAL_SECONDS
            console.print(f"  {title}: {text}", markup=False, highlight=False)

    return say
