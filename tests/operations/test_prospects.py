"""What is told before anything is deployed, on the sandbox."""

import dataclasses

import pytest

from operations.config_file import InferenceConfig
from operations.doctor import Finding, Verdict
from operations.prospects import ACTIONS, Prospect, allowed, foresee

T4 = "Consumption-GPU-NC8as-T4"


def told(prospect: Prospect) -> dict[str, Finding]:
    return {finding.check: finding for finding in foresee(prospect)}


@pytest.fixture
def prospect(config: InferenceConfig) -> Prospect:
    return Prospect(config.subscription_id, config.resource_group_name, "swedencentral", T4, "anamethatisfree")


def test_everything_is_as_it_should_be(prospect: Prospect, config: InferenceConfig) -> None:
    found = told(prospect)
    assert {finding.verdict for finding in found.values()} == {Verdict.GOOD}
    assert found.keys() == {"sign-in", "provider", "permissions", "region", "names"}
    assert "free" in found["names"].found
    there = told(dataclasses.replace(prospect, storage_account=config.storage_account_name))
    assert "would be adopted" in there["names"].found


def test_what_is_wrong_is_told_with_the_way_out(prospect: Prospect, config: InferenceConfig) -> None:
    wrong = dataclasses.replace(
        prospect, profile_type="NC80-H100", resource_group="other", storage_account=config.storage_account_name
    )
    found = told(wrong)
    assert (found["region"].verdict, found["names"].verdict) == (Verdict.BAD, Verdict.BAD)
    assert T4 in found["region"].found
    assert "gpuProfile" in found["region"].fix
    assert "storageAccountName" in found["names"].fix


def test_another_subscription_is_told_and_nothing_more(prospect: Prospect) -> None:
    found = told(dataclasses.replace(prospect, subscription_id="00000000-0000-0000-0000-000000000001"))
    assert found["azure"].verdict is Verdict.BAD
    assert "could not be found" in found["azure"].found


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        ([{"actions": ["*"]}], True),
        ([{"actions": ["*/read"]}], False),
        ([{"actions": ["microsoft.app/*"], "notActions": ["Microsoft.App/containerApps/write"]}], False),
        ([{"actions": ["*/read"]}, {"actions": ["Microsoft.App/containerApps/*"]}], True),
    ],
)
def test_roles(roles: list[dict[str, list[str]]], may: bool) -> None:
    assert allowed(ACTIONS[0], roles) is may
