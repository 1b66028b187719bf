"""The parts of Microsoft.App's JSON that mean something here; what else a client sends is kept and shown untouched."""

import uuid
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from sandbox.arm.errors import ArmError
from sandbox.arm.resources import JsonObject

_Model = TypeVar("_Model", bound="Json")


class Json(BaseModel):
    """camelCase on the wire; unknown members are fine; null counts as absent."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore", populate_by_name=True)


class EnvironmentVariable(Json):
    """Either a value or the name of a secret."""

    name: StrictStr
    value: StrictStr | None = None
    secret_ref: StrictStr | None = None


class HttpHeader(Json):
    """A header that a probe sends."""

    name: StrictStr
    value: StrictStr


class HttpGet(Json):
    """A probe's request."""

    port: StrictInt
    path: StrictStr | None = "/"
    http_headers: list[HttpHeader] | None = None


class TcpSocket(Json):
    """A probe's connection."""

    port: StrictInt


class ProbeJson(Json):
    """A probe; times in seconds."""

    type: Literal["Startup", "Liveness", "Readiness"]
    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    initial_delay_seconds: StrictInt | None = None
    period_seconds: StrictInt | None = None
    timeout_seconds: StrictInt | None = None
    failure_threshold: StrictInt | None = None
    success_threshold: StrictInt | None = None


class VolumeMount(Json):
    """Where a container sees a volume."""

    volume_name: StrictStr
    mount_path: StrictStr | None = None
    sub_path: StrictStr | None = None


class ContainerResources(Json):
    """What a container asks for: vCPU, and memory such as `2Gi`."""

    cpu: float | None = None
    memory: StrictStr | None = None


class Container(Json):
    """A container."""

    name: StrictStr | None = None
    image: StrictStr | None = None
    command: list[StrictStr] | None = None
    args: list[StrictStr] | None = None
    env: list[EnvironmentVariable] | None = None
    resources: ContainerResources | None = None
    probes: list[ProbeJson] | None = None
    volume_mounts: list[VolumeMount] | None = None


class ScaleRule(Json):
    """A rule's name; what it says is the fleet's affair only for HTTP, which it does by itself."""

    name: StrictStr | None = None


class Scale(Json):
    """Bounds and pace of scaling."""

    min_replicas: StrictInt | None = None
    max_replicas: StrictInt | None = None
    cooldown_period: StrictInt | None = None
    rules: list[ScaleRule] | None = None


class Volume(Json):
    """A volume."""

    name: StrictStr
    storage_type: StrictStr | None = "EmptyDir"
    storage_name: StrictStr | None = None
    mount_options: StrictStr | None = None

    @property
    def read_only(self) -> bool:
        """Whether the options say so, among others and separated by commas."""
        return "ro" in (self.mount_options or "").split(",")


class Template(Json):
    """What a revision is made of."""

    revision_suffix: StrictStr | None = None
    termination_grace_period_seconds: StrictInt | None = None
    init_containers: list[Container] | None = None
    containers: list[Container] | None = None
    scale: Scale | None = None
    volumes: list[Volume] | None = None


class IpRule(Json):
    """Addresses that the ingress admits, or refuses."""

    name: StrictStr
    ip_address_range: StrictStr
    action: Literal["Allow", "Deny"]


class TrafficWeightJson(Json):
    """A revision's share of the requests, in percent."""

    revision_name: StrictStr | None = None
    latest_revision: StrictBool | None = None
    weight: StrictInt | None = None


class Ingress(Json):
    """How the app is reached."""

    external: StrictBool | None = None
    target_port: StrictInt | None = None
    traffic: list[TrafficWeightJson] | None = None
    ip_security_restrictions: list[IpRule] | None = None


class Secret(Json):
    """A secret; its value goes in and never comes out again, but by listSecrets."""

    name: StrictStr
    value: StrictStr | None = None
    key_vault_url: StrictStr | None = None


