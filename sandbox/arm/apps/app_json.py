"""The parts of a container app's JSON that mean something here; the rest is kept and shown untouched."""

from typing import Literal

from pydantic import AliasChoices, Field, StrictBool, StrictInt, StrictStr

from sandbox.arm.apps.json_body import Json


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
