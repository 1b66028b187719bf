"""The composed components under Pulumi mocks: what the resources mean, not how they are spelled."""

from typing import Any

import pulumi
import pytest

from components.adoption import OWNER_METADATA, OWNER_TAG, Presence
from components.gpu import GPU_PROFILES
from components.inference_service import ServicePresence
from components.storage_link import marked_link_name
from tests.components.recorder import ACCOUNT_KEY, record
from tests.components.service import MARK, app_of, container_of, link_of, make_service


def test_the_container_takes_what_its_gpu_profile_can_give() -> None:
    for profile in GPU_PROFILES.values():
        recorder = record(lambda profile=profile: make_service(gpu=profile))
        resources = container_of(recorder)["resources"]
        assert resources == {"cpu": profile.container_vcpu, "memory": profile.container_memory}
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


def test_models_and_code_are_mounted_read_only_by_default_by_the_link_and_by_the_volume() -> None:
    recorder = record(make_service)
    (volume,) = app_of(recorder)["template"]["volumes"]
    assert "ro" in volume["mountOptions"].split(",")
    assert link_of(recorder)["properties"]["azureFile"]["accessMode"] == "ReadOnly"


def test_a_mount_can_be_made_writable() -> None:
    recorder = record(lambda: make_service(read_only=False))
    (volume,) = app_of(recorder)["template"]["volumes"]
    assert "mountOptions" not in volume
    assert link_of(recorder)["properties"]["azureFile"]["accessMode"] == "ReadWrite"


def test_the_stacks_own_link_has_another_name_than_the_one_that_was_asked_for() -> None:
    assert link_of(record(make_service))["storageName"] == marked_link_name(
        "link", MARK, "account", ACCOUNT_KEY, "share", read_only=True
    )


def test_an_adopted_link_is_used_under_its_own_name() -> None:
    presence = ServicePresence(environment_storage=Presence("/subscriptions/s/link", owned=False))
    recorder = record(lambda: make_service(presence=presence))
    assert link_of(recorder)["storageName"] == "link"
    (volume,) = app_of(recorder)["template"]["volumes"]
    assert "ro" in volume["mountOptions"].split(",")


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


def test_the_server_ends_its_answers_before_the_service_ends_it() -> None:
    variables = {variable["name"]: variable for variable in container_of(record(make_service))["env"]}
    grace = app_of(record(make_service))["template"]["terminationGracePeriodSeconds"]
    assert int(variables["INFERENCE_DRAIN_SECONDS"]["value"]) == grace - 5
    assert "INFERENCE_TENSOR_PARALLEL_SIZE" not in variables


def test_several_gpus_of_a_node_share_the_model_unless_somebody_says_otherwise() -> None:
    def of(**more: Any) -> str:
        recorder = record(lambda: make_service(gpu=GPU_PROFILES["NC48-A100"], **more))
        return {variable["name"]: variable for variable in container_of(recorder)["env"]}[
            "INFERENCE_TENSOR_PARALLEL_SIZE"
        ]["value"]

    assert of() == "2"
    assert of(environment_variables={"INFERENCE_TENSOR_PARALLEL_SIZE": "1"}) == "1"


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
        assert recorder.of_type(f"azure-native:{kind}").inputs["tags"].items() >= {OWNER_TAG: MARK}.items()
    assert recorder.of_type("azure-native:storage:FileShare").inputs["metadata"] == {OWNER_METADATA: MARK}


def test_an_adopted_account_is_imported_and_its_file_service_left_alone() -> None:
    presence = ServicePresence(storage_account=Presence("/subscriptions/s/account", owned=False))
    recorder = record(lambda: make_service(presence=presence))
    assert recorder.of_type("azure-native:storage:StorageAccount").resource_id == "/subscriptions/s/account"
    assert not [r for r in recorder.resources.values() if r.typ == "azure-native:storage:FileServiceProperties"]
