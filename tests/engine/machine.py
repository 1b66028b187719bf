"""Random histories of a world, as hypothesis writes them: see `world`."""

import itertools
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.engine.harness import Workbench
from tests.engine.kinds import ACCOUNT, APP, ENVIRONMENT, KINDS, LINK, SHARE, WORKSPACE, Kind
from tests.engine.world import World

STACKS = st.sampled_from(["a", "a", "b"])
"""The second stack comes to the first one's environment now and then."""
RENAMED = st.sampled_from([ACCOUNT, SHARE, WORKSPACE, ENVIRONMENT, LINK, APP])
OUTSIDE = st.sampled_from(KINDS)
WRITES = st.integers(1, 7)
"""An `up` from nothing makes eight writes to ARM."""

_numbers = itertools.count(1)


class Histories(RuleBasedStateMachine):
    """What may happen, in any order."""

    bench: ClassVar[Workbench]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.bench, f"world-{next(_numbers)}")

    @initialize(kinds=st.sets(OUTSIDE, max_size=3))
    def what_there_was(self, kinds: set[Kind]) -> None:
        self.world.make_outside(*kinds - {APP})

    @rule(kind=OUTSIDE, other=st.booleans())
    def made_outside(self, kind: Kind, other: bool) -> None:
        self.world.make_outside(kind, other=other)

    @rule(stack=STACKS)
    def up(self, stack: str) -> None:
        self.world.up(stack)

    @rule(stack=STACKS, write=WRITES)
    def failed_up(self, stack: str, write: int) -> None:
        self.world.failed_up(stack, write)

    @rule(stack=STACKS, write=WRITES)
    def killed_up(self, stack: str, write: int) -> None:
        self.world.killed_up(stack, write)

    @precondition(lambda self: self.world.deployed)
    @rule(data=st.data(), kind=RENAMED, other=st.booleans())
    def renamed(self, data: st.DataObject, kind: Kind, other: bool) -> None:
        self.world.rename(self._one(data), kind, other)

    @precondition(lambda self: self.world.deployed)
    @rule(data=st.data(), kind=RENAMED)
    def renamed_and_up(self, data: st.DataObject, kind: Kind) -> None:
        stack = self._one(data)
        self.world.rename(stack, kind, other=True)
        self.world.up(stack)

    @precondition(lambda self: self.world.deployed)
    @rule(data=st.data())
    def refreshed(self, data: st.DataObject) -> None:
        self.world.refresh(self._one(data))

    @precondition(lambda self: self.world.deployed)
    @rule(data=st.data())
    def destroyed(self, data: st.DataObject) -> None:
        self.world.destroy(self._one(data))

    @precondition(lambda self: self.world.deployed)
    @rule(data=st.data())
    def lost_state(self, data: st.DataObject) -> None:
        self.world.lose_state(self._one(data))

    def _one(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.world.deployed), "stack")


def search(bench: Workbench, histories: int, *, steps: int = 6, derandomize: bool = False) -> None:
    """Lets hypothesis write this many histories.

    Raises:
        AssertionError: an invariant was broken; the message ends with the history that did it.
    """
    machine = type("History", (Histories,), {"bench": bench})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            derandomize=derandomize,
            deadline=None,
            database=None,
            # A shorter history of the same failure would cost more operations than the search itself.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
