"""Five hundred random histories of stacks, of other people's resources, of failures and kills, in the real engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaign.conftest import Record
from tests.engine.cloud import Cloud
from tests.engine.conftest import broken_program
from tests.engine.harness import Workbench, workbench
from tests.engine.machine import search

HISTORIES = 500
STEPS = 8
ENOUGH_TO_NOTICE = 40
"""Histories among which a broken rule of ownership has to show."""


@pytest.fixture
def quick_cloud(tmp_path: Path) -> Iterator[Cloud]:
    """A sandbox without waits and replicas."""
    cloud = Cloud(tmp_path / "cloud")
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def bench(quick_cloud: Cloud, tmp_path: Path) -> Iterator[Workbench]:
    """The project's program."""
    with workbench(tmp_path / "bench", quick_cloud) as bench:
        yield bench


def test_histories(bench: Workbench, record: Record) -> None:
    search(bench, HISTORIES, steps=STEPS)
    record(
        "histories of stacks",
        f"{HISTORIES} random histories of up to {STEPS} events: made outside, renamed, up, failed, killed, refreshed,"
        " destroyed, state lost, two stacks on one environment",
        "no invariant of adopt-or-create broken",
    )


@pytest.mark.parametrize("rule", ["everything", "nothing"])
def test_a_broken_rule_of_ownership_is_found(quick_cloud: Cloud, tmp_path: Path, record: Record, rule: str) -> None:
    program = broken_program(tmp_path / "program", rule)
    with workbench(tmp_path / "broken", quick_cloud, program) as bench, pytest.raises(AssertionError):
        search(bench, ENOUGH_TO_NOTICE, steps=STEPS)
    record(f"a rule that takes {rule} for the stack's", f"at most {ENOUGH_TO_NOTICE} random histories", "found")
