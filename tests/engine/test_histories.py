"""No history of a cloud breaks the invariants of adopt-or-create; a broken rule of ownership does, and is noticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.cloud import Cloud
from tests.engine.conftest import broken_program
from tests.engine.harness import Workbench, workbench
from tests.engine.kinds import ACCOUNT
from tests.engine.machine import search
from tests.engine.world import World

HISTORIES = 25


def test_no_history_breaks_an_invariant(bench: Workbench) -> None:
    search(bench, HISTORIES, derandomize=True)


@pytest.fixture
def broken(request: pytest.FixtureRequest, cloud: Cloud, tmp_path: Path) -> Iterator[World]:
    """A world whose stacks have a broken rule of ownership."""
    program = broken_program(tmp_path / "program", request.param)
    with workbench(tmp_path / "bench", cloud, program) as bench:
        yield World(bench, f"takes-{request.param}")


@pytest.mark.parametrize("broken", ["everything"], indirect=True)
def test_taking_everything_for_the_stacks_own_is_noticed(broken: World) -> None:
    broken.make_outside(ACCOUNT)
    with pytest.raises(AssertionError, match=r"a (deleted|changed|wrote to) "):
        broken.up("a")


@pytest.mark.parametrize("broken", ["nothing"], indirect=True)
def test_taking_nothing_for_the_stacks_own_is_noticed(broken: World) -> None:
    broken.up("a")
    with pytest.raises(AssertionError, match="adopted"):
        broken.up("a")
