"""What is shared is left as it is, what is made is hardened, and what holds others' things outlives the stack."""

from typing import Any

import pytest

from components.adoption import OWNER_TAG, Presence
from components.gpu import gpu_profile
from components.gpu_environment import ListedProfile
from components.inference_service import ServicePresence
from components.model_store import StorageNetwork
from components.service_group import ServiceGroup
from tests.components.recorder import Recorder, record
from tests.components.service import MARK, app_of, make_service

ENVIRONMENT = "azure-native:app:ManagedEnvironment"
DELETION = "pulumi-python:dynamic/aca-inference:DeletionWhenEmpty"
PROFILE = "pulumi-python:dynamic/aca-inference:WorkloadProfile"
THEIRS = Presence("/subscriptions/s/resourceGroups/group/providers/Microsoft.App/managedEnvironments/e", owned=False)
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/s"


def environment_of(recorder: Recorder) -> dict[str, Any]:
    return recorder.of_type(ENVIRONMENT).inputs


def deletions(recorder: Recorder) -> dict[str, dict[str, Any]]:
    found = [resource.inputs for resource in recorder.resources.values() if resource.typ == DELETION]
    return {inputs["resource_id"].rpartition("/")[2]: inputs for inputs in found}


def test_profiles_that_others_added_stay_in_the_list() -> None:
    others = (ListedProfile("gpu-0a1b2c-A100", "Consumption-GPU-NC24-A100"), ListedProfile("D", "D4", 0, 3))
    listed = {
        profile["name"]: profile
        for profile in environment_of(record(lambda: make_service(other_profiles=others)))["workloadProfiles"]
    }
    assert listed.keys() == {"Consumption", "GPU", "gpu-0a1b2c-A100", "D"}
    assert not listed["gpu-0a1b2c-A100"].keys() & {"minimumCount", "maximumCount"}
    assert (listed["D"]["minimumCount"], listed["D"]["maximumCount"]) == (0, 3)


def test_a_profile_that_an_adopted_environment_lacks_is_a_resource_of_its_own() -> None:
    recorder = record(
        lambda: make_service(
            presence=ServicePresence(environment=THEIRS), gpu_profile_name="gpu-0a1b2c-T4", add_profile=True
        )
    )
    added = recorder.of_type(PROFILE).inputs
    assert (added["environment_id"], added["profile_name"]) == (THEIRS.id, "gpu-0a1b2c-T4")
    assert added["profile_type"] == "Consumption-GPU-NC8as-T4"
    assert app_of(recorder)["workloadProfileName"] == "gpu-0a1b2c-T4"


def test_a_lent_profile_adds_nothing() -> None:
    recorder = record(lambda: make_service(presence=ServicePresence(environment=THEIRS)))
    assert recorder.none_of_type(PROFILE)


def test_an_adopted_environment_needs_no_key_of_any_workspace() -> None:
    def locked(*_: Any) -> dict[str, Any]:
        raise AssertionError("asked for the key")

    recorder = Recorder()
    original = recorder.call
    recorder.call = lambda args: locked() if "SharedKeys" in args.token else original(args)  # type: ignore[method-assign]
    record(lambda: make_service(presence=ServicePresence(environment=THEIRS)), recorder=recorder)
    assert "appLogsConfiguration" not in environment_of(recorder)


def test_an_environment_is_made_in_the_subnet_that_was_given() -> None:
    recorder = record(lambda: make_service(infrastructure_subnet_id=SUBNET, internal=True))
    assert environment_of(recorder)["vnetConfiguration"] == {"infrastructureSubnetId": SUBNET, "internal": True}
    assert "vnetConfiguration" not in environment_of(record(make_service))


@pytest.mark.parametrize("gpu", ["NC24-A100", "NC96-A100"])
def test_a_dedicated_node_count_is_capped_by_the_setting(gpu: str) -> None:
    listed = environment_of(record(lambda: make_service(gpu=gpu_profile(gpu), maximum_instances=3)))["workloadProfiles"]
    (profile,) = [item for item in listed if item["name"] == "GPU"]
    assert (profile["workloadProfileType"], profile["maximumCount"]) == (gpu, 3)


def test_a_storage_account_that_is_made_is_as_hard_as_mounts_allow() -> None:
    recorder = record(lambda: make_service(share_soft_delete_days=30, share_quota_gib=64))
    account = recorder.of_type("azure-native:storage:StorageAccount").inputs
    assert account["minimumTlsVersion"] == "TLS1_2"
    assert account["enableHttpsTrafficOnly"] is True
    assert account["allowBlobPublicAccess"] is False
    assert account["allowCrossTenantReplication"] is False
    assert account["allowSharedKeyAccess"] is True  # without it no share can be mounted
    files = recorder.of_type("azure-native:storage:FileServiceProperties").inputs
    assert files["shareDeleteRetentionPolicy"] == {"enabled": True, "days": 30}
    assert recorder.of_type("azure-native:storage:FileShare").inputs["shareQuota"] == 64


def test_network_rules_refuse_everybody_else() -> None:
    network = StorageNetwork(allowed_ip_ranges=("203.0.113.7",), allowed_subnet_ids=(SUBNET,))
    recorder = record(lambda: make_service(storage_network=network))
    rules = recorder.of_type("azure-native:storage:StorageAccount").inputs["networkRuleSet"]
    assert rules["defaultAction"] == "Deny"
    assert [rule["iPAddressOrRange"] for rule in rules["ipRules"]] == ["203.0.113.7"]
    assert [rule["virtualNetworkResourceId"] for rule in rules["virtualNetworkRules"]] == [SUBNET]


def test_logs_are_kept_as_long_as_was_asked_for() -> None:
    recorder = record(lambda: make_service(log_retention_days=90))
    assert recorder.of_type("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] == 90


def test_what_holds_others_things_is_deleted_by_its_mark_and_only_when_empty() -> None:
    found = deletions(record(make_service))
    assert found.keys() == {"account", "environment"}
    assert all(inputs["tags"] == {OWNER_TAG: MARK} for inputs in found.values())


def test_what_is_adopted_is_never_deleted_however_empty() -> None:
    presence = ServicePresence(storage_account=Presence("/a", owned=False), environment=THEIRS)
    assert deletions(record(lambda: make_service(presence=presence))) == {}


def test_a_group_of_the_stacks_own_goes_when_empty_and_an_adopted_one_stays() -> None:
    def group(presence: Presence) -> Recorder:
        tags = {OWNER_TAG: MARK}
        return record(
            lambda: ServiceGroup(
                "g", {"group_name": "group", "location": "westus3", "tags": tags, "presence": presence}
            )
        )

    (own,) = deletions(group(Presence())).values()
    assert own["resource_id"] == "/subscriptions/subscription/resourceGroups/group"
    assert deletions(group(Presence("/subscriptions/s/resourceGroups/group", owned=False))) == {}
