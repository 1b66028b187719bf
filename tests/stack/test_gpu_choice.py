"""The workload profile: what an environment lends is used as it is, what is missing is added, nothing is taken away."""

import pytest

from components.gpu import GPU_PROFILES
from components.gpu_environment import ListedProfile
from components.workload_profile import marked_profile_name
from stack.found import FoundEnvironment, Survey
from stack.placement import PlacementError
from tests.stack.surveys import A100, ANOTHER, CONSUMPTION, MARK, T4, decide, environment

OWN = marked_profile_name(MARK, GPU_PROFILES[T4])
ANOTHERS = marked_profile_name(ANOTHER, GPU_PROFILES[T4])
FINE_TUNING = FoundEnvironment(
    "/env", None, "westus3", (CONSUMPTION, ListedProfile("GPU", "NC24-A100", minimum_count=0, maximum_count=2))
)


def test_an_adopted_environment_lends_its_profile_whatever_it_is_called() -> None:
    placement = decide(Survey(environment=environment(None, accelerated=T4)))
    assert (placement.gpu_profile_name, placement.add_profile) == ("accelerated", False)


def test_the_environment_of_fine_tuning_lends_its_dedicated_gpu_to_whoever_asked_for_none() -> None:
    placement = decide(Survey(environment=FINE_TUNING), gpuProfile=None)
    assert (placement.gpu.type, placement.gpu_profile_name, placement.add_profile) == ("NC24-A100", "GPU", False)


def test_more_nodes_than_the_owner_allows_are_refused() -> None:
    with pytest.raises(PlacementError, match="at most 2 nodes"):
        decide(Survey(environment=FINE_TUNING), gpuProfile=None, maximumInstanceCount=3)


def test_of_several_the_cheapest_while_idle_is_borrowed() -> None:
    found = environment(None, big="NC96-A100", small=A100)
    assert decide(Survey(environment=found), gpuProfile=None).gpu_profile_name == "small"


@pytest.mark.parametrize("profiles", [{}, {"GPU": "NC24-A100"}])
def test_a_serverless_gpu_that_was_asked_for_is_added_under_a_name_with_our_mark(profiles: dict[str, str]) -> None:
    placement = decide(Survey(environment=environment(None, **profiles)))
    assert (placement.gpu.type, placement.gpu_profile_name, placement.add_profile) == (T4, OWN, True)


def test_what_we_added_is_found_again_though_the_state_is_lost_and_better_ones_came() -> None:
    placement = decide(Survey(environment=environment(None, **{OWN: T4, "GPU": T4})))
    assert (placement.gpu_profile_name, placement.add_profile) == (OWN, True)


def test_what_another_stack_added_goes_with_it_and_is_not_borrowed() -> None:
    placement = decide(Survey(environment=environment(None, **{ANOTHERS: T4})))
    assert (placement.gpu_profile_name, placement.add_profile) == (OWN, True)


@pytest.mark.parametrize("mark", [None, MARK])
def test_a_dedicated_gpu_cannot_be_added_to_an_environment(mark: str | None) -> None:
    with pytest.raises(PlacementError, match=r"comes with an environment.*or\s+never.*acaEnvironmentName"):
        decide(Survey(environment=environment(mark, GPU=T4)), gpuProfile="NC24-A100")


def test_our_own_environment_keeps_what_others_added_to_it() -> None:
    placement = decide(Survey(environment=environment(MARK, **{"GPU": T4, ANOTHERS: T4})))
    assert (placement.gpu_profile_name, placement.add_profile) == ("GPU", False)
    assert [profile.name for profile in placement.other_profiles] == [ANOTHERS]


def test_another_gpu_in_our_own_environment_gets_another_name_and_the_old_one_stays_for_its_apps() -> None:
    placement = decide(Survey(environment=environment(MARK, GPU=T4)), gpuProfile=A100)
    assert placement.gpu_profile_name == "GPU-A100"
    assert [profile.name for profile in placement.other_profiles] == ["GPU"]
    again = decide(Survey(environment=environment(MARK, **{"GPU": T4, "GPU-A100": A100})), gpuProfile=A100)
    assert again.gpu_profile_name == "GPU-A100"
