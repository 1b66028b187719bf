"""Settings that are right each by itself, but not together."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from components.inference_container import RESERVED_VARIABLES
from stack.settings.model import Authentication, Settings
from stack.settings.problems import Given, Origin
from stack.settings.secrets import (
    API_KEY,
    ENTRA_CLIENT_SECRET,
    REGISTRY_PASSWORD,
    SECRET_ENVIRONMENT_VARIABLES,
    set_command,
)


@dataclass(frozen=True)
class Rule:
    """What must hold between these keys; `check` says what is wrong, or nothing."""

    keys: Sequence[str]
    check: Callable[[Settings], str | None]


def contradictions(settings: Settings, given: Mapping[str, Given], bad: AbstractSet[str]) -> list[str]:
    """Every rule that is broken, told at the first of its keys that was given; `bad` keys hold no value to judge."""
    problems: list[str] = []
    for rule in RULES:
        if bad.isdisjoint(rule.keys) and (what := rule.check(settings)):
            key = next((key for key in rule.keys if key in given), rule.keys[0])
            problems.append(given.get(key, _NOWHERE).problem((key,), what))
    return problems


_NOWHERE: Final = Given(None, Origin())


def _replicas(settings: Settings) -> str | None:
    if settings.minimum_replicas > settings.maximum_instance_count:
        return (
            f"{settings.minimum_replicas} replicas are kept, but maximumInstanceCount allows"
            f" {settings.maximum_instance_count}; lower the one or raise the other"
        )
    return None


def _entra(settings: Settings) -> str | None:
    if settings.authentication is Authentication.ENTRA and settings.entra is None:
        return "`entra` needs the app registration: set entra.clientId and entra.tenantId"
    if settings.authentication is not Authentication.ENTRA and settings.entra is not None:
        return "has no effect without `authentication: entra`; set that, or remove this"
    return None


def _entra_secret(settings: Settings) -> str | None:
    if settings.secrets.entra_client_secret and settings.authentication is not Authentication.ENTRA:
        return "has no effect without `authentication: entra`; set that, or remove this"
    return None


def _api_key(settings: Settings) -> str | None:
    if settings.secrets.api_key and settings.authentication is not Authentication.API_KEY:
        return (
            f"a key is set, but `authentication: {settings.authentication}` does not ask for one; set authentication to"
            f" apiKey, or remove the key with `pulumi config rm {API_KEY}`"
        )
    return None


def _registry_credentials(settings: Settings) -> str | None:
    registry = settings.registry
    if registry is None:
        return None
    if registry.identity is not None and registry.username is not None:
        return "has both identity and username; keep the one to pull with"
    if registry.identity is None and registry.username is None:
        return "needs a username or an identity to pull with; a registry that lets everybody pull needs no entry"
    return None


def _registry_password(settings: Settings) -> str | None:
    username = settings.registry and settings.registry.username
    if username and not settings.secrets.registry_password:
        return f"username needs its password; set it with `{set_command(REGISTRY_PASSWORD)}` (it asks for the value)"
    if settings.secrets.registry_password and not username:
        return "has no effect without registry.username; set that, or remove this"
    return None


def _registry_identity(settings: Settings) -> str | None:
    identity = settings.registry and settings.registry.identity
    if not identity:
        return None
    if identity == "system":
        return None if settings.system_assigned_identity else "identity `system` needs `systemAssignedIdentity: true`"
    if identity.lower() not in {other.lower() for other in settings.user_assigned_identities}:
        return "identity must be one that the app carries; add it to userAssignedIdentities"
    return None


def _registry_server(settings: Settings) -> str | None:
    if settings.registry and not settings.image.startswith(f"{settings.registry.server}/"):
        return f"server is {settings.registry.server}, but the image {settings.image} comes from elsewhere"
    return None


def _internal(settings: Settings) -> str | None:
    if settings.internal and settings.infrastructure_subnet_id is None:
        return "an internal endpoint needs a network; set infrastructureSubnetId to a subnet's resource id"
    return None


def _variables(settings: Settings) -> str | None:
    both = sorted(set(settings.environment_variables) & set(settings.secrets.environment_variables))
    return f"{', '.join(both)}: given in {SECRET_ENVIRONMENT_VARIABLES} as well; keep one of them" if both else None


def _reserved(settings: Settings) -> str | None:
    names = {*settings.environment_variables, *settings.secrets.environment_variables} & {*RESERVED_VARIABLES}
    return f"{', '.join(sorted(names))}: the stack itself sets this; remove it here" if names else None


RULES: Final = (
    Rule(("minimumReplicas", "maximumInstanceCount"), _replicas),
    Rule(("authentication", "entra"), _entra),
    Rule((ENTRA_CLIENT_SECRET, "authentication"), _entra_secret),
    Rule((API_KEY, "authentication"), _api_key),
    Rule(("registry",), _registry_credentials),
    Rule(("registry", REGISTRY_PASSWORD), _registry_password),
    Rule(("registry", "systemAssignedIdentity", "userAssignedIdentities"), _registry_identity),
    Rule(("registry", "image"), _registry_server),
    Rule(("internal", "infrastructureSubnetId"), _internal),
    Rule(("environmentVariables", SECRET_ENVIRONMENT_VARIABLES), _variables),
    Rule(("environmentVariables", SECRET_ENVIRONMENT_VARIABLES), _reserved),
)