class Configuration(Json):
    """What all revisions have in common."""

    secrets: list[Secret] | None = None
    active_revisions_mode: StrictStr | None = "Single"
    ingress: Ingress | None = None


class ContainerAppProperties(Json):
    """Properties of a container app."""

    environment_id: StrictStr | None = Field(
        None, validation_alias=AliasChoices("environmentId", "managedEnvironmentId")
    )
    workload_profile_name: StrictStr | None = None
    configuration: Configuration | None = None
    template: Template | None = None


class Registration(Json):
    """An app registration."""

    client_id: StrictStr | None = None
    client_secret_setting_name: StrictStr | None = None


class TokenValidation(Json):
    """What a token must be for."""

    allowed_audiences: list[StrictStr] | None = None


class ActiveDirectory(Json):
    """Entra ID as a provider of identities."""

    enabled: StrictBool | None = True
    registration: Registration | None = None
    validation: TokenValidation | None = None


class IdentityProviders(Json):
    """The providers that are emulated: one."""

    azure_active_directory: ActiveDirectory | None = None


class AuthPlatform(Json):
    """Whether sign-in is on."""

    enabled: StrictBool | None = None


class GlobalValidation(Json):
    """What becomes of a request without a token."""

    unauthenticated_client_action: StrictStr | None = None
    excluded_paths: list[StrictStr] | None = None


class AuthProperties(Json):
    """Properties of an app's sign-in settings."""

    platform: AuthPlatform | None = None
    global_validation: GlobalValidation | None = None
    identity_providers: IdentityProviders | None = None

    @property
    def registration(self) -> Registration | None:
        """The registration with Entra ID, if there is one."""
        directory = self.identity_providers and self.identity_providers.azure_active_directory
        return directory.registration if directory else None


class JobProperties(Json):
    """Properties of a job."""

    environment_id: StrictStr | None = None
    workload_profile_name: StrictStr | None = None
    template: Template | None = None


class WorkloadProfile(Json):
    """A workload profile of an environment; counts are of nodes."""

    name: StrictStr
    workload_profile_type: StrictStr
    minimum_count: StrictInt | None = None
    maximum_count: StrictInt | None = None


class LogAnalytics(Json):
    """Where an environment's logs go; the key is never returned."""

    customer_id: StrictStr | None = None
    shared_key: StrictStr | None = None


class AppLogs(Json):
    """The environment's log settings."""

    destination: StrictStr | None = None
    log_analytics_configuration: LogAnalytics | None = None


class EnvironmentProperties(Json):
    """Properties of an environment."""

    workload_profiles: list[WorkloadProfile] | None = None
    app_logs_configuration: AppLogs | None = None


class AzureFile(Json):
    """An environment's link to a share; the key is never returned."""

    account_name: StrictStr
    account_key: StrictStr | None = None
    access_mode: Literal["ReadOnly", "ReadWrite"]
    share_name: StrictStr


class StorageProperties(Json):
    """Properties of an environment's storage."""

    azure_file: AzureFile | None = None


class SchemaError(ArmError):
    """A value of the wrong JSON type: the service answers with ASP.NET's problem body instead of ARM's.

    Seen in vscode-azurecontainerapps#116.
    """

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(400, "ValidationProblem", "; ".join(text for texts in problems.values() for text in texts))
        self._problems = problems

    @property
    def body(self) -> JsonObject:
        """The problem body."""
        return {
            "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "traceId": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00",
            "errors": self._problems,
        }


def parsed(model: type[_Model], properties: Any) -> _Model:
    """The properties as a model.

    Raises:
        SchemaError: a value has the wrong type.
    """
    try:
        return model.model_validate(properties)
    except ValidationError as error:
        problems: dict[str, list[str]] = {}
        for problem in error.errors():
            path = "$.properties" + "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in problem["loc"])
            problems[path] = [f"The JSON value could not be converted: {problem['msg']}. Path: {path}."]
        raise SchemaError(problems) from error
