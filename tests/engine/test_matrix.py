"""Adopt or create, cell by cell: each kind of resource, found in each way, under each mode of the setting `adopt`.

Cells that end well are judged one by one from few deployments; each refusal has a deployment of its own.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from tests.engine import outside
from tests.engine.conftest import Numbered
from tests.engine.harness import Result, Stack, Workbench
from tests.engine.kinds import APP, GROUP, KINDS, LINK, Json, Kind, name_of
from tests.engine.world import Snapshot, mark_of, other_names, used

FOUND = ("missing", "default", "given", "unfit")
MODES = ("auto", "always", "never")
CELLS = tuple(itertools.product(KINDS, FOUND, MODES))


def expected(kind: Kind, found: str, mode: str) -> str:
    """What becomes of a resource: the whole matrix, as a rule."""
    if found == "missing":
        return "refused" if mode == "always" else "created"
    if found == "unfit" or mode == "never":
        return "refused"
    if kind is APP:
        return "refused" if mode == "auto" else "taken over"
    return "adopted"


def cells(outcome: str) -> pytest.MarkDecorator:
    """The cells with this outcome."""
    chosen = [cell for cell in CELLS if expected(*cell) == outcome]
    return pytest.mark.parametrize(("kind", "found", "mode"), chosen, ids=lambda value: str(value))


@dataclass(frozen=True)
class Deployment:
    """A deployment from preview to destroy, and the cloud in between."""

    stack: Stack
    where: dict[Kind, str]
    before: Snapshot
    preview: Result
    after: Snapshot
    ownership: Json
    again: Result
    """A preview once everything is there."""
    left: Snapshot
    """After `destroy`."""


class Deployments:
    """Deployments made when a cell first asks for them."""

    def __init__(self, bench: Workbench, numbered: Numbered) -> None:
        self._bench = bench
        self._cloud = bench.cloud
        self._numbered = numbered
        self.refusing = bench.stack(numbered("refusing"), resourceGroup="nowhere")
        """A stack for deployments that never come to anything."""

    @cache  # noqa: B019  lives as long as the module's tests
    def deployed(self, found: str, mode: str) -> Deployment:
        """Everything of the service found in one way under one mode; the app only where it can be."""
        group = self._numbered("matrix")
        given = other_names(group) if found == "given" else {}
        where = self._cloud.where(group, given)
        existing = [] if found == "missing" else [kind for kind in KINDS if expected(kind, found, mode) != "refused"]
        outside.make(self._cloud, where, *existing)
        modes = {kind.mode: mode for kind in KINDS if expected(kind, found, mode) != "refused"}
        names = {kind.setting: name for kind, name in given.items()}
        stack = self._bench.stack(group, resourceGroup=group, adopt=modes, **names)
        before = self._cloud.snapshot(group)
        preview = stack.preview().succeeded()
        stack.up().succeeded()
        after = self._cloud.snapshot(group)
        ownership = stack.outputs()["ownership"]
        again = stack.preview().succeeded()
        stack.destroy().succeeded()
        return Deployment(stack, where, before, preview, after, ownership, again, self._cloud.snapshot(group))

    @cache  # noqa: B019
    def refusable(self, found: str, kind: Kind | None) -> tuple[str, dict[Kind, str]]:
        """A group, and where everything is in it: with all but the app, or with one kind, unfit or not."""
        group = self._numbered("refused")
        where = self._cloud.where(group, other_names(group) if found == "given" else None)
        if kind is None:
            outside.make(self._cloud, where, *[each for each in KINDS if each is not APP])
        elif found != "missing":
            unfit = outside.unfit(self._cloud, where, kind) if found == "unfit" else {}
            outside.make(self._cloud, where, kind, **unfit)
            if (kind, found) == (GROUP, "unfit"):
                self._cloud.delete_slowly(where[GROUP])
        return group, where

    def refused(self, kind: Kind, found: str, mode: str) -> tuple[Result, dict[Kind, str]]:
        """An `up` with a mode for this kind alone, and where everything would be; nothing may have been touched."""
        alone = kind if found in ("missing", "unfit") or kind is APP else None
        group, where = self.refusable(found, alone)
        names = {each.setting: name_of(where[each]) for each in KINDS} if found == "given" else {}
        cleared: dict[str, Any] = {each.setting: None for each in KINDS}
        self.refusing.set(**{**cleared, **names, "resourceGroup": group, "adopt": {kind.mode: mode}})
        before, writes = self._cloud.snapshot(group), len(self._cloud.writes)
        result = self.refusing.preview_and_up()
        assert self._cloud.writes[writes:] == []
        assert self._cloud.snapshot(group) == before
        return result, where


@pytest.fixture(scope="module")
def deployments(bench: Workbench, numbered: Numbered) -> Iterator[Deployments]:
    return Deployments(bench, numbered)


@cells("created")
def test_what_is_missing_is_created_and_goes_with_the_stack(
    deployments: Deployments, kind: Kind, found: str, mode: str
) -> None:
    made = deployments.deployed(found, mode)
    key = used(kind, made.where[kind], made.after, made.stack.mark)
    assert key not in made.before
    (step,) = made.preview.log.of_type(kind.type)
    assert step.op == "create"
    assert f"{name_of(made.where[kind])}: created" in made.preview.log.told
    assert kind is LINK or mark_of(made.after[key]) == made.stack.mark
    assert made.ownership[kind.mode] == "stack"
    assert key not in made.left


@cells("adopted")
def test_what_is_there_is_adopted_and_stays_as_it_was(
    deployments: Deployments, kind: Kind, found: str, mode: str
) -> None:
    made = deployments.deployed(found, mode)
    key = made.where[kind].lower()
    (step,) = made.preview.log.of_type(kind.type)
    assert (step.op, step.id.lower(), step.changed) == ("import", key, frozenset())
    assert f"{name_of(made.where[kind])}: adopted" in made.preview.log.told
    assert made.before[key] == made.after[key] == made.left[key]
    assert made.ownership[kind.mode] == "adopted"


@cells("taken over")
def test_an_app_is_taken_over_only_when_that_is_asked_for_and_in_the_open(
    deployments: Deployments, kind: Kind, found: str, mode: str
) -> None:
    made = deployments.deployed(found, mode)
    key = made.where[kind].lower()
    assert [step.op for step in made.preview.log.of_type(kind.type)] == ["import", "update"]
    assert f"{name_of(made.where[kind])}: adopted and CHANGED" in made.preview.log.told
    assert made.before[key] != made.after[key]
    assert made.ownership[kind.mode] == "adopted"
    assert made.left[key] == made.before[key], "it was there before the stack, and is as it was"


@cells("refused")
def test_what_cannot_be_is_refused_before_anything_is_touched(
    deployments: Deployments, kind: Kind, found: str, mode: str
) -> None:
    result, where = deployments.refused(kind, found, mode)
    told = result.refused()
    assert name_of(where[kind]) in told
    assert kind.setting in told or f"adopt.{kind.mode}" in told, "the way out"


@pytest.mark.parametrize("found", ["missing", "default", "given"])
@pytest.mark.parametrize("mode", MODES)
def test_a_second_run_changes_nothing(deployments: Deployments, found: str, mode: str) -> None:
    if any(expected(kind, found, mode) != "refused" for kind in KINDS):
        assert {step.op for step in deployments.deployed(found, mode).again.log.steps} == {"same"}


def test_destroy_leaves_what_there_was_and_nothing_else(deployments: Deployments) -> None:
    for found, mode in [("missing", "auto"), ("default", "auto"), ("given", "auto")]:
        made = deployments.deployed(found, mode)
        assert made.left == made.before
