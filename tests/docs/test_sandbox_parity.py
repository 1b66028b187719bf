"""The parity page names tests that exist, and everything that the sandbox answers."""

import re
from typing import Any, cast

import pytest

from sandbox.arm.registry import Types
from tests.workspace import PROJECT

PAGE = (PROJECT / "docs/sandbox-parity.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| (?!operation)", line)
]
TESTS = PROJECT / "tests/sandbox"


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_is_whole_and_its_test_exists(row: list[str]) -> None:
    operation, verdict, test, notes, source = row
    assert verdict in ("full", "partial", "absent"), operation
    assert source
    if verdict == "partial":
        assert notes, "what is missing has to be said"
    if verdict == "absent":
        assert test == "—"
        return
    file, _, name = test.strip("`").partition("::")
    assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE), test


def answered() -> set[str]:
    """Every type of the sandbox, and every action and question of each."""
    nothing = cast("Any", None)
    found: set[str] = set()
    for kind in Types(nothing, nothing, nothing, nothing).by_name.values():
        found |= {f"`{kind.name}`"} | {f"`{kind.name}` {action}" for action in (*kind.actions, *kind.questions)}
    return found


def test_everything_that_the_sandbox_answers_has_a_row() -> None:
    written = {row[0] for row in ROWS}
    assert "`Microsoft.App/containerApps` listSecrets" in answered()
    assert answered() - written == set()
    named = {operation for operation in written if operation.startswith("`Microsoft.")}
    assert named - answered() == set(), "no longer there"
