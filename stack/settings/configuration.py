"""The stack's configuration: values as text from Pulumi, and the lines of the files where they stand."""

import json
from collections.abc import Collection, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import pulumi

from stack.settings import stack_file
from stack.settings.model import Settings
from stack.settings.problems import Given, Origin
from stack.settings.secrets import PREFIX


def read() -> dict[str, Given]:
    """What the configuration of the stack that is being deployed gives."""
    every = {**pulumi.runtime.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    values = {key.removeprefix(PREFIX): value for key, value in every.items() if key.startswith(PREFIX)}
    secret_keys = [key for key in values if pulumi.runtime.is_config_secret(PREFIX + key)]
    return decode(values, secret_keys, stack_file.origins(pulumi.get_stack(), PREFIX))


def decode(
    values: Mapping[str, str], secret_keys: Collection[str], origins: Mapping[str, Origin] | None = None
) -> dict[str, Given]:
    """Values from their texts; an empty text and `null` mean that nothing is given."""
    elsewhere = Origin(prefix="" if origins is None else PREFIX)
    return {
        key: Given(_value(key, text), (origins or {}).get(key, elsewhere), key in secret_keys)
        for key, text in values.items()
    }


def _value(key: str, text: str) -> Any:
    if text in ("", "null"):
        return None
    if key in _TEXTS:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _takes_text(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return any(_takes_text(argument) for argument in get_args(annotation))
    return annotation is str


_TEXTS: Final = {str(field.alias) for field in Settings.model_fields.values() if _takes_text(field.annotation)}
