"""The stack's settings: the only place that reads Pulumi configuration and the AI Toolkit's parameter file."""

from stack.settings.loading import check_parameters, load, parse
from stack.settings.model import (
    AdoptionMode,
    AdoptionModes,
    Authentication,
    Entra,
    Registry,
    Settings,
    StorageNetworkRules,
)
from stack.settings.problems import SettingsError
from stack.settings.secrets import SecretsGiven

__all__ = [
    "AdoptionMode",
    "AdoptionModes",
    "Authentication",
    "Entra",
    "Registry",
    "SecretsGiven",
    "Settings",
    "SettingsError",
    "StorageNetworkRules",
    "check_parameters",
    "load",
    "parse",
]
