"""The preview equals the deed: of what is not the stack's, exactly that changes which the preview named."""

import re
from typing import Any

import pytest

from tests.engine import outside
from tests.engine.cloud import Cloud
from tests.engine.conftest import MakeStack
from tests.engine.events import Log
from tests.engine.kinds import APP, KINDS, Json, Kind

FINE_TUNING = {"environment": {"properties": {"workloadProfiles": outside.FINE_TUNING_PROFILES}}}
WITHOUT_GPU = {"environment": {"properties": {"workloadProfiles": outside.FINE_TUNING_PROFILES[:1]}}}
ITEMS = "[*]"
"""At the end of a path: the list has other items than before."""
ALL = frozenset(KINDS)
WORLDS: dict[str, tuple[frozenset[Kind], dict[str, Json], dict[str, Any]]] = {
    "fine-tuning's": (ALL - {APP}, FINE_TUNING, {"gpuProfile": None}),
    "an environment that offers the GPU": (ALL - {APP}, {}, {}),
    "an environment that gets a GPU profile": (ALL - {APP}, WITHOUT_GPU, {}),
    "an app that is taken over": (ALL, {}, {"adopt": {"app": "always"}}),
    "an app that is taken over, by a key": (ALL, {}, {"adopt": {"app": "always"}, "authentication": "apiKey"}),
}


@pytest.mark.parametrize("world", WORLDS)
def test_of_what_is_adopted_that_changes_which_the_preview_named(
    make_stack: MakeStack, cloud: Cloud, world: str
) -> None:
    kinds, properties, settings = WORLDS[world]
    stack = make_stack(**settings)
    where = cloud.where(stack.group)
    outside.make(cloud, where, *kinds, **properties)
    before = cloud.snapshot(stack.group)
    preview = stack.preview().succeeded()
    assert cloud.snapshot(stack.group) == before, "a preview changes nothing"
    done = stack.up().succeeded()
    after = cloud.snapshot(stack.group)
    for kind in kinds:
        key = where[kind].lower()
        assert _named(done.log, key) == (named := _named(preview.log, key))
        changed = _differences(before[key], after[key])
        assert {path for path in changed if not _covered(path, named)} == set(), "changed, and not named"
        assert {path for path in named if not _shown(path, changed)} == set(), "named, and not changed"
    stack.destroy().succeeded()
    assert cloud.snapshot(stack.group) == before


def _named(log: Log, key: str) -> set[str]:
    """Paths below `properties` that the engine's steps name for a resource; an added profile names its list."""
    updates = [step for step in log.steps if step.op == "update" and step.id.lower() == key]
    named = {path for step in updates for path in step.changed}
    for step in log.of_type(":WorkloadProfile"):
        if step.op == "create" and step.new["inputs"]["environment_id"].lower() == key:
            named.add("workloadProfiles")
    return named


def _differences(before: Any, after: Any, path: str = "") -> set[str]:
    """Paths at which two bodies differ, as the engine writes them."""
    if isinstance(before, dict) and isinstance(after, dict):
        return {
            found
            for name in before.keys() | after.keys()
            for found in _differences(before.get(name), after.get(name), f"{path}.{name}" if path else name)
        }
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return {
            found
            for index, pair in enumerate(zip(before, after, strict=True))
            for found in _differences(*pair, f"{path}[{index}]")
        }
    if before == after:
        return set()
    grown = isinstance(before, list) and isinstance(after, list)
    return {path.removeprefix("properties.") + (ITEMS if grown else "")}


def _covered(path: str, named: set[str]) -> bool:
    """Whether this path, or one above it, was named."""
    if path.endswith(ITEMS):
        return any(other.startswith(path.removesuffix(ITEMS)) for other in named)
    return any(path == other or re.match(rf"{re.escape(other)}[.\[]", path) for other in named)


def _shown(path: str, changed: set[str]) -> bool:
    """Whether something at or below this path changed, or something above it; ARM never shows secrets."""
    return "secrets" in path or _covered(path, changed) or any(_covered(other, {path}) for other in changed)
