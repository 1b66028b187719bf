"""What can be set for a deployment: one frozen model; every field with its unit, its bounds and its default.

The nine parameters of the AI Toolkit's template keep their names; the others are this project's own. Secrets are no
fields: they stay in Pulumi (`stack.settings.secrets`), and the model knows only which of them are given.
"""

from enum import StrEnum
from typing import Any, Final, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.alias_generators import to_camel

from stack.settings import types
from stack.settings.secrets import SecretsGiven

DEFAULT_COMMANDS: Final = ("cd /app", "exec python3 -m inference_app")
MOST_TAGS: Final = 49
"""Azure takes 50 on a resource; one is the stack's mark of ownership."""


class Authentication(StrEnum):
    """Who may ask the endpoint."""

    API_KEY = "apiKey"
    ENTRA = "entra"
    NONE = "none"


class AdoptionMode(StrEnum):
    """What to do with a resource that is there before the stack makes it."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Section(BaseModel):
    """A group of settings; null in it means what leaving it out means."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, use_attribute_docstrings=True, hide_input_in_errors=True
    )


class AdoptionModes(Section):
    """One mode for each resource that may exist before the stack does."""

    resource_group: AdoptionMode = AdoptionMode.AUTO
    """The resource group."""
    storage_account: AdoptionMode = AdoptionMode.AUTO
    """The storage account."""
    file_share: AdoptionMode = AdoptionMode.AUTO
    """The file share."""
    log_analytics: AdoptionMode = AdoptionMode.AUTO
    """The Log Analytics workspace."""
    environment: AdoptionMode = AdoptionMode.AUTO
    """The Container Apps environment."""
    environment_storage: AdoptionMode = AdoptionMode.AUTO
    """The environment's link to the share."""
    app: AdoptionMode = AdoptionMode.AUTO
    """The Container App; `auto` refuses one that is not the stack's, `always` takes it over."""


class Entra(Section):
    """An app registration in Microsoft Entra ID whose tokens the endpoint takes."""

    client_id: types.Guid
    """Application (client) id of the registration."""
    tenant_id: types.Guid
    """Directory (tenant) id that issues the tokens."""
    allowed_audiences: tuple[types.PlainText, ...] = ()
    """Audiences that are taken besides the client id."""


class Registry(Section):
    """The registry that the image is pulled from, where it does not let everybody pull."""

    server: types.RegistryServer
    """Host name of the registry; the image must come from it."""
    username: types.PlainText | None = None
    """User to pull as; the password is the secret `registryPassword`."""
    identity: types.RegistryIdentity | None = None
    """Managed identity to pull as instead: `system`, or the resource id of one in `userAssignedIdentities`."""


class StorageNetworkRules(Section):
    """Who may reach the storage account; everybody else is refused."""

    allowed_ip_ranges: tuple[types.StorageIpRange, ...] = ()
    """Public IPv4 addresses and ranges."""
    allowed_subnet_ids: tuple[types.SubnetId, ...] = ()
    """Subnets with the service endpoint Microsoft.Storage."""


def _derived(default: str) -> Any:
    """None for now; where its default comes from later, for the reference."""
    return Field(None, json_schema_extra={"derived": default})


def _unit(default: int, low: int, high: int, unit: str) -> Any:
    return Field(default, ge=low, le=high, json_schema_extra={"unit": unit})


