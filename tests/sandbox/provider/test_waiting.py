"""Long-running operations: how their end is found, and what becomes of a resource whose end is not a good one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from sandbox.provider import arm_client
from tests.sandbox.provider.fake_arm import SUBSCRIPTION, Answer, FakeArm, error
from tests.sandbox.provider.harness import (
    GROUP,
    LINK,
    LOCATION,
    Engine,
    environment_storage,
    half_made,
    plain,
    refusal,
    resource_path,
    secret,
    until,
)

IDENTITY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"
LINK_ID = resource_path(SUBSCRIPTION, "group", "Microsoft.App/managedEnvironments/environment/storages/link")
INPUTS = {"resourceGroupName": "group", "location": LOCATION}
OPERATION = "/operations/1"


def accepted(fake: FakeArm, status: int = 201) -> Answer:
    """Begins an operation that goes on until the test ends it."""
    fake.resources[OPERATION] = {"status": "InProgress"}
    return Answer(status, headers={"Azure-AsyncOperation": f"{fake.url}{OPERATION}?t=1"})


def state(name: str) -> dict[str, Any]:
    return {"id": IDENTITY, "name": "group", "properties": {"provisioningState": name}}


@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_operation_tells_its_end_itself(scripted: Engine, fake: FakeArm, status: int) -> None:
    fake.script("PUT", "/group", accepted(fake, status))
    fake.script("GET", OPERATION, Answer(body={"status": "InProgress"}), Answer(body={"status": "Succeeded"}))
    assert scripted.create(GROUP, INPUTS)[0] == IDENTITY
    assert fake.asked("GET", OPERATION) == 2


@pytest.mark.parametrize("relative", [True, False])
def test_a_location_answers_202_until_the_end(scripted: Engine, fake: FakeArm, relative: bool) -> None:
    location = OPERATION if relative else f"{fake.url}{OPERATION}"
    fake.script("PUT", "/group", Answer(202, headers={"Location": location}))
    fake.script("GET", OPERATION, Answer(202), Answer(202), Answer(200, state("Succeeded")))
    assert scripted.create(GROUP, INPUTS)[0] == IDENTITY
    assert fake.asked("GET", OPERATION) == 3


def test_else_the_resource_shows_its_state(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", Answer(201, state("Creating")))
    fake.script("GET", "/group", error(404, "ResourceGroupNotFound", "No."), Answer(body=state("Creating")))
    scripted.create(GROUP, INPUTS)
    assert fake.asked("GET", "/group") == 4, "before, while it is being made, at its end, and the read after it"


def test_the_address_of_an_operation_keeps_what_it_says(scripted: Engine, fake: FakeArm) -> None:
    """Only a missing API version is added to it."""
    fake.script("PUT", "/group", accepted(fake))
    fake.resources[OPERATION] = {"status": "Succeeded"}
    scripted.create(GROUP, INPUTS)
    assert fake.queries[OPERATION] == "t=1&api-version=2024-03-01"


def test_retry_after_says_how_long_to_wait(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", accepted(fake))
    fake.script("GET", OPERATION, Answer(body={"status": "InProgress"}, headers={"Retry-After": "1"}))
    fake.script("GET", OPERATION, Answer(body={"status": "InProgress"}, headers={"Retry-After": "0"}))
    fake.script("GET", OPERATION, Answer(body={"status": "Succeeded"}))
    scripted.create(GROUP, INPUTS)
    first, second, third = [time for time, (_, path) in zip(fake.times, fake.seen, strict=True) if path == OPERATION]
    assert second - first >= 1
    assert third - second >= arm_client.POLL_SECONDS, "0 counts as if nothing had been said"


@pytest.mark.parametrize("ending", ["Failed", "Canceled"])
def test_a_resource_that_failed_on_its_way_is_recorded(scripted: Engine, fake: FakeArm, ending: str) -> None:
    fake.script("PUT", "/link", accepted(fake))
    fake.resources[OPERATION] = {"status": ending, "error": {"code": "Broken", "message": "No luck."}}
    inputs = environment_storage("group", key="the key")
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(LINK, inputs)
    failed = half_made(caught)
    assert failed.id == LINK_ID
    assert list(failed.reasons) == [refusal(caught)] == [f'{ending}: Code="Broken" Message="No luck."']
    assert plain(failed.properties)["name"] == "link"
    sealed = secret("the key")
    assert plain(failed.inputs)["properties"]["azureFile"] == {
        **inputs["properties"]["azureFile"],
        "accountKey": sealed,
    }


def test_an_update_that_failed_is_recorded_with_what_the_program_said(scripted: Engine, fake: FakeArm) -> None:
    identity, outputs = scripted.create(GROUP, INPUTS)
    fake.script("PUT", "/group", accepted(fake))
    fake.resources[OPERATION] = {"status": "Failed"}
    with pytest.raises(grpc.RpcError) as caught:
        scripted.update(GROUP, identity, {**INPUTS, "tags": {"a": "1"}}, outputs)
    assert plain(half_made(caught).inputs) == {**INPUTS, "tags": {"a": "1"}}


def test_a_half_made_resource_that_cannot_be_read_is_recorded_all_the_same(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", accepted(fake))
    fake.resources[OPERATION] = {"status": "Failed"}
    fake.script("GET", "/group", error(404, "ResourceGroupNotFound", "No."), error(403, "AuthorizationFailed", "No."))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS)
    assert half_made(caught).id == IDENTITY
    assert 'resource created but read failed Status=403 Code="AuthorizationFailed"' in refusal(caught)


def test_what_never_came_to_be_is_not_recorded(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", accepted(fake))
    fake.resources[OPERATION] = {"status": "Failed", "error": {"code": "Broken", "message": "No luck."}}
    missing = error(404, "ResourceGroupNotFound", "No.")
    fake.script("GET", "/group", missing, missing)
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS)
    assert refusal(caught) == 'Failed: Code="Broken" Message="No luck."'
    assert "grpc-status-details-bin" not in dict(caught.value.trailing_metadata())


def test_what_was_not_accepted_is_not_recorded(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", error(400, "LocationNotAvailableForResourceGroup", "Not there."))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS)
    assert refusal(caught) == 'Status=400 Code="LocationNotAvailableForResourceGroup" Message="Not there."'
    assert "grpc-status-details-bin" not in dict(caught.value.trailing_metadata())


def test_a_custom_timeout_ends_the_waiting(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", accepted(fake))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS, timeout=0.5)
    assert refusal(caught).startswith("operation timed out: no end within 0.5 seconds")
    assert half_made(caught).id == IDENTITY


def test_a_custom_timeout_ends_a_request_that_hangs(
    scripted: Engine, fake: FakeArm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arm_client, "LAST_REQUEST_SECONDS", 0.2)
    fake.script("PUT", "/group", Answer(201, before=lambda: fake.closing.wait(20)))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS, timeout=0.5)
    assert refusal(caught).startswith("operation timed out")


@pytest.mark.parametrize("how", ["cancel", "leave"])
def test_waiting_ends_when_the_engine_cancels_or_leaves(scripted: Engine, fake: FakeArm, how: str) -> None:
    fake.script("PUT", "/group", accepted(fake))
    with ThreadPoolExecutor() as pool:
        making = pool.submit(scripted.create, GROUP, INPUTS)
        until(lambda: fake.asked("GET", OPERATION))
        scripted.cancel() if how == "cancel" else scripted.close()
        with pytest.raises((grpc.RpcError, ValueError)) as caught:
            making.result(timeout=5)
    if how == "cancel":
        assert half_made(caught).id == IDENTITY
        assert refusal(caught).startswith("canceled")

    def nobody_asks() -> bool:
        asked = fake.asked("GET", OPERATION)
        fake.closing.wait(4 * arm_client.POLL_SECONDS)
        return fake.asked("GET", OPERATION) == asked

    until(nobody_asks)


def test_nothing_begins_after_a_cancel(scripted: Engine, fake: FakeArm) -> None:
    scripted.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS)
    assert refusal(caught) == "canceled"
    assert not fake.seen
    scripted.configure()
    scripted.create(GROUP, INPUTS)
