"""Long forms of tests, and the page on which their figures stand."""

import shlex
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.cli.test_commands_killed import folder
from tests.end_to_end.conftest import endpoint, example, first_up, heldout, workspace
from tests.operations.conftest import account, address, azure, config, deployed, own_sandbox, running, storage
from tests.sandbox.control.conftest import state
from tests.sandbox.control.test_kills import clients

__all__ = [
    "account",
    "address",
    "azure",
    "clients",
    "config",
    "deployed",
    "endpoint",
    "example",
    "first_up",
    "folder",
    "heldout",
    "own_sandbox",
    "running",
    "state",
    "storage",
    "workspace",
]

PAGE = Path(__file__).parent.parent.parent / "docs/campaigns.md"
HEAD = """# Campaigns

The long forms of the tests. `make campaign` runs them all, or the one that `ONLY` names, and writes this table: a row
is the campaign's last run that passed.

| campaign | what was done | what came of it | seconds | date | command |
|---|---|---|---|---|---|
"""

Record = Callable[[str, str, str], None]


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Iterator[Record]:
    """Notes the figures of a campaign that passed: its name, what was done, what came of it."""
    started = time.monotonic()
    command = f"`make campaign ONLY={shlex.quote(request.node.nodeid)}`"

    def note(name: str, done: str, result: str) -> None:
        took = f"{time.monotonic() - started:.0f}"
        row = f"| {name} | {done} | {result} | {took} | {date.today().isoformat()} | {command} |"
        lines = PAGE.read_text().splitlines() if PAGE.exists() else []
        rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}
        rows = {key: line for key, line in rows.items() if key != "campaign"} | {name: row}
        PAGE.write_text(HEAD + "".join(f"{rows[key]}\n" for key in sorted(rows)))

    yield note