class Settings(Section):
    """One deployment. Names that are None become the default names that fine-tuning gave its resources."""

    default_commands: tuple[types.PlainText, ...] = Field(DEFAULT_COMMANDS, min_length=1)
    """Shell commands that start the server; a failing one stops the start."""
    maximum_instance_count: int = _unit(1, 1, 1000, "replicas or nodes")
    """Most replicas (serverless profile) or nodes (dedicated profile) at once."""
    location: types.Region | None = _derived("the resource group's, else `azure-native:location`")
    """Azure region."""
    storage_account_name: types.StorageAccountName | None = _derived("`aistorage` + suffix")
    """Storage account with models, adapters and code."""
    file_share_name: types.FileShareName | None = _derived("`aifileshare` + suffix")
    """File share in that account."""
    aca_environment_name: types.EnvironmentName | None = _derived("`aienv` + suffix")
    """Container Apps environment."""
    aca_environment_storage_name: types.EnvironmentStorageName | None = _derived("`aienvstorage` + suffix")
    """The environment's link to the share."""
    aca_app_name: types.AppName | None = _derived("`aiacaapp` + suffix")
    """Container App that serves the model."""
    aca_log_analytics_name: types.LogWorkspaceName | None = _derived("`ailog` + suffix")
    """Log Analytics workspace."""

    resource_group: types.ResourceGroupName = Field(examples=["rg-inference"])
    """Resource group that holds everything; made if it is missing, never changed if it is not the stack's."""
    adopt: AdoptionModes = AdoptionModes()
    """What to do with a resource that exists and is not the stack's: `auto` uses it if it is there, `always` demands
    it, `never` refuses it."""
    gpu_profile: types.GpuProfileType = "Consumption-GPU-NC24-A100"
    """Workload profile type; serverless ones cost nothing while no replica runs."""
    image: types.Image = Field(examples=["registry.example.com/team/inference-app:1.0"])
    """Container image with Python and the app's dependencies; the code itself comes from the share."""
    registry: Registry | None = None
    """Credentials for the image's registry; none are needed for a public image."""
    system_assigned_identity: bool = False
    """Whether the app gets a managed identity of its own."""
    user_assigned_identities: tuple[types.IdentityId, ...] = ()
    """Managed identities of yours that the app carries."""

    minimum_replicas: int = _unit(0, 0, 1000, "replicas")
    """Replicas kept even when nobody asks; 0 lets an idle endpoint cost nothing."""
    concurrent_requests_per_replica: int = _unit(16, 1, 1000, "requests")
    """Requests at once per replica above which another one is started."""
    scale_down_seconds: int = _unit(300, 0, 86400, "s")
    """How long the last replica waits for another request before it goes."""
    termination_grace_seconds: int = _unit(60, 1, 600, "s")
    """How long a replica that is stopped may finish its answers."""

    authentication: Authentication = Authentication.API_KEY
    """`apiKey`: clients send the key as a bearer token. `entra`: a token of the app registration in `entra`. `none`:
    whoever finds the endpoint may use it."""
    entra: Entra | None = None
    """App registration for `authentication: entra`."""
    allowed_ip_ranges: tuple[types.IpRange, ...] = ()
    """IPv4 ranges that may call the endpoint; empty for everybody."""
    infrastructure_subnet_id: types.SubnetId | None = None
    """Subnet for an environment that the stack makes; without one the environment has Azure's own network."""
    internal: bool = False
    """Whether the endpoint is reachable from its virtual network only; needs `infrastructureSubnetId`."""

    environment_variables: dict[types.VariableName, types.VariableValue] = Field(default_factory=dict)
    """Environment variables of the container; secret ones belong into `secretEnvironmentVariables`."""
    read_only_mount: bool = True
    """Whether the app sees models and code read-only."""

    share_quota_gib: int = _unit(1024, 1, 102400, "GiB")
    """Size limit of a share that the stack makes; what is stored is billed, not the limit."""
    share_soft_delete_days: int = _unit(7, 1, 365, "days")
    """How long a deleted share can be brought back, in an account that the stack makes."""
    storage_network_rules: StorageNetworkRules | None = None
    """Who may reach a storage account that the stack makes; by default every network, with a key. The environment
    mounts the share from its subnet (`infrastructureSubnetId` is let in anyhow) or from its outbound address."""
    log_retention_days: types.RetentionDays = Field(30, json_schema_extra={"unit": "days"})
    """How long logs are kept in a workspace that the stack makes: 7, or 30 to 730."""
    tags: dict[types.TagName, types.TagValue] = Field(default_factory=dict, max_length=MOST_TAGS)
    """Tags on everything that the stack makes."""

    _secrets: SecretsGiven = PrivateAttr(default=SecretsGiven())

    @property
    def secrets(self) -> SecretsGiven:
        """Which secrets are given; their values stay in Pulumi."""
        return self._secrets

    def with_secrets(self, secrets: SecretsGiven) -> "Settings":
        """These settings, knowing which secrets are given."""
        copy = self.model_copy()
        copy._secrets = secrets
        return copy


ORIGINAL: Final = (
    "defaultCommands",
    "maximumInstanceCount",
    "location",
    "storageAccountName",
    "fileShareName",
    "acaEnvironmentName",
    "acaEnvironmentStorageName",
    "acaAppName",
    "acaLogAnalyticsName",
)
"""The parameters of the AI Toolkit's template; the only ones that its parameter file may hold."""

KEYS: Final = tuple(str(field.alias) for field in Settings.model_fields.values())
"""Every setting as it is written in a file."""


def section(key: str) -> type[Section] | None:
    """The group of settings that this setting is, or None where it is a plain one or unknown."""
    for field in Settings.model_fields.values():
        if field.alias == key:
            for candidate in (field.annotation, *get_args(field.annotation)):
                if isinstance(candidate, type) and issubclass(candidate, Section):
                    return candidate
    return None
