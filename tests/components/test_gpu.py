"""The catalogue: containers fit, names fit, and an unknown region warns instead of refusing."""

import pytest

from components.gpu import GPU_PROFILES, MAX_PROFILE_NAME_LENGTH, GpuKind, GpuProfile, gpu_profile

PROFILES = pytest.mark.parametrize("profile", GPU_PROFILES.values(), ids=lambda profile: profile.type)


@PROFILES
def test_a_serverless_replica_takes_all_and_a_node_keeps_something_for_itself(profile: GpuProfile) -> None:
    whole = (float(profile.vcpu), f"{profile.memory_gib}Gi")
    if profile.kind is GpuKind.SERVERLESS:
        assert (profile.container_vcpu, profile.container_memory) == whole
    else:
        assert profile.vcpu / 2 < profile.container_vcpu < profile.vcpu
        assert profile.memory_gib / 2 < int(profile.container_memory.removesuffix("Gi")) < profile.memory_gib


@PROFILES
def test_only_serverless_profiles_can_be_added_to_an_environment(profile: GpuProfile) -> None:
    assert profile.addable == (profile.kind is GpuKind.SERVERLESS)


def test_labels_tell_the_profiles_apart_and_fit_into_a_name() -> None:
    labels = [profile.label for profile in GPU_PROFILES.values()]
    assert len({*labels}) == len(labels)
    assert all(len(f"GPU-{label}") <= MAX_PROFILE_NAME_LENGTH for label in labels)


@PROFILES
def test_a_region_is_compared_as_azure_writes_it_and_as_people_do(profile: GpuProfile) -> None:
    region = sorted(profile.regions)[0]
    assert profile.region_warning(region) is None
    assert profile.region_warning(region.upper()) is None
    warning = profile.region_warning("Mars Central")
    assert warning is not None
    assert "marscentral" in warning
    assert "list-supported" in warning


def test_several_gpus_per_node_are_known() -> None:
    assert {profile.type: profile.gpus for profile in GPU_PROFILES.values() if profile.gpus > 1} == {
        "NC48-A100": 2,
        "NC96-A100": 4,
    }


def test_an_unknown_type_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="Consumption-GPU-NC8as-T4"):
        gpu_profile("H100")
