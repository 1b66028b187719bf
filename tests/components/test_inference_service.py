"""The composed components under Pulumi mocks: what the resources mean, not how they are spelled."""

from typing import Any

import pulumi
import pytest

from components.adoption import OWNER_METADATA, OWNER_TAG, Presence
from components.gpu import GPU_PROFILES, gpu_profile
from components.inference_service import InferenceService, InferenceServiceArgs, ServicePresence
from components.naming import ServiceNames
from tests.components.recorder import ACCOUNT_KEY, Recorder, record

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


def container_of(recorder: Recorder) -> dict[str, Any]:
    (container,) = app_of(recorder)["template"]["containers"]
    return container


def test_the_container_takes_the_whole_of_its_gpu_profile() -> None:
    for profile in GPU_PROFILES.values():
        recorder = record(lambda profile=profile: make_service(gpu=profile))
        assert container_of(recorder)["resources"] == {"cpu": float(profile.vcpu), "memory": profile.memory}
        assert app_of(recorder)["workloadProfileName"] == "GPU"


@pytest.mark.parametrize("profile", [p for p in GPU_PROFILES.values() if p.kind == "serverless"])
def test_a_serverless_profile_carries_no_node_counts_because_the_service_refuses_them(profile: Any) -> None:
    environment = record(lambda: make_service(gpu=profile)).of_type("azure-native:app:ManagedEnvironment")
    gpu = next(p for p in environment.inputs["workloadProfiles"] if p["name"] == "GPU")
    assert gpu["workloadProfileType"] == profile.type
    assert not gpu.keys() & {"minimumCount", "maximumCount"}


@pytest.mark.parametrize("profile", [p for p in GPU_PROFILES.values() if p.kind == "dedicated"])
def test_a_dedicated_profile_starts_at_no_node_and_is_capped(profile: Any) -> None:
    environment = record(lambda: make_service(gpu=profile)).of_type("azure-native:app:ManagedEnvironment")
    gpu = next(p for p in environment.inputs["workloadProfiles"] if p["name"] == "GPU")
    assert (gpu["minimumCount"], gpu["maximumCount"]) == (0, 2)


def test_a_failing_command_stops_the_start() -> None:
    assert container_of(record(make_service))["command"] == ["/bin/bash", "-c", "cd /app && exec serve"]


def test_the_app_scales_to_zero_by_default_and_up_to_the_limit() -> None:
    scale = app_of(record(make_service))["template"]["scale"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (0, 2)


def test_the_share_is_seen_at_mount_and_the_release_at_app() -> None:
    mounts = {mount["mountPath"]: mount.get("subPath") for mount in container_of(record(make_service))["volumeMounts"]}
    assert mounts == {"/mount": None, "/app": "releases/0123456789ab"}


def test_the_three_probes_ask_three_routes_and_never_the_page() -> None:
    probes = {probe["type"]: probe["httpGet"]["path"] for probe in container_of(record(make_service))["probes"]}
    assert probes == {"Startup": "/health/startup", "Readiness": "/health/ready", "Liveness": "/health/live"}


def test_ingress_takes_tls_only() -> None:
    ingress = app_of(record(make_service))["configuration"]["ingress"]
    assert ingress["allowInsecure"] is False
    assert ingress["targetPort"] == 7860


def test_an_api_key_reaches_the_container_only_as_a_secret_reference() -> None:
    recorder = record(lambda: make_service(api_key="the-key"))
    variables = {variable["name"]: variable for variable in container_of(recorder)["env"]}
    assert variables["INFERENCE_API_KEYS"] == {"name": "INFERENCE_API_KEYS", "secretRef": "api-key"}
    assert app_of(recorder)["configuration"]["secrets"] == [{"name": "api-key", "value": "the-key"}]


def test_without_an_api_key_there_is_no_secret() -> None:
    assert "secrets" not in app_of(record(make_service))["configuration"]


def test_keys_are_secret_outputs() -> None:
    def program() -> pulumi.Output[Any]:
        service = make_service()

        async def secret() -> bool:
            return await service.store.account_key.is_secret()

        return pulumi.Output.all(pulumi.Output.from_input(secret()), service.store.account_key).apply(check)

    def check(values: list[Any]) -> None:
        assert values == [True, ACCOUNT_KEY]

    record(program)


def test_everything_the_stack_makes_carries_its_mark() -> None:
    recorder = record(make_service)
    for kind in (
        "storage:StorageAccount",
        "operationalinsights:Workspace",
        "app:ManagedEnvironment",
        "app:ContainerApp",
    ):
        assert recorder.of_type(f"azure-native:{kind}").inputs["tags"] == {OWNER_TAG: MARK}
    assert recorder.of_type("azure-native:storage:FileShare").inputs["metadata"] == {OWNER_METADATA: MARK}


def test_an_adopted_account_is_imported_and_its_file_service_left_alone() -> None:
    presence = ServicePresence(storage_account=Presence("/subscriptions/s/account", owned=False))
    recorder = record(lambda: make_service(presence=presence))
    assert recorder.of_type("azure-native:storage:StorageAccount").resource_id == "/subscriptions/s/account"
    assert not [r for r in recorder.resources.values() if r.typ == "azure-native:storage:FileServiceProperties"]
