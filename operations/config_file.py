"""`infra/inference.config.json`: what provisioning hands to the daily commands; a person may write it as well."""

import json
import os
import tempfile
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_snake

from operations.errors import ConfigFileError

DEFAULT_PATH: Final = Path("infra/inference.config.json")


class InferenceConfig(BaseModel):
    """The original's six keys. `ACA_APP_ENDPOINT` is a bare host, as the original wrote it, or a whole URL."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: to_snake(name).upper())

    subscription_id: str = Field(min_length=1)
    resource_group_name: str = Field(min_length=1)
    storage_account_name: str = Field(min_length=1)
    file_share_name: str = Field(min_length=1)
    aca_app_name: str = Field(min_length=1)
    aca_app_endpoint: str = Field(min_length=1)


def read(path: Path = DEFAULT_PATH) -> InferenceConfig:
    """The configuration in this file.

    Raises:
        ConfigFileError: naming every key that is missing, unknown or empty.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigFileError(
            f"{path} is missing: `pulumi up` writes it, or write it by hand with the keys {', '.join(_keys())}"
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigFileError(f"{path} is not JSON: {error}") from error
    try:
        return InferenceConfig.model_validate(content)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors()]
        raise ConfigFileError(f"{path} cannot be used:\n" + "\n".join(f"  - {text}" for text in problems)) from error


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


def _keys() -> list[str]:
    return [str(field.alias) for field in InferenceConfig.model_fields.values()]
