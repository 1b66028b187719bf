"""What Microsoft.App refuses in a container app, with its codes and texts (sources: the issues named in each)."""

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath
from typing import Final

from sandbox.arm.apps.app_json import Configuration, Container, ContainerAppProperties, Scale, Template
from sandbox.arm.apps.profiles import ProfileType
from sandbox.arm.errors import invalid

MAX_REPLICAS: Final = 1000
MAX_REVISION_NAME_LENGTH: Final = 54
_APP_NAME: Final = re.compile(r"(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]")
_SUFFIX: Final = re.compile(r"(?!.*--)[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SECRET_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_RULE_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_MEMORY: Final = re.compile(r"(\d+(?:\.\d{1,2})?)Gi")
CONSUMPTION_STEP_VCPU: Final = 0.25
CONSUMPTION_GIB_PER_VCPU: Final = 2


def check_app(name: str, app: ContainerAppProperties, profile_type: str, size: ProfileType) -> None:
    """Refuses what the service refuses by looking at the app alone.

    Raises:
        ArmError: the first thing that is wrong.
    """
    if not _APP_NAME.fullmatch(name):
        raise invalid(  # TWL300-AI-Apps#90
            "ContainerAppInvalidName",
            f"Invalid ContainerApp name '{name}'. A name must consist of lower case alphanumeric characters or '-',"
            " start with an alphabetic character, and end with an alphanumeric character and cannot have '--'. The"
            " length must be between 2 and 32 characters inclusive.",
        )
    template, configuration = app.template or Template(), app.configuration or Configuration()
    secrets = _check_secrets(configuration)
    _check_ingress(configuration)
    _check_suffix(name, template)
    containers = template.containers or []
    if not containers:
        raise invalid("ContainerAppContainerRequired", "A container app must have at least one container.")
    _check_emulated(template)
    for container in containers:
        _check_container(container, secrets, [volume.name for volume in template.volumes or []])
    _check_total(containers, profile_type, size)
    _check_scale(name, template.scale or Scale())


def memory_gib(text: str) -> float | None:
    """The number in `2Gi` or `1.25Gi`; None if it is no such text."""
    match = _MEMORY.fullmatch(text)
    return None if match is None else float(match[1])


def _check_secrets(configuration: Configuration) -> Collection[str]:
    for secret in configuration.secrets or []:
        if not _SECRET_NAME.fullmatch(secret.name):
            raise invalid(  # container-apps-deploy-action#116
                "ContainerAppInvalidSecretName",
                f"Secret name has an invalid value '{secret.name}'. A value must consist of lower case alphanumeric"
                " characters, '-', and must start and end with an alphanumeric character. The length must not be more"
                " than 253 characters.",
            )
        if secret.key_vault_url:
            raise invalid(
                "SandboxKeyVaultNotEmulated", f"Secret '{secret.name}': the sandbox has no key vaults; give a value."
            )
        if not secret.value:
            raise invalid(  # langfuse-on-azure#12
                "ContainerAppSecretInvalid",
                f"Invalid Request: Container app secret(s) with name(s) '{secret.name}' are invalid: value or"
                " keyVaultUrl and identity should be provided.",
            )
    return {secret.name for secret in configuration.secrets or []}


def _check_ingress(configuration: Configuration) -> None:
    ingress = configuration.ingress
    if ingress is not None and not (ingress.target_port is not None and 1 <= ingress.target_port <= 65535):
        raise invalid(  # text: vscode-azurecontainerapps#104
            "SandboxInvalidTargetPort",
            "Ingress section of the container app must have a targetPort specified. TargetPort must be in the range of"
            " [1,65535].",
        )
    if configuration.active_revisions_mode not in {"Single", "Multiple", None}:
        raise invalid(
            "SandboxInvalidRevisionsMode",
            f"activeRevisionsMode '{configuration.active_revisions_mode}' is neither Single nor Multiple.",
        )


def _check_suffix(name: str, template: Template) -> None:
    suffix = template.revision_suffix
    if not suffix:
        return
    if not _SUFFIX.fullmatch(suffix) or len(f"{name}--{suffix}") > MAX_REVISION_NAME_LENGTH:
        raise invalid(  # azure-container-apps#1443
            "ContainerAppInvalidRevisionName",
            f"Revision name has an invalid value '{name}--{suffix}'. A revision name must consist of lower case"
            " alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric"
            " character. The length of the revision name must not be more than a combined 54 characters with the"
            " container app name.",
        )


def _check_emulated(template: Template) -> None:
    if template.init_containers or len(template.containers or []) > 1:
        raise invalid(
            "SandboxOneContainerOnly", "The sandbox runs one container per app: no init containers, no sidecars."
        )
    for volume in template.volumes or []:
        if volume.storage_type != "AzureFile" or not volume.storage_name:
            raise invalid(
                "SandboxVolumeTypeNotEmulated",
                f"Volume '{volume.name}': the sandbox mounts volumes of type AzureFile with a storageName only.",
            )


def _check_container(container: Container, secrets: Collection[str], volumes: Sequence[str]) -> None:
    if not container.image:
        raise invalid(  # container-apps-store-api#27
            "ContainerAppImageRequired",
            f"Container with name '{container.name}' must have an 'Image' property specified.",
        )
    for variable in container.env or []:
        if variable.secret_ref and variable.secret_ref not in secrets:
            raise invalid(
                "ContainerAppSecretRefNotFound",
                f"SecretRef '{variable.secret_ref}' defined for container '{container.name}' not found.",
            )
    for mount in container.volume_mounts or []:
        if mount.volume_name not in volumes:
            raise invalid(
                "SandboxVolumeNotFound",
                f"Container '{container.name}' mounts volume '{mount.volume_name}', which the template does not have.",
            )
        path = mount.mount_path or ""
        if not path.startswith("/") or PurePosixPath(path) == PurePosixPath("/") or ":" in path or ".." in path:
            raise invalid(  # azurerm#29419
                "ContainerAppInvalidMountPath",
                "Invalid Request: Invalid mount path was given. mountPath is required when mounting volume"
                f" '{mount.volume_name}'. mountPath must not contain ':'.",
            )
        if ".." in PurePosixPath(mount.sub_path or "").parts:
            raise invalid("SandboxInvalidSubPath", f"subPath '{mount.sub_path}' must not contain '..'.")
    for probe in container.probes or []:
        if (probe.http_get is None) == (probe.tcp_socket is None):
            raise invalid(
                "SandboxInvalidProbe", f"The {probe.type} probe needs either httpGet or tcpSocket, and not both."
            )


def _check_total(containers: Sequence[Container], profile_type: str, size: ProfileType) -> None:
    cpu = memory = 0.0
    for container in containers:
        resources = container.resources
        if resources is not None and resources.memory is not None:
            amount = memory_gib(resources.memory)
            if amount is None:
                raise invalid(  # azure-dev#107
                    "ContainerAppInvalidMemoryResource",
                    f"Container with name '{container.name}' has an invalid memory resource request:"
                    f" '{resources.memory}'. The 'memory' field for each container, if provided, must contain a decimal"
                    " value to no more than 2 decimal places followed by 'Gi' to denote the unit (Gibibytes). Example:"
                    " '1.25Gi' or '3.5Gi'.",
                )
            memory += amount
        if resources is not None and resources.cpu is not None:
            cpu += resources.cpu
    if profile_type == "Consumption":
        _check_consumption(cpu, memory, size)
    elif cpu > size.vcpu or memory > size.memory_gib:
        raise invalid(
            "SandboxContainerTooLarge",
            f"The requested CPU {cpu:g} and memory {memory:g}Gi do not fit the workload profile {profile_type}:"
            f" {size.vcpu:g} vCPU, {size.memory_gib:g}Gi.",
        )


def _check_consumption(cpu: float, memory: float, size: ProfileType) -> None:
    if not cpu and not memory:
        return
    steps = cpu / CONSUMPTION_STEP_VCPU
    if cpu <= 0 or cpu > size.vcpu or steps != int(steps) or memory != CONSUMPTION_GIB_PER_VCPU * cpu:
        count = int(size.vcpu / CONSUMPTION_STEP_VCPU)
        allowed = "; ".join(
            f"[cpu: {step * CONSUMPTION_STEP_VCPU:g}, memory: {step * CONSUMPTION_STEP_VCPU * 2:.1f}Gi]"
            for step in range(1, count + 1)
        )
        raise invalid(  # bicep#14569
            "ContainerAppInvalidResourceTotal",
            f"The total requested CPU and memory resources for this application (CPU: {cpu:g}, memory: {memory:g}) is"
            " invalid. Total CPU and memory for all containers defined in a Container App must add up to one of the"
            f" following CPU - Memory combinations: {allowed}",
        )


def _check_scale(name: str, scale: Scale) -> None:
    low = scale.min_replicas or 0
    high = 10 if scale.max_replicas is None else scale.max_replicas
    if low < 0 or high < max(low, 1) or high > MAX_REPLICAS:
        raise invalid(  # text: azure-docs#89742
            "SandboxInvalidScale",
            f"The scale options provided for Container App '{name}' is incorrect. The values must be positive,"
            f" maxReplicas must not be less than minReplicas. The maxReplicas must not be bigger than {MAX_REPLICAS}.",
        )
    for rule in scale.rules or []:
        if not _RULE_NAME.fullmatch(rule.name or ""):
            raise invalid(  # DFE-Digital#96
                "ContainerAppInvalidPropertyValue",
                f"Property 'rules.name' has an invalid value '{rule.name}'. A value must consist of lower case"
                " alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character.",
            )
