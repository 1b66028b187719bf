"""Secrets of the stack: they exist only as Pulumi secrets; settings know which of them are given, never a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

NAMESPACE: Final = "aca-inference"
PREFIX: Final = f"{NAMESPACE}:"
API_KEY: Final = "apiKey"
ENTRA_CLIENT_SECRET: Final = "entraClientSecret"  # noqa: S105  a key, not a value
REGISTRY_PASSWORD: Final = "registryPassword"  # noqa: S105  a key, not a value
SECRET_ENVIRONMENT_VARIABLES: Final = "secretEnvironmentVariables"  # noqa: S105  a key, not a value

SECRETS: Final[Mapping[str, str]] = {
    API_KEY: "Key that clients send as a bearer token; made by the stack where none is given.",
    ENTRA_CLIENT_SECRET: "Client secret of the app registration in `entra`; needed only to sign people in.",
    REGISTRY_PASSWORD: "Password of `registry.username`.",
    SECRET_ENVIRONMENT_VARIABLES: "Environment variables of the container whose values are secret, by their names.",
}
"""The secret keys, each with what it is for."""


@dataclass(frozen=True)
class SecretsGiven:
    """Which secrets the stack's configuration holds."""

    api_key: bool = False
    entra_client_secret: bool = False
    registry_password: bool = False
    environment_variables: tuple[str, ...] = ()
    """Names of the secret environment variables, sorted."""


def set_command(key: str) -> str:
    """The command that sets this secret without showing it."""
    if key == SECRET_ENVIRONMENT_VARIABLES:
        key += ".NAME"
    return f"pulumi config set --secret {'--path ' if '.' in key else ''}{key}"


def api_key() -> pulumi.Output[str] | None:
    """The key that clients send, if one is given."""
    return pulumi.Config(NAMESPACE).get_secret(API_KEY)


def entra_client_secret() -> pulumi.Output[str] | None:
    """The client secret of the app registration, if one is given."""
    return pulumi.Config(NAMESPACE).get_secret(ENTRA_CLIENT_SECRET)


def registry_password() -> pulumi.Output[str] | None:
    """The password for the image's registry, if one is given."""
    return pulumi.Config(NAMESPACE).get_secret(REGISTRY_PASSWORD)


def environment_variables(given: SecretsGiven) -> dict[str, pulumi.Output[str]]:
    """The secret environment variables, by name."""
    values = pulumi.Config(NAMESPACE).get_secret_object(SECRET_ENVIRONMENT_VARIABLES)
    if values is None:
        return {}
    return {name: values.apply(lambda all_values, name=name: all_values[name]) for name in given.environment_variables}
