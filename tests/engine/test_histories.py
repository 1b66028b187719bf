"""No history of a cloud breaks the invariants of adopt-or-create; a broken rule of ownership does, and is noticed."""

from collections.abc import Iterator

import pytest

from tests.engine.cloud import Cloud
from tests.engine.conftest import Numbered
from tests.engine.harness import Workbench, workbench
from tests.engine.kinds import ACCOUNT
from tests.engine.machine import search
from tests.engine.world import World
from tests.workspace import PROJECT

HISTORIES = 25
BROKEN_PROGRAM = """
import pulumi
from components.adoption import MISSING, Presence
from stack import placement

OWNED = pulumi.get_stack().startswith("everything")

def presence(self, field, found):
    return MISSING if found is None else Presence(found.id, owned=OWNED)

placement._Decisions.presence = presence
"""
"""The project's program with another rule of ownership: everything that exists is the stack's, or nothing is."""


def test_no_history_breaks_an_invariant(bench: Workbench) -> None:
    search(bench, HISTORIES, derandomize=True)


@pytest.fixture(scope="module")
def broken(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """The project's program with its rule of ownership broken."""
    program = tmp_path_factory.mktemp("broken")
    (program / "Pulumi.yaml").write_text((PROJECT / "Pulumi.yaml").read_text())
    (program / "__main__.py").write_text(BROKEN_PROGRAM + (PROJECT / "__main__.py").read_text())
    with workbench(tmp_path_factory.mktemp("broken-bench"), cloud, program) as bench:
        yield bench


def test_taking_everything_for_the_stacks_own_is_noticed(broken: Workbench, numbered: Numbered) -> None:
    world = World(broken, numbered("everything"))
    world.make_outside(ACCOUNT)
    with pytest.raises(AssertionError, match=r"a (deleted|changed|wrote to) "):
        world.up("a")


def test_taking_nothing_for_the_stacks_own_is_noticed(broken: Workbench, numbered: Numbered) -> None:
    world = World(broken, numbered("nothing"))
    world.up("a")
    with pytest.raises(AssertionError, match="adopted"):
        world.up("a")
