"""Another name in the configuration: the stack moves to the other resource and takes the old one down."""

import pytest

from tests.engine.conftest import Numbered
from tests.engine.harness import Workbench
from tests.engine.kinds import ACCOUNT, APP, ENVIRONMENT, LINK, SHARE, WORKSPACE, Kind
from tests.engine.world import World


@pytest.mark.parametrize("kind", [ACCOUNT, SHARE, WORKSPACE, ENVIRONMENT, LINK, APP], ids=str)
def test_what_the_stack_made_moves_to_its_new_name(bench: Workbench, numbered: Numbered, kind: Kind) -> None:
    world = World(bench, numbered("renamed"))
    world.up("a").succeeded()
    before = world.snapshot()
    world.rename("a", kind, other=True)
    world.up("a").succeeded()
    assert len(world.snapshot()) == len(before), "the old one is gone"
    world.destroy("a").succeeded()
    assert world.snapshot() == {}


@pytest.mark.parametrize("kind", [ACCOUNT, SHARE, WORKSPACE, ENVIRONMENT, LINK], ids=str)
def test_from_its_own_to_somebody_elses_and_back(bench: Workbench, numbered: Numbered, kind: Kind) -> None:
    world = World(bench, numbered("moved"))
    world.up("a").succeeded()
    world.make_outside(kind, other=True)
    theirs = {key: body for key, body in world.snapshot().items() if key in world.theirs}
    world.rename("a", kind, other=True)
    world.up("a")
    world.rename("a", kind, other=False)
    world.up("a").succeeded()
    assert {key: body for key, body in world.snapshot().items() if key in theirs} == theirs
