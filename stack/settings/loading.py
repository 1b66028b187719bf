"""From what was given to settings: every problem is found, then all are told at once."""

import json
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from stack.settings import configuration, parameters
from stack.settings.contradictions import contradictions
from stack.settings.explanation import explain
from stack.settings.given_secrets import look_at_secrets
from stack.settings.model import KEYS, Settings, section
from stack.settings.problems import Given, Origin, SettingsError, unknown
from stack.settings.secrets import SECRETS

_STAND_INS: Final = {
    str(field.alias): Given(field.examples[0], Origin()) for field in Settings.model_fields.values() if field.examples
}
"""Good values for the required settings, to look at the others where one of these is missing or wrong."""


def load() -> Settings:
    """The settings of the stack that is being deployed.

    Raises:
        SettingsError: listing every key that is unknown, missing, wrong, or contradicts another.
    """
    from_file, problems = parameters.read()
    return resolve({**from_file, **_given(configuration.read())}, problems)


def parse(configured: Mapping[str, str], secret_keys: Collection[str] = tuple(SECRETS)) -> Settings:
    """Settings from the values of the stack's `aca-inference:` keys, as text.

    Raises:
        SettingsError: listing every key that is unknown, missing, wrong, or contradicts another.
    """
    return resolve(configuration.decode(configured, secret_keys), [])


def check_parameters(path: Path) -> dict[str, Any]:
    """The parameters that this file gives, as they stand there, without those that are null.

    Raises:
        SettingsError: listing everything that is wrong in it.
    """
    if not path.exists():
        raise SettingsError([f"{path}: there is no such file"])
    from_file, problems = parameters.read(path)
    resolve({**_STAND_INS, **from_file}, problems)
    return {key: given.value for key, given in _given(from_file).items()}


def resolve(given: Mapping[str, Given], problems: list[str]) -> Settings:
    """Settings from what was given, on top of the problems that reading it already showed."""
    given = _given(given)
    strange = {key: why for key, value in given.items() if (why := _strange(value.value))}
    usable = {key: value for key, value in given.items() if key not in strange}
    secrets, wrong_secrets = look_at_secrets(usable)
    values, wrong_values, bad = _validate(usable, strange.keys())
    settings = values.with_secrets(secrets)
    found = [
        *problems,
        *(given[key].problem((key,), f"cannot be used: {why}") for key, why in strange.items()),
        *_unknown_keys(usable),
        *wrong_secrets,
        *wrong_values,
        *contradictions(settings, given, bad),
    ]
    if found:
        raise SettingsError(found)
    return settings


def _given(values: Mapping[str, Given]) -> dict[str, Given]:
    return {key: value for key, value in values.items() if value.value is not None}


def _unknown_keys(given: Mapping[str, Given]) -> list[str]:
    known = (*KEYS, *SECRETS)
    return [value.problem((key,), unknown(key, known)) for key, value in given.items() if key not in known]


def _validate(given: Mapping[str, Given], strange: AbstractSet[str]) -> tuple[Settings, list[str], set[str]]:
    """Settings, what is wrong, and the keys that are: with good values in their place, the rest can be looked at."""
    values = {key: _without_nulls(key, value.value) for key, value in given.items() if key in KEYS}
    try:
        return _model({**_stand_ins(strange), **values}), [], set(strange)
    except ValidationError as error:
        details = [detail for detail in error.errors(include_url=False) if not _follows(detail, error)]
    bad = {*strange, *(str(detail["loc"][0]) for detail in details)}
    good = {key: value for key, value in values.items() if key not in bad}
    return _model({**_stand_ins(bad), **good}), [explain(detail, given) for detail in details], bad


def _strange(value: Any) -> str | None:
    """Why a value is none that JSON can carry (RFC 8259): half a character, or a nesting without end."""
    try:
        from_json(json.dumps({"": value}))
    except (ValueError, RecursionError) as error:
        return str(error)
    return None


def _stand_ins(keys: AbstractSet[str]) -> dict[str, Any]:
    return {key: _STAND_INS[key].value for key in keys & _STAND_INS.keys()}


def _follows(detail: ErrorDetails, error: ValidationError) -> bool:
    """Whether a list is only too short because an item in it is wrong, which is told as well."""
    location = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(location) and other["loc"][: len(location)] == location for other in error.errors()
    )


def _without_nulls(key: str, value: Any) -> Any:
    """Null in a group of settings means what leaving it out means."""
    if section(key) is None or not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if item is not None}


def _model(values: Mapping[str, Any]) -> Settings:
    # JSON's own types, strictly: no text is taken for a number, no number for a text, but lists become tuples.
    return Settings.model_validate_json(json.dumps(values), strict=True)
