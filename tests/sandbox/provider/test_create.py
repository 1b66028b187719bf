"""Creates, updates and deletes: what is refused, what comes with its parent, what ARM is sent."""

from typing import Any

import grpc
import pytest

from sandbox.provider.arm_client import ArmClient
from tests.sandbox.provider.fake_arm import SUBSCRIPTION, Answer, FakeArm, error
from tests.sandbox.provider.harness import (
    ACCOUNT,
    FILE_SERVICE,
    GROUP,
    LOCATION,
    SHARE,
    Engine,
    account,
    refusal,
)

API_VERSION = "2024-01-01"
GROUP_VERSION = "2024-03-01"
FAKE_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"
INPUTS = {"resourceGroupName": "group", "location": LOCATION}


def test_a_create_refuses_what_exists(engine: Engine, group: str, arm: ArmClient) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(GROUP, {"resourceGroupName": group, "location": LOCATION, "tags": {"a": "1"}})
    path = f"/subscriptions/{arm.cloud.subscription_id}/resourceGroups/{group}"
    assert refusal(caught) == f"cannot create already existing resource '{path}'"
    assert not arm.read(path, GROUP_VERSION).get("tags")


@pytest.mark.parametrize("answer", [Answer(204), Answer(200), Answer(200, {})])
def test_an_empty_answer_is_no_resource(scripted: Engine, fake: FakeArm, answer: Answer) -> None:
    fake.script("GET", "/group", answer)
    identity, _ = scripted.create(GROUP, INPUTS)
    assert identity == FAKE_GROUP
    assert fake.asked("PUT") == 1


def test_what_cannot_be_looked_for_is_not_created(scripted: Engine, fake: FakeArm) -> None:
    fake.script("GET", "/group", error(403, "AuthorizationFailed", "No."))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS)
    told = refusal(caught)
    assert told.startswith(f"cannot check existence of resource '{FAKE_GROUP}': status code 403, ")
    assert "AuthorizationFailed" in told
    assert not fake.asked("PUT")


def test_the_answer_to_the_put_does_where_the_read_after_it_fails(scripted: Engine, fake: FakeArm) -> None:
    fake.script("GET", "/group", error(404, "ResourceGroupNotFound", "No."), error(403, "AuthorizationFailed", "No."))
    identity, outputs = scripted.create(GROUP, {**INPUTS, "tags": {"a": "1"}})
    assert (identity, outputs["tags"]) == (FAKE_GROUP, {"a": "1"})


def test_arm_is_sent_its_own_names_and_nothing_else(scripted: Engine, fake: FakeArm) -> None:
    identities = [f"{FAKE_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"]
    inputs = account(
        "group",
        enableHttpsTrafficOnly=True,
        networkRuleSet={"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "10.0.0.0/8"}]},
        identity={"type": "UserAssigned", "userAssignedIdentities": identities},
        azureApiVersion=API_VERSION,
        __createBeforeDelete=True,
    )
    _, outputs = scripted.create(ACCOUNT, inputs)
    assert fake.bodies == [
        {
            "kind": "StorageV2",
            "location": LOCATION,
            "sku": {"name": "Standard_LRS"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {identities[0]: {}}},
            "properties": {
                "supportsHttpsTrafficOnly": True,
                "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "10.0.0.0/8"}]},
            },
        }
    ]
    assert outputs["enableHttpsTrafficOnly"] is True
    assert outputs["networkRuleSet"] == inputs["networkRuleSet"]
    assert outputs["azureApiVersion"] == API_VERSION


def test_a_name_cannot_lead_to_another_resource(engine: Engine, group: str, arm: ArmClient) -> None:
    """Unescaped, this would make a share called `share`."""
    storage = account(group)
    identity, _ = engine.create(ACCOUNT, storage)
    names = {key: storage[key] for key in ("resourceGroupName", "accountName")}
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(SHARE, {**names, "shareName": "share?x"})
    assert 'Code="InvalidResourceName"' in refusal(caught)
    assert arm.get(f"{identity}/fileServices/default/shares/share", API_VERSION) is None


def test_whole_numbers_stay_whole(scripted: Engine, fake: FakeArm) -> None:
    """The wire knows doubles only, and ARM refuses 5.0 for an integer."""
    names = {"resourceGroupName": "group", "accountName": "account", "shareName": "share"}
    scripted.create(SHARE, {**names, "shareQuota": 5})
    assert repr(fake.bodies[0]["properties"]["shareQuota"]) == "5"


def test_the_default_file_service_is_adopted_and_gets_its_defaults_back(
    engine: Engine, group: str, arm: ArmClient
) -> None:
    storage = account(group)
    account_id, _ = engine.create(ACCOUNT, storage)
    service = f"{account_id}/fileServices/default"
    before = arm.read(service, API_VERSION)["properties"]
    names = {"resourceGroupName": group, "accountName": storage["accountName"], "fileServicesName": "default"}
    retention = {"enabled": True, "days": before["shareDeleteRetentionPolicy"]["days"] + 3}
    identity, _ = engine.create(FILE_SERVICE, {**names, "shareDeleteRetentionPolicy": retention})
    assert identity == service
    assert arm.read(service, API_VERSION)["properties"]["shareDeleteRetentionPolicy"] == retention
    engine.delete(FILE_SERVICE, identity)
    assert arm.read(service, API_VERSION)["properties"] == before


def test_an_update_reaches_arm(engine: Engine, group: str, arm: ArmClient) -> None:
    path = f"/subscriptions/{arm.cloud.subscription_id}/resourceGroups/{group}"
    inputs = {"resourceGroupName": group, "location": LOCATION}
    outputs = engine.update(GROUP, path, {**inputs, "tags": {"team": "ml"}})
    assert outputs["tags"] == arm.read(path, GROUP_VERSION)["tags"] == {"team": "ml"}


def test_rules_that_were_taken_away_are_reset(scripted: Engine, fake: FakeArm) -> None:
    """ARM keeps what a PUT leaves out; a storage account would stay closed."""
    rules: dict[str, Any] = {"networkRuleSet": {"defaultAction": "Deny"}}
    identity, outputs = scripted.create(ACCOUNT, account("group", **rules))
    scripted.update(ACCOUNT, identity, account("group"), outputs)
    assert fake.bodies[1]["properties"]["networkAcls"]["defaultAction"] == "Allow"


def test_deleting_what_is_gone_is_a_success(engine: Engine, group: str, arm: ArmClient) -> None:
    identity, _ = engine.create(ACCOUNT, account(group))
    engine.delete(ACCOUNT, identity)
    assert arm.get(identity, API_VERSION) is None
    engine.delete(ACCOUNT, identity)


def test_a_404_while_waiting_for_a_delete_is_a_success(scripted: Engine, fake: FakeArm) -> None:
    fake.script("DELETE", "/group", Answer(202, headers={"Location": f"{fake.url}/operations/1"}))
    scripted.delete(GROUP, FAKE_GROUP)
    assert fake.asked("GET", "/operations/1") == 1


def test_a_delete_that_is_refused_fails(scripted: Engine, fake: FakeArm) -> None:
    fake.script("DELETE", "/group", error(409, "ScopeLocked", "It is locked."))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.delete(GROUP, FAKE_GROUP)
    assert refusal(caught) == 'Status=409 Code="ScopeLocked" Message="It is locked."'
