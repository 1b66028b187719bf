"""Settings: environment variables with the prefix INFERENCE_, all checked before anything starts."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from inference_app.engines import EngineChoice
from inference_app.keys import MIN_KEY_CHARACTERS, read_keys

PREFIX: Final = "INFERENCE_"
BASE_MODEL_PATTERN: Final = r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$"


class SettingsError(Exception):
    """Settings that cannot be used; the message lists every problem."""


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < MIN_KEY_CHARACTERS:
        raise ValueError(f"a key has less than {MIN_KEY_CHARACTERS} characters")
    return key


def _readable(file: Path) -> Path:
    read_keys(file)
    return file


ApiKey = Annotated[SecretStr, AfterValidator(_long_enough)]


class Settings(BaseModel):
    """What can be set; the description of each field is what `--help` shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="0.0.0.0", description="address to listen on")  # noqa: S104 - reached from outside
    port: int = Field(default=7860, ge=1, le=65535, description="port to listen on")
    model_root: Path = Field(
        default=Path("/mount"), description="folder with model-cache/ and models/: the mounted share"
    )
    base_model: str | None = Field(
        default=None,
        pattern=BASE_MODEL_PATTERN,
        description="folder of the base model below model-cache/, as ORG/NAME; left out: the only one there",
    )
    engine: EngineChoice = Field(
        default="auto",
        description="llama_cpp, vllm, transformers, or scripted (no model at all, for tests of clients);"
        " auto: llama_cpp for a base in GGUF; for safetensors vllm on a GPU, else transformers",
    )
    api_keys: Annotated[tuple[ApiKey, ...], BeforeValidator(_split)] = Field(
        default=(), description="secrets separated by commas, one of which a request must carry; none: open to all"
    )
    api_keys_file: Annotated[Path, AfterValidator(_readable)] | None = Field(
        default=None, description="file with one key a line instead; read again when it changes, so keys can be rotated"
    )
    context_tokens: int = Field(
        default=4096, ge=64, le=1_048_576, description="most tokens of prompt and answer; never above the model's own"
    )
    parallel: int | None = Field(
        default=None, ge=1, le=1024, description="answers generated at the same time; left out: 4, with vllm 64"
    )
    threads: int | None = Field(
        default=None, ge=1, le=1024, description="threads that compute; left out: all processors but one"
    )
    tensor_parallel_size: int = Field(default=1, ge=1, le=64, description="GPUs that share the model (vllm)")
    adapter_rank: int | None = Field(
        default=None,
        ge=1,
        le=512,
        description="largest rank of adapters (vllm); left out: of those at the start, or 16",
    )
    queue_limit: int = Field(default=64, ge=0, description="requests that may wait; one more is answered with a 429")
    request_seconds: float = Field(
        default=600.0, gt=0, le=86400, description="time that a request may take, waiting included"
    )
    scan_seconds: float = Field(default=3.0, gt=0, le=3600, description="pause between two looks at the share")
    drain_seconds: int = Field(
        default=25, ge=0, le=3600, description="time that running answers have to end after SIGTERM"
    )
    page: bool = Field(default=True, description="whether the chat page is served beside the API")
    traces_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s]+$",
        description="collector that gets OpenTelemetry traces by OTLP/gRPC, as http://HOST:4317; none: no traces",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level logged")

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> Self:
        if self.api_keys and self.api_keys_file:
            raise ValueError(f"{PREFIX}API_KEYS and {PREFIX}API_KEYS_FILE: only one of them can be set")
        return self


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in these environment variables; `SettingsError` lists all problems."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problems = sorted(_problem(item) for item in error.errors(include_input=False, include_url=False))
        raise SettingsError(
            "the settings cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems)
        ) from None


def setting_names() -> list[str]:
    """The environment variables, in the order of the settings."""
    return [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]


def describe_settings() -> str:
    """A table of all settings with meaning and default, for `--help`."""
    names = setting_names()
    width = max(map(len, names))
    lines: list[str] = []
    for name, field in zip(names, Settings.model_fields.values(), strict=True):
        default = "" if field.default in (None, ()) else f" [{field.default}]"
        lines.append(f"  {name:<{width}}  {field.description}{default}")
    return "\n".join(lines)


def _problem(item: Mapping[str, Any]) -> str:
    if not item["loc"]:
        return str(item["msg"]).removeprefix("Value error, ")
    name = f"{PREFIX}{str(item['loc'][0]).upper()}"
    if item["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, setting_names(), 1)
        return f"{name}: there is no such setting" + (f"; did you mean {close[0]}?" if close else "")
    return f"{name}: {item['msg'].removeprefix('Value error, ')}"
