"""What pydantic finds wrong, in words for the person who wrote the settings."""

from collections.abc import Mapping
from typing import Any, Final

from annotated_types import Ge, Le
from pydantic_core import ErrorDetails

from operations.json_file import Location
from stack.settings.model import Section, Settings, section
from stack.settings.problems import Given, unknown
from stack.settings.secrets import SECRETS, set_command

_KEY_STEP: Final = "[key]"
"""How pydantic marks that a key of an object is wrong, not its value."""


def explain(detail: ErrorDetails, given: Mapping[str, Given]) -> str:
    """One problem as a line: place, key, what is allowed, what is there."""
    path = tuple(step for step in detail["loc"] if step != _KEY_STEP)
    key = str(path[0])
    if key not in given:
        return f"{key}: missing; set it with `pulumi config set {key} VALUE`"
    what, value = _what(detail, path)
    return given[key].problem(path, what, value)


def _what(detail: ErrorDetails, path: Location) -> tuple[str, Any]:
    found = detail["input"]
    match detail["type"]:
        case "missing":
            return "missing", None
        case "extra_forbidden":
            return _unknown(path), None
        case "int_type" | "int_from_float" | "greater_than_equal" | "less_than_equal":
            return f"must be a whole number{_bounds(path)}", found
        case "bool_type":
            return "must be true or false", found
        case "string_type":
            return "must be a text; a number or true or false needs quotes around it", found
        case "enum" | "literal_error":
            return f"must be {detail.get('ctx', {})['expected']}".replace("'", ""), found
        case "tuple_type" | "list_type":
            return "must be a list of texts", found
        case "dict_type" | "model_type":
            return f"must be an object{_with_keys(path)}", found
        case "too_short":
            return "must not be empty", None
        case "too_long":
            return f"must hold at most {detail.get('ctx', {})['max_length']}", None
        case _:
            return detail["msg"].removeprefix("Value error, "), found


def _bounds(path: Location) -> str:
    field = next(field for field in Settings.model_fields.values() if field.alias == path[0])
    low = next((item.ge for item in field.metadata if isinstance(item, Ge)), None)
    high = next((item.le for item in field.metadata if isinstance(item, Le)), None)
    return f" from {low} to {high}" if low is not None and high is not None else ""


def _unknown(path: Location) -> str:
    group, key = str(path[0]), str(path[-1])
    secret = group + key[:1].upper() + key[1:]
    if secret in SECRETS:
        return f"is a secret: it has a key of its own, set it with `{set_command(secret)}` (it asks for the value)"
    known = section(group)
    return unknown(key, [] if known is None else _keys(known))


def _with_keys(path: Location) -> str:
    group = section(str(path[0]))
    return " of texts by name" if group is None else f" with the keys {', '.join(_keys(group))}"


def _keys(group: type[Section]) -> list[str]:
    return [str(field.alias) for field in group.model_fields.values()]
