"""The stack's settings: the only place that reads Pulumi configuration.

The nine parameters of the AI Toolkit's template keep their names; the others are this project's own.
"""

import difflib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import pulumi
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from components.gpu import GPU_PROFILES

NAMESPACE: Final = "aca-inference"
API_KEY: Final = "apiKey"
DEFAULT_COMMANDS: Final = ("cd /app", "exec python3 -m inference_app")


class SettingsError(pulumi.RunError):
    """Settings that cannot be used; the message lists every problem. Nothing has been touched by then."""

    def __init__(self, problems: list[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"the stack's configuration cannot be used:\n{listed}")


def _json_list(value: Any) -> Any:
    """Structured values of a stack file reach the program as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        return json.loads(value)
    return value


def _known_gpu(value: str) -> str:
    if value not in GPU_PROFILES:
        raise ValueError(f"no such GPU workload profile; there are: {', '.join(GPU_PROFILES)}")
    return value


class Settings(BaseModel):
    """One deployment. Names that are None become the default names that fine-tuning gave its resources."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    resource_group: str = Field(min_length=1, max_length=90)
    """Resource group that holds everything; made if it is missing, never changed if it is not the stack's."""
    location: str | None = None
    """Azure region; the resource group's when None."""
    default_commands: Annotated[tuple[str, ...], BeforeValidator(_json_list)] = Field(DEFAULT_COMMANDS, min_length=1)
    """Shell commands that start the server; a failing one stops the start."""
    maximum_instance_count: int = Field(1, ge=1, le=1000)
    """Most replicas (serverless profile) or nodes (dedicated profile) at once."""
    storage_account_name: str | None = Field(None, pattern="^[a-z0-9]{3,24}$")
    file_share_name: str | None = Field(None, pattern="^[a-z0-9](-?[a-z0-9]){2,62}$")
    aca_environment_name: str | None = Field(None, min_length=1, max_length=60)
    aca_environment_storage_name: str | None = Field(None, min_length=1, max_length=32)
    aca_app_name: str | None = Field(None, pattern="^[a-z](-?[a-z0-9]){1,31}$")
    aca_log_analytics_name: str | None = Field(None, min_length=4, max_length=63)

    gpu_profile: Annotated[str, BeforeValidator(_known_gpu)] = "Consumption-GPU-NC24-A100"
    """Workload profile type; serverless ones cost nothing while no replica runs."""
    image: str = Field(min_length=1)
    """Container image with Python and the app's dependencies; the code itself comes from the share."""
    minimum_replicas: int = Field(0, ge=0, le=1000)
    """Replicas kept even when nobody asks; 0 lets an idle endpoint cost nothing."""
    authentication: Literal["apiKey", "none"] = "apiKey"
    """`apiKey`: clients send the key as a bearer token. `none`: whoever finds the endpoint may use it."""


def load() -> Settings:
    """The settings of the stack that is being deployed.

    Raises:
        SettingsError: listing every key that is unknown, missing or wrong.
    """
    return parse(_stack_configuration())


def parse(configuration: Mapping[str, str]) -> Settings:
    """Settings from the values of the stack's `aca-inference:` keys, as text."""
    values = {key: value for key, value in configuration.items() if key != API_KEY}
    problems: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = [_problem(detail) for detail in error.errors()]
    if values.get("authentication", "apiKey") == "apiKey" and not configuration.get(API_KEY):
        problems.append(
            f"{API_KEY}: missing; clients need a key. Set one with `pulumi config set --secret {API_KEY}`"
            " (it asks for the value), or say `authentication: none` to leave the endpoint open"
        )
    if settings is None or problems:
        raise SettingsError(problems)
    return settings


def api_key(settings: Settings) -> pulumi.Output[str] | None:
    """The endpoint's key as a secret, or None where the settings ask for no authentication."""
    return pulumi.Config(NAMESPACE).require_secret(API_KEY) if settings.authentication == "apiKey" else None


def _stack_configuration() -> dict[str, str]:
    prefix = f"{NAMESPACE}:"
    every = pulumi.runtime.get_config_env()
    return {key.removeprefix(prefix): value for key, value in every.items() if key.startswith(prefix)}


def _problem(detail: ErrorDetails) -> str:
    key = str(detail["loc"][0])
    match detail["type"]:
        case "extra_forbidden":
            known = [field.alias or name for name, field in Settings.model_fields.items()]
            near = difflib.get_close_matches(key, known, n=1)
            return f"{key}: no such setting" + (
                f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}"
            )
        case "missing":
            return f"{key}: missing; set it with `pulumi config set {key} VALUE`"
        case _:
            return f"{key}: {detail['msg'].removeprefix('Value error, ')} (it is {detail['input']!r})"
