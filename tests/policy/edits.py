"""Edits of an example."""

from collections.abc import Callable
from typing import Any

from tests.policy.example import Example

Edit = Callable[[Example], None]


def put(resource: str, path: str, value: Any) -> Edit:
    """Sets one property of one resource; numbers in the path are places in lists."""

    def edit(example: Example) -> None:
        place: Any = example[resource].inputs
        *way, last = path.split(".")
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if value is None:
            place.pop(last)
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value

    return edit


def both(*edits: Edit) -> Edit:
    def edit(example: Example) -> None:
        for one in edits:
            one(example)

    return edit


def without(resource: str) -> Edit:
    return lambda example: example.pop(resource) and None
