"""No history of a cloud breaks the invariants of adopt-or-create; a broken rule of ownership does, and is noticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.cloud import Cloud
from tests.engine.conftest import broken_program
from tests.engine.harness import Workbench, workbench
from tests.engine.kinds import ACCOUNT, SHARE
from tests.engine.machine import search
from tests.engine.world import World

HISTORIES = 25


def test_no_history_breaks_an_invariant(bench: Workbench) -> None:
    search(bench, HISTORIES, derandomize=True)


def test_what_an_app_of_a_killed_run_needs_stays_until_the_next_run_knows_the_app(bench: Workbench) -> None:
    world = World(bench, "adrift")
    world.up("b")
    world.killed_up("a", 2)
    refused = world.destroy("a")
    assert not refused.ok
    assert "'app-a' mounts it" in refused.output
    world.up("a").succeeded()
    world.destroy("a").succeeded()
    world.destroy("b").succeeded()


def test_an_app_moves_to_a_new_account_when_somebody_deleted_the_one_that_it_mounts(bench: Workbench) -> None:
    world = World(bench, "moves")
    world.killed_up("b", 7)
    world.up("a").succeeded()
    world.destroy("b").succeeded()
    assert world.tenant("a").stack.outputs()["ownership"]["storageAccount"] == "adopted"
    world.rename("a", ACCOUNT, other=True)
    world.up("a").succeeded()


def test_what_a_killed_run_made_anew_stays_until_the_next_run_knows_it_as_its_own(bench: Workbench) -> None:
    """The state still has the other stack's, adopted, and would leave it."""
    world = World(bench, "anew")
    world.make_outside(SHARE)
    world.killed_up("b", 6)
    world.killed_up("a", 5)
    world.destroy("b").succeeded()
    world.killed_up("a", 1)
    world.destroy("a").succeeded()
    assert world.tenant("a").made
    world.up("a").succeeded()
    world.destroy("a").succeeded()
    assert not world.tenant("a").made


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
