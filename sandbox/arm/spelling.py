"""Properties as Microsoft.App spells them, which reads names without regard to case.

az itself sends `Name` where `name` is meant, and `single` for `Single`.
"""

from typing import Any, Final

_FREE: Final = frozenset({"metadata", "tags"})
"""Members whose own members are a person's."""
_CHOICES: Final = {"activeRevisionsMode": ("Single", "Multiple")}


def spelled(value: Any) -> Any:
    """The same, with the name of every member in camelCase and every choice as the service writes it."""
    if isinstance(value, list):
        return [spelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _member(name, item) for name, item in ((key[:1].lower() + key[1:], value[key]) for key in value)}


def _member(name: str, value: Any) -> Any:
    if name in _FREE:
        return value
    if isinstance(value, str):
        return next((choice for choice in _CHOICES.get(name, ()) if choice.lower() == value.lower()), value)
    return spelled(value)
