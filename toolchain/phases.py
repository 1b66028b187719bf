"""What a person sees of set-up: one line a phase with its duration, and progress for what takes longer.

Phases may run side by side. On a terminal they share one live line; elsewhere each prints a plain line now and then.
"""

import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

NAME_WIDTH: Final = 58
PROGRESS_AFTER_SECONDS: Final = 2.0
LIVE_PERIOD_SECONDS: Final = 0.5
PLAIN_PERIOD_SECONDS: Final = 15.0
PLAIN_DETAIL_WIDTH: Final = 90
CLEAR_LINE: Final = "\r\x1b[K"


class Phase:
    """A phase that is running: `detail` is shown beside its name while it lasts, `name` when it has ended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.detail = ""
        self.started = time.monotonic()
        self.next_report = self.started + PROGRESS_AFTER_SECONDS

    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started


_running: list[Phase] = []
_change = threading.Condition()


@contextmanager
def phase(name: str) -> Generator[Phase]:
    """Prints the phase's name and duration at its end, if it ends well, and progress before that if it takes longer."""
    current = Phase(name)
    with _change:
        _running.append(current)
        if len(_running) == 1:
            threading.Thread(target=_report, daemon=True).start()
    ended_well = False
    try:
        yield current
        ended_well = True
    finally:
        with _change:
            _running.remove(current)
            _change.notify_all()
            if sys.stdout.isatty():
                print(CLEAR_LINE, end="", flush=True)
            if ended_well:
                print(f"{current.name:<{NAME_WIDTH}} {current.seconds():6.1f} s", flush=True)


def _report() -> None:
    """Shows progress until no phase is left; one such thread at a time does."""
    with _change:
        while _running:
            late = [each for each in _running if each.seconds() >= PROGRESS_AFTER_SECONDS]
            if sys.stdout.isatty():
                _redraw(late)
            else:
                _print(late)
            _change.wait(LIVE_PERIOD_SECONDS)


def _redraw(late: list[Phase]) -> None:
    if late:
        share = (os.get_terminal_size().columns - 1) // len(late)
        shown = (f"{each.name} … {each.seconds():.0f} s  {each.detail}" for each in late)
        print(CLEAR_LINE + "".join(f"{text:<{share}}"[:share] for text in shown), end="", flush=True)


def _print(late: list[Phase]) -> None:
    for each in late:
        if time.monotonic() >= each.next_report:
            print(f"{each.name} … {each.seconds():.0f} s  {each.detail[:PLAIN_DETAIL_WIDTH]}", flush=True)
            each.next_report += PLAIN_PERIOD_SECONDS
