"""What changed between two sets of inputs, property by property, and what of it needs a replacement."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from sandbox.provider.types import TypeSpec
from sandbox.provider.wire import Json, is_unknown


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


def differences(spec: TypeSpec, old: Json, new: Json) -> list[Difference]:
    """Every changed property. An immutable one that is not known yet counts as replaced, as ARM could not say no."""
    return [
        Difference(path, change, replaces=_replaces(spec, path))
        for path, change in _compare("", old, new)
        if path.partition(".")[0].partition("[")[0] in spec.inputs | set(spec.path_inputs)
    ]


def _replaces(spec: TypeSpec, path: str) -> bool:
    key = path.partition(".")[0].partition("[")[0]
    return key in spec.immutable or key in spec.path_inputs


def _compare(path: str, old: Any, new: Any) -> list[tuple[str, Change]]:
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[tuple[str, Change]] = []
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{path}.{key}" if path else key
            if key not in new:
                found.append((inner, Change.DELETE))
            elif key not in old:
                found.append((inner, Change.ADD))
            else:
                found += _compare(inner, old[key], new[key])
        return found
    if isinstance(old, list) and isinstance(new, list):
        found = []
        for index in range(max(len(old), len(new))):
            inner = f"{path}[{index}]"
            if index >= len(new):
                found.append((inner, Change.DELETE))
            elif index >= len(old):
                found.append((inner, Change.ADD))
            else:
                found += _compare(inner, old[index], new[index])
        return found
    if is_unknown(new) or not _same(path, old, new):
        return [(path, Change.UPDATE)]
    return []


def _same(path: str, old: Any, new: Any) -> bool:
    if path == "location" and isinstance(old, str) and isinstance(new, str):
        # ARM takes "Sweden Central" and answers with "swedencentral".
        return old.replace(" ", "").lower() == new.replace(" ", "").lower()
    if path.lower().endswith("id") and isinstance(old, str) and isinstance(new, str):
        return old.lower() == new.lower()
    return old == new
