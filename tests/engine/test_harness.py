"""The harness itself: what it calls killed, refused by the cloud, or lost really is."""

import pytest

from cli import stack_state
from tests.engine.conftest import MakeStack


def test_a_killed_engine_leaves_what_it_did_not_record_and_the_next_run_goes_on(make_stack: MakeStack) -> None:
    stack = make_stack()
    killed = stack.killed_at_write(2)
    assert killed.code < 0
    there = stack.bench.cloud.snapshot(stack.group)
    assert len(there) == 2, there
    known = {str(item.get("id", "")).lower() for item in stack.resources().values()}
    assert len(there.keys() - known) == 1, "the second write was not recorded"
    stack.up().succeeded()


def test_notes_that_a_kill_cut_off_do_not_keep_the_next_run_from_the_state(make_stack: MakeStack) -> None:
    """The backend itself cannot get past them."""
    stack = make_stack()
    stack.up().succeeded()
    state = stack_state.state_file(stack.bench.backend, stack.bench.name, stack.name)
    state.with_name(f"{state.name}.attrs").write_bytes(b"")
    with pytest.raises(AssertionError, match="failed to load checkpoint: EOF"):
        stack.bench.pulumi("stack", "export", "--stack", stack.name)
    stack.up().succeeded()


def test_a_lost_state_keeps_the_configuration_and_the_cloud(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up().succeeded()
    before = stack.bench.cloud.snapshot(stack.group)
    stack.lose_state()
    assert stack.resources() == {}
    assert stack.setting("resourceGroup") == stack.group
    assert stack.bench.cloud.snapshot(stack.group) == before
