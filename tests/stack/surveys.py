"""What a survey can find, made by hand or by hypothesis, and the decision about it."""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from components.gpu import GPU_PROFILES
from components.gpu_environment import ListedProfile
from components.naming import default_names
from components.workload_profile import marked_profile_name
from stack.found import (
    Found,
    FoundAccount,
    FoundApp,
    FoundEnvironment,
    FoundGroup,
    FoundLink,
    FoundShare,
    FoundWorkspace,
    Survey,
)
from stack.placement import RESOURCES, Placement, place
from stack.settings import Settings, parse

MARK = "organization/aca-inference/test"
ANOTHER = "organization/aca-inference/another"
LOCATION = "westus3"
NAMES = default_names("/subscriptions/s/resourceGroups/group")
T4 = "Consumption-GPU-NC8as-T4"
A100 = "Consumption-GPU-NC24-A100"
CONSUMPTION = ListedProfile("Consumption", "Consumption")
GROUP = FoundGroup("/group", None, LOCATION)

MODES = ("auto", "always", "never")
FIELDS = tuple(RESOURCES)


def settings(**values: Any) -> Settings:
    given = {"resourceGroup": "g", "image": "i", "authentication": "none", "gpuProfile": T4, **values}
    kept = {key: value for key, value in given.items() if value is not None}
    return _parsed(tuple((key, value if isinstance(value, str) else json.dumps(value)) for key, value in kept.items()))


@cache
def _parsed(given: tuple[tuple[str, str], ...]) -> Settings:
    return parse(dict(given))


def decide(found: Survey, **values: Any) -> Placement:
    return place(found, settings(**values), NAMES, MARK, LOCATION)


def environment(mark: str | None, **profiles: str) -> FoundEnvironment:
    listed = tuple(ListedProfile(name, kind) for name, kind in profiles.items())
    return FoundEnvironment("/env", mark, LOCATION, (CONSUMPTION, *listed))


def link(account: str = NAMES.storage_account, share: str = NAMES.file_share) -> FoundLink:
    return FoundLink("/link", account_name=account, share_name=share)


marks = st.sampled_from([None, ANOTHER, MARK])
profiles = st.lists(
    st.one_of(
        st.builds(
            ListedProfile, st.sampled_from(["GPU", "GPU-T4", "GPU-A100", "fast"]), st.sampled_from(list(GPU_PROFILES))
        ),
        st.sampled_from([ListedProfile("D", "D4", 0, 3)]),
        st.sampled_from(
            [
                ListedProfile(marked_profile_name(owner, GPU_PROFILES[kind]), kind)
                for owner in (MARK, ANOTHER)
                for kind in (T4, A100)
            ]
        ),
    ),
    unique_by=lambda profile: profile.name,
    max_size=4,
)


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    """Any cloud: with and without parents, of anybody, fit and unfit."""
    if draw(st.booleans()) and draw(st.booleans()):
        return Survey()

    def maybe(strategy: st.SearchStrategy[Any]) -> Any:
        return draw(st.none() | strategy)

    places = st.sampled_from([LOCATION, LOCATION, LOCATION, "northeurope"])
    account = maybe(
        st.builds(
            FoundAccount,
            st.just("/account"),
            marks,
            places,
            kind=st.sampled_from(["StorageV2", "StorageV2", "FileStorage", "BlobStorage"]),
            allows_keys=st.sampled_from([True, True, False]),
            open_to_all_networks=st.booleans(),
        )
    )
    environment = maybe(
        st.builds(
            FoundEnvironment,
            st.just("/env"),
            marks,
            places,
            workload_profiles=st.one_of(profiles.map(lambda listed: (CONSUMPTION, *listed)), st.just(())),
            subnet_id=st.sampled_from([None, None, "/subnet"]),
            internal=st.booleans(),
            state=st.sampled_from(["Succeeded", "Succeeded", "Failed"]),
        )
    )
    return Survey(
        resource_group=draw(
            st.builds(FoundGroup, st.just("/group"), marks, places, st.sampled_from([False, False, True]))
        ),
        storage_account=account,
        file_share=account
        and maybe(st.builds(FoundShare, st.just("/share"), marks, protocol=st.sampled_from(["SMB", "SMB", "NFS"]))),
        log_workspace=maybe(st.builds(FoundWorkspace, st.just("/logs"), marks, places, allows_keys=st.booleans())),
        environment=environment,
        environment_storage=environment
        and maybe(st.sampled_from([link(), link(), link(share="other-share"), FoundLink("/link")])),
        own_link=environment and account and maybe(st.just(Found("/own-link", MARK))),
        app=maybe(
            st.builds(
                FoundApp,
                st.just("/app"),
                marks,
                places,
                environment_id=st.sampled_from(["/env", "/ENV", "/elsewhere"]),
                sign_in_id=st.sampled_from([None, "/app/authConfigs/current"]),
            )
        ),
    )


@st.composite
def adoption_modes(draw: st.DrawFn) -> dict[str, str]:
    """Modes, mostly left at `auto`."""
    weighted = st.sampled_from(("auto",) * 4 + MODES)
    return {RESOURCES[field].mode_key: draw(weighted) for field in FIELDS}
