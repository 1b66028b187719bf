"""The one container of an inference app: command, environment, secrets, mounts and probes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_azure_native import app

from components.gpu import GpuProfile

SHARE_MOUNT: Final = "/mount"
"""Where the app sees the share; fine-tuning's templates use the same place."""
CODE_MOUNT: Final = "/app"
"""Where the app sees its code release, whichever release that is."""
SHARE_VOLUME: Final = "share"
TARGET_PORT: Final = 7860
API_KEY_SECRET: Final = "api-key"  # noqa: S105  the secret's name, not its value

PORT_VARIABLE, ROOT_VARIABLE, KEYS_VARIABLE = "INFERENCE_PORT", "INFERENCE_MODEL_ROOT", "INFERENCE_API_KEYS"
DRAIN_VARIABLE, GPUS_VARIABLE = "INFERENCE_DRAIN_SECONDS", "INFERENCE_TENSOR_PARALLEL_SIZE"
"""What follows from the app's grace period and its profile; a variable of the same name goes before it."""
SECONDS_AFTER_DRAIN: Final = 5
"""What the server needs after the last answer, before the service kills it."""
RESERVED_VARIABLES: Final = (PORT_VARIABLE, ROOT_VARIABLE, KEYS_VARIABLE)
"""Environment variables that the container gets anyhow."""

MOST_PROBE_FAILURES: Final = 30
"""The service takes no more (azure-container-apps#1100)."""
DEFAULT_START_SECONDS: Final = 90
"""How long the commands may take until the server listens. Loading the model is not part of that: readiness alone waits
for it, and readiness never kills."""
_MAX_SECRET_NAME_LENGTH: Final = 253
# What the service mounts with when nothing is said (azure-container-apps#898), and read-only on top.
READ_ONLY_MOUNT: Final = "ro,file_mode=0777,dir_mode=0777,actimeo=30,mfsymlinks,nosharesock"


@dataclass(frozen=True)
class Container:
    """What runs in a replica, and how one knows that it does."""

    name: pulumi.Input[str]
    image: pulumi.Input[str]
    commands: Sequence[str]
    """Shell commands; each runs only if the one before it succeeded."""
    gpu: GpuProfile
    release_path: pulumi.Input[str]
    environment_variables: Mapping[str, pulumi.Input[str]]
    secret_environment_variables: Mapping[str, pulumi.Input[str]]
    has_api_key: bool
    grace_seconds: pulumi.Input[int]
    start_seconds: int = DEFAULT_START_SECONDS
    has_health_routes: bool = True
    """False: the server is none of ours, and a connection to its port has to do."""

    def resource(self) -> app.ContainerArgs:
        """The container as the service takes it."""
        return app.ContainerArgs(
            name=self.name,
            image=self.image,
            command=["/bin/bash", "-c", shell_command(self.commands)],
            env=self._environment(),
            # The API's `gpu` stays unset, as in the original: the workload profile gives the app its GPUs.
            resources=app.ContainerResourcesArgs(cpu=self.gpu.container_vcpu, memory=self.gpu.container_memory),
            probes=_probes(self.start_seconds, self.has_health_routes),
            volume_mounts=[
                app.VolumeMountArgs(volume_name=SHARE_VOLUME, mount_path=SHARE_MOUNT),
                app.VolumeMountArgs(volume_name=SHARE_VOLUME, mount_path=CODE_MOUNT, sub_path=self.release_path),
            ],
        )

    def _environment(self) -> list[app.EnvironmentVarArgs]:
        ours: dict[str, pulumi.Input[str]] = {
            PORT_VARIABLE: str(TARGET_PORT),
            ROOT_VARIABLE: SHARE_MOUNT,
            DRAIN_VARIABLE: pulumi.Output.from_input(self.grace_seconds).apply(_drain_seconds),
        }
        if self.gpu.gpus > 1:
            ours[GPUS_VARIABLE] = str(self.gpu.gpus)
        references = {name: secret_name(name) for name in self.secret_environment_variables}
        if self.has_api_key:
            references[KEYS_VARIABLE] = API_KEY_SECRET
        return [
            *(
                app.EnvironmentVarArgs(name=key, value=value)
                for key, value in {**ours, **self.environment_variables}.items()
            ),
            *(app.EnvironmentVarArgs(name=key, secret_ref=secret) for key, secret in references.items()),
        ]


def _drain_seconds(grace_seconds: int) -> str:
    return str(max(0, grace_seconds - SECONDS_AFTER_DRAIN))


def shell_command(commands: Sequence[str]) -> str:
    """One command line that runs these in one shell and stops at the first that fails.

    Braces keep each command whole: without them, `a || b` would change what comes before it, and a comment would
    swallow what comes after.
    """
    if all(re.fullmatch(r"[\w ./:=@%+,~'\"-]+", command) for command in commands):
        return " && ".join(commands)
    return " && ".join(f"{{ {command}\n}}" for command in commands)


def secret_name(variable: str) -> str:
    """The name of the app's secret that holds the value of an environment variable."""
    return f"env-{re.sub('[^a-z0-9]', '-', variable.lower())}"[:_MAX_SECRET_NAME_LENGTH].rstrip("-")


def _probes(start_seconds: int, has_health_routes: bool) -> list[app.ContainerAppProbeArgs]:
    """Startup: the process listens. Readiness: the model is loaded. Liveness: a minute without any answer."""
    period = math.ceil(start_seconds / MOST_PROBE_FAILURES)
    paths = ("/health/startup", "/health/ready", "/health/live") if has_health_routes else (None, None, None)
    return [
        _probe(app.Type.STARTUP, paths[0], period, MOST_PROBE_FAILURES, timeout_seconds=2),
        _probe(app.Type.READINESS, paths[1], 3, 3, timeout_seconds=3),
        _probe(app.Type.LIVENESS, paths[2], 10, 6, timeout_seconds=5),
    ]


def _probe(
    kind: app.Type, path: str | None, period_seconds: int, failures: int, timeout_seconds: int
) -> app.ContainerAppProbeArgs:
    http = app.ContainerAppProbeHttpGetArgs(path=path, port=TARGET_PORT, scheme=app.Scheme.HTTP) if path else None
    return app.ContainerAppProbeArgs(
        type=kind,
        http_get=http,
        tcp_socket=None if path else app.ContainerAppProbeTcpSocketArgs(port=TARGET_PORT),
        initial_delay_seconds=1,
        period_seconds=period_seconds,
        failure_threshold=failures,
        timeout_seconds=timeout_seconds,
    )
