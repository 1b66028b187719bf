"""Adopt or create, decided from what was found: the mark of ownership decides, existence alone never does."""

import pytest

from components.adoption import MISSING, Presence
from stack.found import Found, FoundAccount, FoundApp, FoundEnvironment, FoundGroup, FoundShare, FoundWorkspace, Survey
from stack.placement import RESOURCES, PlacementError
from tests.stack.surveys import ANOTHER, CONSUMPTION, GROUP, MARK, T4, decide, environment, link

SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/s"


def test_nothing_there_means_everything_is_created() -> None:
    placement = decide(Survey())
    assert placement.resource_group == placement.presence.storage_account == placement.presence.app == MISSING
    assert (placement.gpu.type, placement.gpu_profile_name) == (T4, "GPU")


def test_what_carries_our_mark_is_ours_even_if_the_state_forgot_it() -> None:
    found = Survey(
        storage_account=FoundAccount("/account", MARK),
        environment=environment(MARK, GPU=T4),
        app=FoundApp("/app", MARK, environment_id="/env"),
    )
    presence = decide(found).presence
    assert presence.storage_account == Presence("/account", owned=True)
    assert presence.app == Presence("/app", owned=True)


@pytest.mark.parametrize("mark", [None, ANOTHER])
def test_what_carries_no_mark_or_anothers_is_adopted(mark: str | None) -> None:
    found = Survey(storage_account=FoundAccount("/account", mark), log_workspace=FoundWorkspace("/logs", mark))
    presence = decide(found).presence
    assert presence.storage_account.adopted
    assert presence.log_workspace.adopted


@pytest.mark.parametrize("mark", [None, ANOTHER])
@pytest.mark.parametrize("mode", ["auto", "never"])
def test_an_app_of_somebody_else_is_refused_with_the_ways_out(mark: str | None, mode: str) -> None:
    with pytest.raises(PlacementError, match=r"acaAppName.*adopt\.app: always"):
        decide(Survey(app=FoundApp("/app", mark)), adopt={"app": mode})


def test_an_app_of_somebody_else_is_taken_over_only_by_wish_and_stays_theirs() -> None:
    found = Survey(environment=environment(None, GPU=T4), app=FoundApp("/app", None, environment_id="/ENV"))
    app = decide(found, adopt={"app": "always"}).presence.app
    assert app == Presence("/app", owned=False, updated=True)


def test_an_app_in_another_environment_cannot_be_taken_over() -> None:
    found = Survey(environment=environment(None, GPU=T4), app=FoundApp("/app", None, environment_id="/elsewhere"))
    with pytest.raises(PlacementError, match=r"/elsewhere and cannot move"):
        decide(found, adopt={"app": "always"})


def test_our_app_in_another_environment_is_left_to_the_engine_which_replaces_it() -> None:
    found = Survey(environment=environment(MARK, GPU=T4), app=FoundApp("/app", MARK, environment_id="/elsewhere"))
    assert decide(found).presence.app == MISSING


def test_sign_in_settings_belong_to_whom_the_app_belongs_to() -> None:
    def found(mark: str | None) -> Survey:
        app = FoundApp("/app", mark, environment_id="/env", sign_in_id="/sign-in")
        return Survey(environment=environment(None, GPU=T4), app=app)

    assert decide(found(MARK)).presence.sign_in == Presence("/sign-in", owned=True)
    theirs = decide(found(None), adopt={"app": "always"}).presence.sign_in
    assert theirs == Presence("/sign-in", owned=False, updated=True)


def test_our_own_link_is_preferred_and_a_link_of_the_very_name_is_somebody_elses() -> None:
    both = Survey(environment=environment(MARK, GPU=T4), environment_storage=link(), own_link=Found("/own-link", MARK))
    assert decide(both).presence.environment_storage == Presence("/own-link", owned=True)
    named = Survey(environment=environment(MARK, GPU=T4), environment_storage=link())
    assert decide(named).presence.environment_storage == Presence("/link", owned=False)
    assert decide(both, adopt={"environmentStorage": "always"}).presence.environment_storage.adopted


@pytest.mark.parametrize("mark", [MARK, None])
def test_a_link_to_another_share_is_refused_whosever_environment_it_is_in(mark: str | None) -> None:
    with pytest.raises(PlacementError, match="acaEnvironmentStorageName"):
        decide(Survey(environment=environment(mark, GPU=T4), environment_storage=link("other", "other")))


