"""An inference service for tests, with all that its arguments need, and what is looked at of it."""

from typing import Any

from components.adoption import OWNER_TAG
from components.gpu import gpu_profile
from components.inference_service import InferenceService, InferenceServiceArgs
from components.naming import ServiceNames
from tests.components.recorder import Recorder

NAMES = ServiceNames(
    storage_account="account",
    file_share="share",
    environment="environment",
    environment_storage="link",
    app="app",
    log_workspace="workspace",
)
MARK = "organization/aca-inference/test"


def make_service(**overrides: Any) -> InferenceService:
    args: InferenceServiceArgs = {
        "resource_group_name": "group",
        "location": "swedencentral",
        "names": NAMES,
        "gpu": gpu_profile("Consumption-GPU-NC8as-T4"),
        "gpu_profile_name": "GPU",
        "maximum_instances": 2,
        "image": "registry.example/app:1",
        "commands": ("cd /app", "exec serve"),
        "code": "inference_app",
        "release": "0123456789ab",
        "tags": {OWNER_TAG: MARK},
    }
    return InferenceService("inference", {**args, **overrides})  # pyright: ignore[reportArgumentType]


def app_of(recorder: Recorder) -> dict[str, Any]:
    return recorder.of_type("azure-native:app:ContainerApp").inputs


def link_of(recorder: Recorder) -> dict[str, Any]:
    return recorder.of_type("azure-native:app:ManagedEnvironmentsStorage").inputs


def container_of(recorder: Recorder) -> dict[str, Any]:
    (container,) = app_of(recorder)["template"]["containers"]
    return container


def secrets_of(recorder: Recorder) -> dict[str, str]:
    return {secret["name"]: secret["value"] for secret in app_of(recorder)["configuration"].get("secrets", [])}
