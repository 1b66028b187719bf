"""Phases: what is printed where there is no terminal, and on one."""

import io
import re

import pytest
from rich.console import Console

from cli.terminal import phase


def console(terminal: bool) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, force_terminal=terminal, width=80, color_system=None), written


def test_each_phase_prints_its_duration() -> None:
    screen, written = console(terminal=False)
    with phase(screen, "sandbox"):
        pass
    assert re.fullmatch(r"✓ sandbox +\d+\.\d s\n", written.getvalue())


def test_a_phase_that_fails_is_marked_and_the_error_goes_on() -> None:
    screen, written = console(terminal=False)
    with pytest.raises(ValueError, match="reason"), phase(screen, "sandbox"):
        raise ValueError("reason")
    assert written.getvalue().startswith("✗ sandbox")


def test_without_a_terminal_frequent_news_do_not_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, written = console(terminal=False)
    with phase(screen, "models") as say:
        for megabytes in range(1000):
            say(f"[{megabytes}] MB")
    assert written.getvalue().splitlines()[0] == "  models: [0] MB"
    assert len(written.getvalue().splitlines()) == 2


def test_on_a_terminal_the_line_in_progress_is_gone_in_the_end() -> None:
    screen, written = console(terminal=True)
    with phase(screen, "models") as say:
        say("half [of] it")
    last = written.getvalue().rsplit("\x1b[2K", 1)[-1]
    assert re.match(r"✓ models +\d+\.\d s\n", last)
