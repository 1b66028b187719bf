"""What a check fills in: names, locations, the API version; and what it misses."""

from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.wire import UNKNOWN
from tests.sandbox.provider.fake_arm import SUBSCRIPTION, FakeArm
from tests.sandbox.provider.harness import ACCOUNT, GROUP, LOCATION, WORKSPACE, Engine, account, refusal

Autonaming = provider_pb2.CheckRequest.AutonamingOptions


def without_location(group: str) -> dict[str, Any]:
    return {key: value for key, value in account(group).items() if key != "location"}


def reasons(answer: Any) -> list[str]:
    return [failure.reason for failure in answer.failures]


def test_a_name_that_is_not_given_is_the_logical_one_with_eight_digits(engine: Engine) -> None:
    named = engine.checked(GROUP, {"location": LOCATION})
    digits = named["resourceGroupName"].removeprefix("logical")
    assert len(digits) == 8
    assert set(digits) <= set("0123456789abcdef")
    assert named["__createBeforeDelete"] is True


def test_names_follow_the_seed(engine: Engine) -> None:
    """A preview and its update get the same seed and must name the same resource."""
    seeds = (b"1" * 32, b"1" * 32, b"2" * 32, b"", b"")
    answers = [engine.check(GROUP, {"location": LOCATION}, randomSeed=seed) for seed in seeds]
    same, again, other, random, another = [answer.inputs["resourceGroupName"] for answer in answers]
    assert same == again
    assert len({same, other, random, another}) == 4


@pytest.mark.parametrize("mark", [{"__createBeforeDelete": True}, {}])
def test_a_name_that_was_made_up_once_stays(engine: Engine, mark: dict[str, Any]) -> None:
    """With its mark, if it has one: a name that was imported is no random one."""
    named = engine.checked(GROUP, {"location": LOCATION}, olds={"resourceGroupName": "kept", **mark})
    assert named["resourceGroupName"] == "kept"
    assert {key: named[key] for key in named if key.startswith("__")} == mark


def test_a_given_name_is_taken_as_it_is(engine: Engine) -> None:
    named = engine.checked(GROUP, {"resourceGroupName": "mine", "location": LOCATION}, olds={"resourceGroupName": "x"})
    assert named["resourceGroupName"] == "mine"
    assert "__createBeforeDelete" not in named


@pytest.mark.parametrize("mode", [Autonaming.Mode.PROPOSE, Autonaming.Mode.ENFORCE])
def test_the_engine_may_propose_the_name(engine: Engine, mode: Any) -> None:
    proposed = Autonaming(proposed_name="from-the-engine", mode=mode)
    answer = engine.check(GROUP, {"location": LOCATION}, autonaming=proposed)
    assert answer.inputs["resourceGroupName"] == "from-the-engine"
    assert answer.inputs["__createBeforeDelete"] is True


def test_without_autonaming_a_name_is_required(engine: Engine) -> None:
    answer = engine.check(GROUP, {"location": LOCATION}, autonaming=Autonaming(mode=Autonaming.Mode.DISABLE))
    assert reasons(answer) == ["missing required property 'resourceGroupName'"]


def test_everything_that_is_missing_is_told_at_once(engine: Engine) -> None:
    assert reasons(engine.check(ACCOUNT, {})) == [
        "missing required property 'resourceGroupName'",
        "missing required property 'kind'",
        "missing required property 'location'. Either set it explicitly or configure it with"
        " 'pulumi config set azure-native:location <value>'.",
        "missing required property 'sku'",
    ]


def test_the_location_is_the_groups(engine: Engine, group: str) -> None:
    assert engine.checked(ACCOUNT, without_location(group))["location"] == LOCATION


def test_a_group_that_is_not_known_yet_gives_a_location_that_is_not_known_yet(engine: Engine) -> None:
    inputs = {**without_location("group"), "resourceGroupName": UNKNOWN}
    assert engine.checked(ACCOUNT, inputs)["location"] == UNKNOWN


def test_a_missing_group_gives_no_location(engine: Engine) -> None:
    (reason,) = reasons(engine.check(WORKSPACE, {"resourceGroupName": "nothere"}))
    assert reason.startswith("missing required property 'location'")


def test_the_configured_location_comes_before_the_groups_and_the_old_one_before_both(scripted: Engine) -> None:
    scripted.configure(location="westus3")
    inputs = without_location("group")
    assert scripted.checked(ACCOUNT, inputs)["location"] == "westus3"
    assert scripted.checked(ACCOUNT, inputs, olds={"location": "eastus"})["location"] == "eastus"
    assert scripted.checked(ACCOUNT, {**inputs, "location": "uksouth"}, olds={"location": "eastus"})["location"] == (
        "uksouth"
    )


def test_the_group_is_looked_up_only_where_nothing_else_says_it(scripted: Engine, fake: FakeArm) -> None:
    scripted.checked(ACCOUNT, account("group"))
    assert not fake.seen
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"
    fake.resources[path] = {"location": "northeurope"}
    assert scripted.checked(ACCOUNT, without_location("group"))["location"] == "northeurope"
    assert fake.seen == [("GET", path)]


@pytest.mark.parametrize(
    ("token", "version"),
    [
        ("resources:ResourceGroup", "2024-03-01"),
        ("storage:StorageAccount", "2024-01-01"),
        ("storage:FileServiceProperties", "2024-01-01"),
        ("storage:FileShare", "2024-01-01"),
        ("operationalinsights:Workspace", "2023-09-01"),
        ("app:ManagedEnvironment", "2025-02-02-preview"),
        ("app:ManagedEnvironmentsStorage", "2025-02-02-preview"),
        ("app:ContainerApp", "2025-02-02-preview"),
    ],
)
def test_the_api_versions_are_those_of_the_package(engine: Engine, token: str, version: str) -> None:
    answer = engine.check(token, {"resourceGroupName": "group", "location": LOCATION})
    assert answer.inputs["azureApiVersion"] == version


def test_an_unknown_type_is_refused_by_name_with_what_there_is(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.check("network:VirtualNetwork", {})
    assert "azure-native:network:VirtualNetwork" in refusal(caught)
    assert f"azure-native:{ACCOUNT}" in refusal(caught)
