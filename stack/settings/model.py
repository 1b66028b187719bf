"""What can be set for a deployment: one frozen model; every field with its unit, its bounds and its default.

The nine parameters of the AI Toolkit's template keep their names; the others are this project's own. Secrets are no
fields: they stay in Pulumi (`stack.settings.secrets`), and the model knows only which of them are given.
"""

from enum import StrEnum
from typing import Final, get_args

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
    """Whether a resource that exists is used: `AUTO` if it is there, `ALWAYS` it must be, `NEVER` it must not."""

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
    storage_account: AdoptionMode = AdoptionMode.AUTO
    file_share: AdoptionMode = AdoptionMode.AUTO
    log_analytics: AdoptionMode = AdoptionMode.AUTO
    environment: AdoptionMode = AdoptionMode.AUTO
    environment_storage: AdoptionMode = AdoptionMode.AUTO
    app: AdoptionMode = AdoptionMode.AUTO


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


class Settings(Section):
    """One deployment. Names that are None become the default names that fine-tuning gave its resources."""

    default_commands: tuple[types.PlainText, ...] = Field(DEFAULT_COMMANDS, min_length=1)
    """Shell commands that start the server; a failing one stops the start."""
    maximum_instance_count: int = Field(1, ge=1, le=1000)
    """Most replicas (serverless profile) or nodes (dedicated profile) at once."""
    location: types.Region | None = None
    """Azure region; by default the resource group's, or `azure-native:location` where the group does not exist yet."""
    storage_account_name: types.StorageAccountName | None = None
    """Storage account with models, adapters and code; `aistorage` and the group's suffix by default."""
    file_share_name: types.FileShareName | None = None
    """File share in that account; `aifileshare` and the group's suffix by default."""
    aca_environment_name: types.EnvironmentName | None = None
    """Container Apps environment; `aienv` and the group's suffix by default."""
    aca_environment_storage_name: types.EnvironmentStorageName | None = None
    """The environment's link to the share; `aienvstorage` and the group's suffix by default."""
    aca_app_name: types.AppName | None = None
    """Container App that serves the model; `aiacaapp` and the group's suffix by default."""
    aca_log_analytics_name: types.LogWorkspaceName | None = None
    """Log Analytics workspace; `ailog` and the group's suffix by default."""

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

    minimum_replicas: int = Field(0, ge=0, le=1000)
    """Replicas kept even when nobody asks; 0 lets an idle endpoint cost nothing."""
    concurrent_requests_per_replica: int = Field(16, ge=1, le=1000)
    """Requests at once per replica above which another one is started."""
    scale_down_seconds: int = Field(300, ge=0, le=86400, json_schema_extra={"unit": "s"})
    """How long the last replica waits for another request before it goes."""
    termination_grace_seconds: int = Field(60, ge=1, le=600, json_schema_extra={"unit": "s"})
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

    share_quota_gib: int = Field(1024, ge=1, le=102400, json_schema_extra={"unit": "GiB"})
    """Size limit of a share that the stack makes; what is stored is billed, not the limit."""
    share_soft_delete_days: int = Field(7, ge=1, le=365, json_schema_extra={"unit": "days"})
    """How long a deleted share can be brought back, in an account that the stack makes."""
    storage_network_rules: StorageNetworkRules | None = None
    """Who may reach a storage account that the stack makes; by default every network, with a key."""
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
