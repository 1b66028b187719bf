"""The Container App that serves the model: where it runs, how it scales, and who may reach it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import app

from components.adoption import MISSING, Presence, child_options
from components.entra_sign_in import CLIENT_SECRET_NAME, EntraSignIn, sign_in
from components.gpu import GpuProfile
from components.inference_container import (
    API_KEY_SECRET,
    DEFAULT_START_SECONDS,
    READ_ONLY_MOUNT,
    SHARE_VOLUME,
    TARGET_PORT,
    Container,
    secret_name,
)

CONCURRENT_REQUESTS_PER_REPLICA: Final = 16
SCALE_DOWN_SECONDS: Final = 300
TERMINATION_GRACE_SECONDS: Final = 60
KEPT_INACTIVE_REVISIONS: Final = 10
REGISTRY_PASSWORD_SECRET: Final = "registry-password"  # noqa: S105  the secret's name, not its value
SYSTEM_IDENTITY: Final = "system"


@dataclass(frozen=True)
class RegistryAccess:
    """How the image is pulled from a registry that does not let everybody pull: as a user, or by an identity."""

    server: str
    username: str | None = None
    password: pulumi.Input[str] | None = None
    identity: str | None = None
    """`system`, or the resource id of a user-assigned identity; it needs the role AcrPull on the registry."""


class InferenceEndpointArgs(TypedDict):
    """Arguments of `InferenceEndpoint`."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    """Region of the environment: an app is nowhere else."""
    app_name: pulumi.Input[str]
    environment_id: pulumi.Input[str]
    gpu: GpuProfile
    """Profile whose CPU and memory the container takes whole: a GPU replica shares them with nobody."""
    gpu_profile_name: pulumi.Input[str]
    image: pulumi.Input[str]
    registry: NotRequired[RegistryAccess | None]
    system_assigned_identity: NotRequired[bool]
    user_assigned_identities: NotRequired[Sequence[pulumi.Input[str]]]
    commands: Sequence[str]
    """Shell commands that start the server; each runs only if the one before it succeeded."""
    start_seconds: NotRequired[int]
    """How long the commands may take until the server listens; 90 when not given."""
    has_health_routes: NotRequired[bool]
    """Whether the server answers on `/health/…`, as inference_app does; otherwise its port alone is probed."""
    link_name: pulumi.Input[str]
    """The environment's link to the share with models and code."""
    read_only: NotRequired[bool]
    """Whether the app sees models and code read-only, whatever the link allows; True when not given."""
    release_path: pulumi.Input[str]
    """Folder of the code release on the share, mounted at `/app`."""
    environment_variables: NotRequired[Mapping[str, pulumi.Input[str]]]
    secret_environment_variables: NotRequired[Mapping[str, pulumi.Input[str]]]
    api_key: NotRequired[pulumi.Input[str] | None]
    """Key that clients must send as a bearer token. Without key and Entra ID the endpoint is open to everybody."""
    entra: NotRequired[EntraSignIn | None]
    """App registration whose tokens clients must send."""
    sign_in_presence: NotRequired[Presence]
    """The app's sign-in settings as they were found; created when not given."""
    allowed_ip_ranges: NotRequired[Sequence[str]]
    """IPv4 ranges that may call the endpoint; everybody when not given or empty."""
    minimum_replicas: NotRequired[pulumi.Input[int]]
    """0 (when not given) lets an idle endpoint cost nothing; the first request then waits for a start."""
    maximum_replicas: NotRequired[pulumi.Input[int]]
    concurrent_requests_per_replica: NotRequired[int]
    """Requests at once above which another replica is started; 16 when not given."""
    scale_down_seconds: NotRequired[pulumi.Input[int]]
    termination_grace_seconds: NotRequired[pulumi.Input[int]]
    other_secrets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Secrets that an adopted app has besides, with their values: Azure would forget those that are not sent."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    presence: NotRequired[Presence]
    """The app as it was found; created when not given."""
    depends_on: NotRequired[Sequence[pulumi.Resource]]


