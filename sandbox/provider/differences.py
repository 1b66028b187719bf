"""What changed between two sets of inputs, property by property, and what of it needs a replacement."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from sandbox.provider.type_spec import TypeSpec
from sandbox.provider.wire import Json

_ID_PREFIX: Final = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+(/providers/[^/]+)?(?=/|$)", re.IGNORECASE)
"""In what ids have in common ARM knows no case; in the names after it some services do."""
_INTERNAL: Final = "__"
"""Inputs that begin so are the provider's own notes."""


class Change(Enum):
    """What happened to a property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True)
class Difference:
    """One changed property by its path, such as `template.containers[0].image`."""

    path: str
    change: Change
    replaces: bool

    @property
    def key(self) -> str:
        """The top-level property that it is in."""
        return _key(self.path)


def differences(spec: TypeSpec, old: Json, new: Json, outputs: Json) -> list[Difference]:
    """Every changed property; an immutable one that is not known yet counts as replaced.

    An immutable property that the program says for the first time, and says as it is, replaces nothing.
    """
    found = _Comparison(spec).objects("", "", old, new)
    return [Difference(path, change, _replaces(spec, path, change, new, outputs)) for path, change in found]


def _replaces(spec: TypeSpec, path: str, change: Change, new: Json, outputs: Json) -> bool:
    key = _key(path)
    if key not in spec.immutable and key not in spec.path_inputs:
        return False
    return not (change is Change.ADD and key in outputs and outputs[key] == new[key])


def _key(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


@dataclass(frozen=True)
class _Comparison:
    """Compares with what the type knows of its lists; `path` has indexes, `place` has none."""

    spec: TypeSpec

    def objects(self, path: str, place: str, old: Json, new: Json) -> Iterator[tuple[str, Change]]:
        for key in (*old, *(key for key in new if key not in old)):
            if key.startswith(_INTERNAL):
                continue
            inner, where = (f"{path}.{key}", f"{place}.{key}") if path else (key, key)
            if key not in new:
                yield inner, Change.DELETE
            elif key not in old:
                yield inner, Change.ADD
            else:
                yield from self._values(inner, where, old[key], new[key])

    def _values(self, path: str, place: str, old: Any, new: Any) -> Iterator[tuple[str, Change]]:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.objects(path, place, old, new)
        elif isinstance(old, list) and isinstance(new, list):
            yield from self._lists(path, place, old, new)
        elif _normal(place, old) != _normal(place, new):
            yield path, Change.UPDATE

    def _lists(self, path: str, place: str, old: list[Any], new: list[Any]) -> Iterator[tuple[str, Change]]:
        before, after = _identified(self.spec.identifiers.get(place, ()), old, new)
        for identity, (index, item) in after.items():
            if identity not in before:
                yield f"{path}[{index}]", Change.ADD
            else:
                yield from self._values(f"{path}[{index}]", place, before[identity][1], item)
        for identity, (index, _) in before.items():
            if identity not in after:
                yield f"{path}[{index}]", Change.DELETE


_Identified = dict[str, tuple[int, Any]]


def _identified(names: tuple[str, ...], *lists: list[Any]) -> list[_Identified]:
    """The items of each list with their index, by identity; by position where nothing tells all of them apart."""
    if names and all(isinstance(item, dict) for items in lists for item in items):
        found = [
            {repr([_normal(name, item.get(name)) for name in names]): (index, item) for index, item in enumerate(items)}
            for items in lists
        ]
        if all(len(by_name) == len(items) for by_name, items in zip(found, lists, strict=True)):
            return found
    return [{str(index): (index, item) for index, item in enumerate(items)} for items in lists]


def _normal(place: str, value: Any) -> Any:
    """The value in the one spelling of those that mean the same to ARM."""
    if not isinstance(value, str):
        return value
    if place == "location":
        # ARM takes "Sweden Central" and answers with "swedencentral".
        return value.replace(" ", "").lower()
    if place == "resourceGroupName":
        return value.lower()
    return _ID_PREFIX.sub(lambda found: found[0].lower(), value, count=1) if value.startswith("/") else value
