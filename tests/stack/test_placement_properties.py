"""The ownership rule over thousands of clouds: what is somebody else's is never ours, nor the other way round."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.adoption import Presence
from components.gpu_environment import CONSUMPTION_PROFILE
from components.workload_profile import marked_profile_name
from stack import placement as rules
from stack.found import Found, Survey
from stack.placement import GROUP, RESOURCES, Placement, PlacementError
from tests.stack.surveys import FIELDS, MARK, adoption_modes, decide, surveys

many = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
gpu_settings = st.sampled_from([None, "Consumption-GPU-NC8as-T4", "Consumption-GPU-NC24-A100", "NC24-A100"])


def presences(placement: Placement) -> dict[str, Presence]:
    return {
        field: placement.resource_group if field == GROUP else getattr(placement.presence, field) for field in FIELDS
    }


def there(found: Survey) -> dict[str, Found]:
    """Everything that exists, by id."""
    items = [getattr(found, field) for field in (*FIELDS, "own_link")]
    return {item.id: item for item in items if item is not None}


def check_ownership(found: Survey, placement: Placement) -> None:
    for field, presence in presences(placement).items():
        if presence.id is None:
            continue
        existing = there(found)[presence.id]
        assert presence.owned == (existing.mark == MARK), (field, presence, existing)
        assert not presence.updated or field == "app", (field, presence)


def check_creation(found: Survey, placement: Placement) -> None:
    """Only what is missing is created; an app of ours that cannot move is replaced, and links have our own names."""
    for field, presence in presences(placement).items():
        existing = getattr(found, field)
        if presence.id is None and existing is not None:
            assert field == "app", field
            assert existing.mark == MARK


def check_modes(found: Survey, placement: Placement, modes: dict[str, str]) -> None:
    for field, presence in presences(placement).items():
        match modes[RESOURCES[field].mode_key]:
            case "always":
                assert presence.id is not None or (field == "app" and found.app is not None), field
            case "never":
                assert not presence.adopted, field
            case _:
                assert not (field == "app" and presence.adopted)


@settings(many, max_examples=2000)
@given(found=surveys(), modes=adoption_modes(), gpu=gpu_settings)
def test_the_mark_decides_whose_a_resource_is_and_modes_are_kept_to(
    found: Survey, modes: dict[str, str], gpu: str | None
) -> None:
    try:
        placement = decide(found, adopt=modes, gpuProfile=gpu)
    except PlacementError:
        return
    check_ownership(found, placement)
    check_creation(found, placement)
    check_modes(found, placement, modes)


@many
@given(found=surveys(), gpu=gpu_settings)
def test_no_profile_of_anybody_is_lost_or_misused(found: Survey, gpu: str | None) -> None:
    try:
        placement = decide(found, gpuProfile=gpu)
    except PlacementError:
        return
    if found.environment is None:
        return
    listed = {profile.name: profile for profile in found.environment.workload_profiles}
    chosen = placement.gpu_profile_name
    if placement.presence.environment.adopted:
        assert placement.add_profile or listed[chosen].type == placement.gpu.type
        assert not placement.add_profile or chosen == marked_profile_name(MARK, placement.gpu)
        assert chosen not in listed or listed[chosen].type == placement.gpu.type
    else:
        assert not placement.add_profile
        kept = {profile.name for profile in placement.other_profiles} | {chosen, CONSUMPTION_PROFILE}
        assert listed.keys() <= kept
        assert chosen not in listed or listed[chosen].type == placement.gpu.type


@many
@given(found=surveys(), modes=adoption_modes())
def test_a_refusal_names_what_it_is_about_and_what_to_do(found: Survey, modes: dict[str, str]) -> None:
    try:
        decide(found, adopt=modes)
    except PlacementError as refused:
        keys = {resource.name_key for resource in RESOURCES.values()} | {
            "gpuProfile",
            "location",
            "maximumInstanceCount",
        }
        for problem in str(refused).split("\n  - "):
            if not problem.startswith("what exists cannot"):
                assert any(key in problem for key in keys), problem


def test_a_rule_that_takes_existence_for_ownership_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above can fail: the rule is broken on purpose."""

    def careless(self: Any, field: str, found: Found | None) -> Presence:
        return Presence() if found is None else Presence(found.id, owned=True)

    monkeypatch.setattr(rules._Decisions, "presence", careless)

    @settings(max_examples=200, deadline=None, database=None)
    @given(found=surveys())
    def broken(found: Survey) -> None:
        try:
            placement = decide(found)
        except PlacementError:
            return
        check_ownership(found, placement)

    with pytest.raises(AssertionError):
        broken()
