"""Which JSON schemas can be enforced while an answer is drawn.

llama.cpp drops a schema that it cannot follow and answers freely, without a word. So only what is written out here is
let through, which is about what OpenAI's own structured outputs take; everything else is refused by name.
"""

from collections.abc import Mapping
from typing import Any, Final

from inference_app.errors import InvalidRequestError

TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")
NOTES: Final = frozenset({"title", "description", "default", "examples", "$schema", "$id", "$comment"})
"""Keywords that allow and forbid nothing."""
COUNTS: Final = frozenset({"minLength", "maxLength", "minItems", "maxItems"})
BOUNDS: Final = frozenset({"minimum", "maximum"})
MAX_COUNT: Final = 1000
MAX_BOUND: Final = 2**53
MAX_DEPTH: Final = 20
MAX_NODES: Final = 1000


def check_schema(schema: object) -> None:
    """Raises `InvalidRequestError` that names the place in the schema and the keyword that cannot be enforced."""
    if not isinstance(schema, Mapping):
        raise _refused("", "it must be an object")
    _Checker(schema).check(schema, "", 0)


class _Checker:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._nodes = 0

    def check(self, schema: Any, place: str, depth: int) -> None:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _refused(place, f"it is deeper than {MAX_DEPTH} levels or has more than {MAX_NODES} parts")
        if not isinstance(schema, Mapping):
            raise _refused(place, "a schema must be an object")
        for keyword, value in schema.items():
            self._keyword(keyword, value, f"{place}/{keyword}", depth)
        required = schema.get("required", [])
        missing = [name for name in required if name not in schema.get("properties", {})]
        if missing:
            raise _refused(f"{place}/required", f"{missing[0]!r} is not among the properties")

    def _keyword(self, keyword: str, value: Any, place: str, depth: int) -> None:
        if keyword in NOTES:
            return
        if keyword == "type":
            if not value or any(name not in TYPES for name in (value if isinstance(value, list) else [value])):
                raise _refused(place, f"it must be one of {', '.join(TYPES)}, or a list of them")
        elif keyword in ("properties", "$defs", "definitions"):
            for name, part in _object(value, place).items():
                self.check(part, f"{place}/{name}", depth + 1)
        elif keyword in ("items", "additionalProperties"):
            if not (keyword == "additionalProperties" and isinstance(value, bool)):
                self.check(value, place, depth + 1)
        elif keyword == "anyOf":
            for number, part in enumerate(_list(value, place)):
                self.check(part, f"{place}/{number}", depth + 1)
        elif keyword == "$ref":
            self._reference(value, place)
        elif keyword == "enum":
            _list(value, place)
        elif keyword == "required":
            if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
                raise _refused(place, "it must be a list of names")
        elif keyword in COUNTS:
            if type(value) is not int or not 0 <= value <= MAX_COUNT:
                raise _refused(place, f"it must be a whole number from 0 to {MAX_COUNT}")
        elif keyword in BOUNDS:
            if type(value) not in (int, float) or not -MAX_BOUND <= value <= MAX_BOUND:
                raise _refused(place, f"it must be a number from -{MAX_BOUND} to {MAX_BOUND}")
        elif keyword != "const":
            raise _refused(place, "this keyword cannot be enforced")

    def _reference(self, value: Any, place: str) -> None:
        parts = value.split("/") if isinstance(value, str) else []
        known = (
            len(parts) == 3
            and parts[0] == "#"
            and parts[1] in ("$defs", "definitions")
            and parts[2] in self._root.get(parts[1], {})
        )
        if not known:
            raise _refused(place, "it must name an entry of #/$defs")


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _refused(place, "it must be an object")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise _refused(place, "it must be a list that is not empty")
    return value


def _refused(place: str, reason: str) -> InvalidRequestError:
    return InvalidRequestError(f"response_format: the schema at #{place}: {reason}", param="response_format")
