"""Adopt or create, decided from what was found: the mark of ownership decides, existence alone never does."""

import pytest

from components.adoption import MISSING, Presence
from components.naming import default_names
from stack.placement import Placement, PlacementError, place
from stack.settings import Settings, parse
from stack.survey import Found, FoundEnvironment, FoundStorage, Survey

MARK = "organization/aca-inference/test"
NAMES = default_names("/subscriptions/s/resourceGroups/group")
T4 = "Consumption-GPU-NC8as-T4"


def settings(**values: str) -> Settings:
    return parse({"resourceGroup": "g", "image": "i", "authentication": "none", "gpuProfile": T4, **values})


def decide(found: Survey, **values: str) -> Placement:
    return place(found, settings(**values), NAMES, MARK)


def environment(mark: str | None, **profiles: str) -> FoundEnvironment:
    return FoundEnvironment("/env", mark, "westus3", profiles)


def test_nothing_there_means_everything_is_created() -> None:
    placement = decide(Survey())
    assert placement.resource_group == placement.presence.storage_account == placement.presence.app == MISSING
    assert (placement.gpu.type, placement.gpu_profile_name) == (T4, "GPU")


def test_what_carries_our_mark_is_ours_even_if_the_state_forgot_it() -> None:
    presence = decide(Survey(storage_account=Found("/account", MARK), app=Found("/app", MARK))).presence
    assert presence.storage_account == Presence("/account", owned=True)
    assert presence.app == Presence("/app", owned=True)


@pytest.mark.parametrize("mark", [None, "organization/aca-inference/another"])
def test_what_carries_no_mark_or_anothers_is_adopted(mark: str | None) -> None:
    presence = decide(Survey(storage_account=Found("/account", mark), log_workspace=Found("/logs", mark))).presence
    assert presence.storage_account.adopted
    assert presence.log_workspace.adopted


@pytest.mark.parametrize("mark", [None, "organization/aca-inference/another"])
def test_an_app_of_somebody_else_is_refused_with_the_way_out(mark: str | None) -> None:
    with pytest.raises(PlacementError, match="acaAppName"):
        decide(Survey(app=Found("/app", mark)))


def test_an_adopted_environment_lends_its_profile_whatever_it_is_called() -> None:
    placement = decide(Survey(environment=environment(None, Consumption="Consumption", accelerated=T4)))
    assert placement.gpu_profile_name == "accelerated"
    assert placement.presence.environment.adopted


def test_an_adopted_environment_with_another_gpu_is_refused_and_says_what_it_offers() -> None:
    with pytest.raises(PlacementError, match="offers NC24-A100, not Consumption-GPU-NC8as-T4"):
        decide(Survey(environment=environment(None, Consumption="Consumption", GPU="NC24-A100")))


def test_an_adopted_environment_without_any_gpu_is_refused_with_the_way_out() -> None:
    with pytest.raises(PlacementError, match="workload-profile add"):
        decide(Survey(environment=environment(None, Consumption="Consumption")))


def test_a_link_belongs_to_whom_its_environment_belongs_to() -> None:
    link = FoundStorage("/link", account_name=NAMES.storage_account, share_name=NAMES.file_share)
    ours = decide(Survey(environment=environment(MARK, GPU=T4), environment_storage=link))
    theirs = decide(Survey(environment=environment(None, GPU=T4), environment_storage=link))
    assert ours.presence.environment_storage.owned
    assert theirs.presence.environment_storage.adopted


def test_a_foreign_link_to_another_share_is_refused() -> None:
    link = FoundStorage("/link", account_name="other", share_name="other")
    with pytest.raises(PlacementError, match="acaEnvironmentStorageName"):
        decide(Survey(environment=environment(None, GPU=T4), environment_storage=link))
