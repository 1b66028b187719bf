"""The Container App that serves the model: its container, mounts, probes, scale and ingress."""

from collections.abc import Mapping, Sequence
from typing import Final, NotRequired, TypedDict

import pulumi
from pulumi_azure_native import app

from components.adoption import MISSING, Presence, child_options
from components.gpu import GpuProfile

SHARE_MOUNT: Final = "/mount"
"""Where the app sees the share; fine-tuning's templates use the same place."""
CODE_MOUNT: Final = "/app"
"""Where the app sees its code release, whichever release that is."""
TARGET_PORT: Final = 7860
API_KEY_SECRET: Final = "api-key"  # noqa: S105  the secret's name, not its value

CONCURRENT_REQUESTS_PER_REPLICA: Final = 16
SCALE_DOWN_SECONDS: Final = 300
TERMINATION_GRACE_SECONDS: Final = 60
# The service takes at most 30 failures per probe (azure-container-apps#1100). Loading the model is not part of the
# start: readiness alone waits for it, and readiness never kills.
STARTUP_PERIOD_SECONDS: Final = 3
STARTUP_FAILURES: Final = 30


class InferenceEndpointArgs(TypedDict):
    """Arguments of `InferenceEndpoint`."""

    resource_group_name: pulumi.Input[str]
    location: pulumi.Input[str]
    app_name: pulumi.Input[str]
    environment_id: pulumi.Input[str]
    gpu: GpuProfile
    """Profile whose CPU and memory the container takes whole: a GPU replica shares them with nobody."""
    gpu_profile_name: pulumi.Input[str]
    image: pulumi.Input[str]
    commands: Sequence[str]
    """Shell commands that start the server; each runs only if the one before it succeeded."""
    storage_name: pulumi.Input[str]
    """The environment's link to the share with models and code."""
    release_path: pulumi.Input[str]
    """Folder of the code release on the share, mounted at `/app`."""
    environment_variables: NotRequired[Mapping[str, pulumi.Input[str]]]
    api_key: NotRequired[pulumi.Input[str] | None]
    """Key that clients must send as a bearer token. None leaves the endpoint open to everybody."""
    minimum_replicas: NotRequired[pulumi.Input[int]]
    """0 (when not given) lets an idle endpoint cost nothing; the first request then waits for a start."""
    maximum_replicas: NotRequired[pulumi.Input[int]]
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    presence: NotRequired[Presence]
    """The app as it was found; created when not given."""


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
            configuration=app.ConfigurationArgs(
                active_revisions_mode=app.ActiveRevisionsMode.SINGLE,
                ingress=app.IngressArgs(
                    external=True,
                    allow_insecure=False,
                    target_port=TARGET_PORT,
                    transport=app.IngressTransportMethod.AUTO,
                    traffic=[app.TrafficWeightArgs(latest_revision=True, weight=100)],
                ),
                secrets=_secrets(args),
            ),
            template=app.TemplateArgs(
                containers=[_container(args)],
                scale=app.ScaleArgs(
                    min_replicas=args.get("minimum_replicas", 0),
                    max_replicas=args.get("maximum_replicas", 1),
                    cooldown_period=SCALE_DOWN_SECONDS,
                    rules=[
                        app.ScaleRuleArgs(
                            name="http-concurrency",
                            http=app.HttpScaleRuleArgs(
                                metadata={"concurrentRequests": str(CONCURRENT_REQUESTS_PER_REPLICA)}
                            ),
                        )
                    ],
                ),
                termination_grace_period_seconds=TERMINATION_GRACE_SECONDS,
                volumes=[
                    app.VolumeArgs(
                        name="share",
                        storage_type=app.StorageType.AZURE_FILE,
                        storage_name=args["storage_name"],
                    )
                ],
            ),
            tags=args.get("tags"),
            # The service answers with the environment under its old name too: immutable, and no reason to replace.
            opts=child_options(self, args.get("presence", MISSING), ignore_changes=["managedEnvironmentId"]),
        )
        self.app_name = container_app.name
        self.fqdn = container_app.configuration.apply(_fqdn)
        self.register_outputs({"app_name": self.app_name, "fqdn": self.fqdn})


def _container(args: InferenceEndpointArgs) -> app.ContainerArgs:
    variables = {"INFERENCE_PORT": str(TARGET_PORT), "INFERENCE_MODEL_ROOT": SHARE_MOUNT}
    environment: list[app.EnvironmentVarArgs] = [
        app.EnvironmentVarArgs(name=key, value=value)
        for key, value in {**variables, **args.get("environment_variables", {})}.items()
    ]
    if args.get("api_key") is not None:
        environment.append(app.EnvironmentVarArgs(name="INFERENCE_API_KEYS", secret_ref=API_KEY_SECRET))
    return app.ContainerArgs(
        name=args["app_name"],
        image=args["image"],
        command=["/bin/bash", "-c", " && ".join(args["commands"])],
        env=environment,
        resources=app.ContainerResourcesArgs(cpu=float(args["gpu"].vcpu), memory=args["gpu"].memory),
        probes=_probes(),
        volume_mounts=[
            app.VolumeMountArgs(volume_name="share", mount_path=SHARE_MOUNT),
            app.VolumeMountArgs(volume_name="share", mount_path=CODE_MOUNT, sub_path=args["release_path"]),
        ],
    )


def _secrets(args: InferenceEndpointArgs) -> list[app.SecretArgs] | None:
    api_key = args.get("api_key")
    return None if api_key is None else [app.SecretArgs(name=API_KEY_SECRET, value=pulumi.Output.secret(api_key))]


def _probes() -> list[app.ContainerAppProbeArgs]:
    """Startup: the process listens. Readiness: the model is loaded. Liveness: a minute without any answer."""
    return [
        _probe(app.Type.STARTUP, "/health/startup", STARTUP_PERIOD_SECONDS, STARTUP_FAILURES, timeout_seconds=2),
        _probe(app.Type.READINESS, "/health/ready", 3, 3, timeout_seconds=3),
        _probe(app.Type.LIVENESS, "/health/live", 10, 6, timeout_seconds=5),
    ]


def _probe(
    kind: app.Type, path: str, period_seconds: int, failures: int, timeout_seconds: int
) -> app.ContainerAppProbeArgs:
    return app.ContainerAppProbeArgs(
        type=kind,
        http_get=app.ContainerAppProbeHttpGetArgs(path=path, port=TARGET_PORT, scheme=app.Scheme.HTTP),
        initial_delay_seconds=1,
        period_seconds=period_seconds,
        failure_threshold=failures,
        timeout_seconds=timeout_seconds,
    )


def _fqdn(configuration: app.outputs.ConfigurationResponse | None) -> str:
    if configuration is None or configuration.ingress is None:
        raise ValueError("the Container App has no ingress")
    return configuration.ingress.fqdn
