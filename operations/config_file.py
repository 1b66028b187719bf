"""`infra/inference.config.json`: what provisioning hands to the daily commands; a person may write it as well."""

import difflib
import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_snake
from pydantic_core import ErrorDetails

from operations import json_file
from operations.errors import ConfigFileError, JsonFileError
from operations.json_file import JsonFile, shorten

DEFAULT_PATH: Final = Path("infra/inference.config.json")

_PLACEHOLDER: Final = re.compile(r"<.*>")
"""What the AI Toolkit's documentation shows in the place of each value."""
_NOT_EMPTY: Final = "must be a text that is not empty"


def _filled_in(text: str) -> str:
    if not text.strip():
        raise ValueError(_NOT_EMPTY)
    if _PLACEHOLDER.fullmatch(text):
        raise ValueError("still holds the example's placeholder; put your own in its place")
    return text


Text = Annotated[str, AfterValidator(_filled_in)]


class InferenceConfig(BaseModel):
    """The original's six keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: to_snake(name).upper())

    subscription_id: Text = Field(description="id of the Azure subscription")
    resource_group_name: Text = Field(description="resource group that holds the resources below")
    storage_account_name: Text = Field(description="storage account with the file share")
    file_share_name: Text = Field(description="file share with models, adapters and code")
    aca_app_name: Text = Field(description="name of the Container App")
    aca_app_endpoint: Text = Field(description="host name of the app's ingress, or a whole URL")


def read(path: Path = DEFAULT_PATH) -> InferenceConfig:
    """The configuration in this file.

    Raises:
        ConfigFileError: naming every key that is missing, unknown or wrong, and what belongs there.
    """
    try:
        file = json_file.read(path)
    except FileNotFoundError as error:
        raise ConfigFileError(
            f"{path} is missing: `aca-inference provision` writes it; or write it yourself, with\n"
            f"{_list(map(_wanted, _keys()))}"
        ) from error
    except JsonFileError as error:
        raise ConfigFileError(str(error)) from error
    try:
        return InferenceConfig.model_validate(file.content)
    except ValidationError as error:
        if all(detail["type"] == "string_type" and detail["input"] is None for detail in error.errors()):
            empty = ", ".join(str(detail["loc"][0]) for detail in error.errors())
            raise ConfigFileError(
                f"{path} holds null for {empty}: nothing is provisioned yet; `aca-inference provision` does that"
            ) from error
        problems = (f"{_place(path, file, detail)}: {_problem(detail)}" for detail in error.errors())
        raise ConfigFileError(f"{path} cannot be used:\n{_list(problems)}") from error


def write(path: Path, config: InferenceConfig) -> None:
    """Writes all six keys or none: a reader never sees a part of them."""
    write_atomically(path, json.dumps(config.model_dump(by_alias=True), indent=2) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Replaces the file in one step, durable when this returns; made readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _place(path: Path, file: JsonFile, detail: ErrorDetails) -> str:
    line = file.lines.get(detail["loc"])
    return str(path) if line is None else f"{path}:{line}"


def _problem(detail: ErrorDetails) -> str:
    key = str(detail["loc"][0]) if detail["loc"] else ""
    match detail["type"]:
        case "missing":
            return f"{_wanted(key)}: missing"
        case "string_type" if detail["input"] is None:
            return f"{_wanted(key)}: null; nothing is provisioned yet, `aca-inference provision` does that"
        case "extra_forbidden":
            near = difflib.get_close_matches(key, _keys(), n=1)
            return f"{key}: no such key" + (f"; did you mean {near[0]}?" if near else "; remove it")
        case _ if key:
            message = detail["msg"].removeprefix("Value error, ") if detail["type"] == "value_error" else _NOT_EMPTY
            return f"{_wanted(key)}: {message} (it is {shorten(detail['input'])})"
        case _:
            return f"must be an object with the keys {', '.join(_keys())} (it is {shorten(detail['input'])})"


def _wanted(key: str) -> str:
    described = {field.alias: field.description for field in InferenceConfig.model_fields.values()}
    return f"{key} ({described[key]})"


def _keys() -> list[str]:
    return [str(field.alias) for field in InferenceConfig.model_fields.values()]


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"  - {item}" for item in items)
