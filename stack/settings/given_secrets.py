"""What can be said of secrets without telling them: that they are there, encrypted, and of the right form."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from operations.json_file import Location
from stack.settings.model import KEYS
from stack.settings.problems import Given, dotted
from stack.settings.secrets import (
    API_KEY,
    ENTRA_CLIENT_SECRET,
    REGISTRY_PASSWORD,
    SECRET_ENVIRONMENT_VARIABLES,
    SECRETS,
    SecretsGiven,
    set_command,
)
from stack.settings.types import VariableName, VariableValue

_NAME: TypeAdapter[str] = TypeAdapter(VariableName)
_VALUE: TypeAdapter[str] = TypeAdapter(VariableValue)


def look_at_secrets(given: Mapping[str, Given]) -> tuple[SecretsGiven, list[str]]:
    """Which secrets are given, and what is wrong with them."""
    secrets = {key: value for key, value in given.items() if key in SECRETS}
    problems = [_in_plain((key,), value) for key, value in secrets.items() if not value.secret]
    problems += [_not_kept(key, value) for key, value in given.items() if key in KEYS and value.secret]
    variables = secrets.get(SECRET_ENVIRONMENT_VARIABLES)
    names: list[str] = []
    if variables is not None and variables.secret:
        problems += _wrong_variables(variables)
        names = sorted(variables.value) if isinstance(variables.value, dict) else []
    return SecretsGiven(
        api_key=API_KEY in secrets,
        entra_client_secret=ENTRA_CLIENT_SECRET in secrets,
        registry_password=REGISTRY_PASSWORD in secrets,
        environment_variables=tuple(names),
    ), problems


def _in_plain(location: Location, given: Given) -> str:
    command = set_command(dotted(location))
    return given.problem(
        location,
        f"is a secret, but stands there in plain for everybody who reads the file; set it with `{command}` (it asks for"
        " the value), and replace what was exposed",
    )


def _not_kept(key: str, given: Given) -> str:
    where = f"; what is secret belongs into {SECRET_ENVIRONMENT_VARIABLES}" if key == "environmentVariables" else ""
    return given.problem((key,), f"is stored as a secret, but everybody would see it; set it without --secret{where}")


def _wrong_variables(given: Given) -> list[str]:
    """The file shows which of the variables are encrypted: Pulumi marks all as secret as soon as one is."""
    if not isinstance(given.value, dict):
        command = set_command(SECRET_ENVIRONMENT_VARIABLES)
        return [given.problem((SECRET_ENVIRONMENT_VARIABLES,), f"must be secrets by name; set each with `{command}`")]
    problems: list[str] = []
    for name, value in given.value.items():
        location = (SECRET_ENVIRONMENT_VARIABLES, name)
        if what := _wrong_variable(name, value):
            problems.append(given.problem(location, what))
        elif location in given.origin.lines and (*location, "secure") not in given.origin.lines:
            problems.append(_in_plain(location, given))
    return problems


def _wrong_variable(name: str, value: Any) -> str | None:
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    try:
        _VALUE.validate_python(value, strict=True)
    except ValidationError:
        return "must be a text"
    return None