@pytest.mark.parametrize("field", RESOURCES)
def test_always_demands_what_never_refuses(field: str) -> None:
    resource = RESOURCES[field]
    with pytest.raises(PlacementError) as missing:
        decide(Survey(), adopt={resource.mode_key: "always"})
    assert resource.name_key in str(missing.value)
    assert f"adopt.{resource.mode_key} is always" in str(missing.value)
    everything = Survey(
        resource_group=GROUP,
        storage_account=FoundAccount("/account"),
        file_share=FoundShare("/share"),
        log_workspace=FoundWorkspace("/logs"),
        environment=environment(None, GPU=T4),
        environment_storage=link(),
    )
    if field != "app":
        with pytest.raises(PlacementError) as there:
            decide(everything, adopt={resource.mode_key: "never"})
        assert f"adopt.{resource.mode_key} is never" in str(there.value)
        assert resource.name_key in str(there.value)


UNFIT = {
    "a group that is being deleted": (Survey(FoundGroup("/group", being_deleted=True)), "being deleted"),
    "an account without file shares": (
        Survey(storage_account=FoundAccount("/account", kind="BlobStorage")),
        "kind BlobStorage",
    ),
    "an account without keys": (
        Survey(storage_account=FoundAccount("/account", allows_keys=False)),
        "allowSharedKeyAccess",
    ),
    "a share of the other protocol": (
        Survey(storage_account=FoundAccount("/account"), file_share=FoundShare("/share", protocol="NFS")),
        "NFS",
    ),
    "a workspace without keys": (Survey(log_workspace=FoundWorkspace("/logs", allows_keys=False)), "disableLocalAuth"),
    "an environment without profiles": (Survey(environment=FoundEnvironment("/env")), "consumption only"),
    "an environment that failed": (
        Survey(environment=FoundEnvironment("/env", workload_profiles=(CONSUMPTION,), state="Failed")),
        "state Failed",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_cannot_serve_is_refused_with_the_property_and_the_way_out(case: str) -> None:
    found, what = UNFIT[case]
    with pytest.raises(PlacementError, match=what) as refused:
        decide(found)
    assert "one that does not exist is made" in str(refused.value)


def test_a_workspace_without_keys_will_do_where_the_environment_has_its_own_logs() -> None:
    found = Survey(environment=environment(None, GPU=T4), log_workspace=FoundWorkspace("/logs", allows_keys=False))
    assert decide(found).presence.log_workspace.adopted


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = Survey(
        storage_account=FoundAccount("/account", allows_keys=False),
        environment=FoundEnvironment("/env"),
        app=FoundApp("/app"),
    )
    with pytest.raises(PlacementError) as refused:
        decide(found, adopt={"logAnalytics": "always"})
    assert str(refused.value).count("\n  - ") == 4


@pytest.mark.parametrize(
    "found",
    [
        Survey(storage_account=FoundAccount("/account", MARK, "northeurope")),
        Survey(log_workspace=FoundWorkspace("/logs", MARK, "northeurope")),
        Survey(environment=FoundEnvironment("/env", MARK, "northeurope", (CONSUMPTION,))),
    ],
)
def test_what_the_stack_owns_is_never_moved_by_a_setting(found: Survey) -> None:
    with pytest.raises(PlacementError, match="nothing moves to westus3"):
        decide(found)


def test_an_app_is_placed_where_its_environment_is() -> None:
    far = FoundEnvironment("/env", None, "swedencentral", environment(None, GPU=T4).workload_profiles)
    assert decide(Survey(environment=far)).app_location == "swedencentral"
    assert decide(Survey()).app_location == "westus3"


@pytest.mark.parametrize("mark", [MARK, None])
def test_an_environment_cannot_move_into_a_subnet(mark: str | None) -> None:
    with pytest.raises(PlacementError, match="cannot move"):
        decide(Survey(environment=environment(mark, GPU=T4)), infrastructureSubnetId=SUBNET)


def test_what_others_have_to_do_is_a_warning() -> None:
    closed = Survey(storage_account=FoundAccount("/account", open_to_all_networks=False))
    assert any("refuses most networks" in warning for warning in decide(closed).warnings)
    assert not decide(Survey()).warnings


def test_a_region_without_the_gpu_warns_and_does_not_refuse() -> None:
    far = FoundEnvironment("/env", None, "japaneast", environment(None, GPU=T4).workload_profiles)
    assert any("japaneast" in warning for warning in decide(Survey(environment=far)).warnings)