class InferenceEndpoint(pulumi.ComponentResource):
    """A Container App on a GPU workload profile, with the share at `/mount` and its code at `/app`."""

    app_name: pulumi.Output[str]
    fqdn: pulumi.Output[str]
    """Host under which the endpoint is reached, without a scheme."""

    def __init__(self, name: str, args: InferenceEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("aca-inference:components:InferenceEndpoint", name, None, opts)
        container_app = app.ContainerApp(
            f"{name}-app",
            resource_group_name=args["resource_group_name"],
            container_app_name=args["app_name"],
            location=args["location"],
            environment_id=args["environment_id"],
            workload_profile_name=args["gpu_profile_name"],
            identity=_identity(args),
            configuration=app.ConfigurationArgs(
                active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
                max_inactive_revisions=KEPT_INACTIVE_REVISIONS,
                ingress=_ingress(args),
                registries=_registries(args),
                secrets=_secrets(args),
            ),
            template=_template(args),
            tags=args.get("tags"),
            # The service answers with the environment under its old name too: immutable, and no reason to replace.
            opts=child_options(
                self,
                args.get("presence", MISSING),
                depends_on=args.get("depends_on", ()),
                ignore_changes=["managedEnvironmentId"],
                moves=True,
            ),
        )
        entra = args.get("entra")
        if entra is not None:
            found = args.get("sign_in_presence", MISSING)
            sign_in(f"{name}-sign-in", self, args["resource_group_name"], container_app.name, entra, found)
        self.app_name = container_app.name
        # The configuration is secret as a whole where a secret is in it; the address is not.
        self.fqdn = pulumi.Output.unsecret(container_app.configuration.apply(_fqdn))
        # No register_outputs: nobody reads them from the state, and at each call the engine writes the whole state
        # anew, which with 100 endpoints took a fifth of the time of `pulumi up` (docs/bench.md).


def _template(args: InferenceEndpointArgs) -> app.TemplateArgs:
    concurrent = args.get("concurrent_requests_per_replica", CONCURRENT_REQUESTS_PER_REPLICA)
    container = Container(
        name=args["app_name"],
        image=args["image"],
        commands=args["commands"],
        gpu=args["gpu"],
        release_path=args["release_path"],
        environment_variables=args.get("environment_variables", {}),
        secret_environment_variables=args.get("secret_environment_variables", {}),
        has_api_key=args.get("api_key") is not None,
        grace_seconds=args.get("termination_grace_seconds", TERMINATION_GRACE_SECONDS),
        start_seconds=args.get("start_seconds", DEFAULT_START_SECONDS),
        has_health_routes=args.get("has_health_routes", True),
    )
    return app.TemplateArgs(
        containers=[container.resource()],
        scale=app.ScaleArgs(
            min_replicas=args.get("minimum_replicas", 0),
            max_replicas=args.get("maximum_replicas", 1),
            cooldown_period=args.get("scale_down_seconds", SCALE_DOWN_SECONDS),
            rules=[
                app.ScaleRuleArgs(
                    name="http-concurrency",
                    http=app.HttpScaleRuleArgs(metadata={"concurrentRequests": str(concurrent)}),
                )
            ],
        ),
        termination_grace_period_seconds=args.get("termination_grace_seconds", TERMINATION_GRACE_SECONDS),
        volumes=[
            app.VolumeArgs(
                name=SHARE_VOLUME,
                storage_type=app.StorageType.AZURE_FILE,
                storage_name=args["link_name"],
                mount_options=READ_ONLY_MOUNT if args.get("read_only", True) else None,
            )
        ],
    )


def _ingress(args: InferenceEndpointArgs) -> app.IngressArgs:
    return app.IngressArgs(
        external=True,
        allow_insecure=False,
        target_port=TARGET_PORT,
        transport=app.IngressTransportMethod.AUTO,
        traffic=[app.TrafficWeightArgs(latest_revision=True, weight=100)],
        ip_security_restrictions=[
            app.IpSecurityRestrictionRuleArgs(name=f"allow-{number}", ip_address_range=allowed, action=app.Action.ALLOW)
            for number, allowed in enumerate(args.get("allowed_ip_ranges", ()), start=1)
        ]
        or None,
    )


def _registries(args: InferenceEndpointArgs) -> list[app.RegistryCredentialsArgs] | None:
    registry = args.get("registry")
    if registry is None:
        return None
    return [
        app.RegistryCredentialsArgs(
            server=registry.server,
            username=registry.username,
            password_secret_ref=None if registry.password is None else REGISTRY_PASSWORD_SECRET,
            identity=registry.identity,
        )
    ]


def _identity(args: InferenceEndpointArgs) -> app.ManagedServiceIdentityArgs | None:
    users = list(args.get("user_assigned_identities", ()))
    kinds = [
        *(["SystemAssigned"] if args.get("system_assigned_identity", False) else []),
        *(["UserAssigned"] if users else []),
    ]
    if not kinds:
        return None
    return app.ManagedServiceIdentityArgs(type=",".join(kinds), user_assigned_identities=users or None)


def _secrets(args: InferenceEndpointArgs) -> list[app.SecretArgs] | None:
    registry, entra = args.get("registry"), args.get("entra")
    values = {
        **args.get("other_secrets", {}),
        API_KEY_SECRET: args.get("api_key"),
        REGISTRY_PASSWORD_SECRET: registry and registry.password,
        CLIENT_SECRET_NAME: entra and entra.client_secret,
    }
    for variable, value in args.get("secret_environment_variables", {}).items():
        name = secret_name(variable)
        if values.get(name) is not None and name not in args.get("other_secrets", {}):
            raise ValueError(f"{variable} and another variable of nearly the same name would share one secret, {name}")
        values[name] = value
    given = {name: value for name, value in values.items() if value is not None}
    return [app.SecretArgs(name=name, value=pulumi.Output.secret(value)) for name, value in given.items()] or None


def _fqdn(configuration: app.outputs.ConfigurationResponse | None) -> str:
    if configuration is None or configuration.ingress is None:
        raise ValueError("the Container App has no ingress")
    return configuration.ingress.fqdn
