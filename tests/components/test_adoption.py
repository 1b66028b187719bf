"""Import, retention and ignored changes travel together, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.adoption import MISSING, Presence, child_options, mark_of, owner_of
from components.gpu import GPU_PROFILES, MAX_PROFILE_NAME_LENGTH
from components.storage_link import marked_link_name
from components.workload_profile import is_marked, marked_profile_name

ADDABLE = [profile for profile in GPU_PROFILES.values() if profile.addable]


def test_a_missing_resource_is_simply_created() -> None:
    options = child_options(None, MISSING)
    assert (options.import_, options.retain_on_delete, options.ignore_changes) == (None, None, [])


def test_an_adopted_resource_is_never_changed_and_never_deleted() -> None:
    options = child_options(None, Presence("/id", owned=False))
    assert (options.import_, options.retain_on_delete, options.ignore_changes) == ("/id", True, ["*"])


def test_an_adopted_resource_that_is_changed_by_wish_keeps_its_owners_labels_and_is_never_deleted() -> None:
    options = child_options(None, Presence("/id", owned=False, updated=True), ignore_changes=["own"])
    assert (options.import_, options.retain_on_delete) == ("/id", True)
    assert isinstance(options.ignore_changes, list)
    assert {"own", "tags", "location"} <= {*options.ignore_changes}
    assert not {"*", "template", "configuration"} & {*options.ignore_changes}


def test_a_resource_of_the_stack_that_the_state_lost_is_imported_and_stays_the_stacks() -> None:
    options = child_options(None, Presence("/id", owned=True))
    assert (options.import_, options.retain_on_delete, options.ignore_changes) == ("/id", None, [])


def test_a_successor_is_made_before_what_it_replaces_goes_but_for_what_keeps_its_name() -> None:
    assert child_options(None).delete_before_replace is False
    assert child_options(None, moves=True).delete_before_replace is True


def test_no_mark_is_no_owner() -> None:
    assert owner_of(None) == owner_of({"team": "research"}) == ""


@pytest.mark.parametrize("gpu", ADDABLE, ids=lambda gpu: gpu.label)
@given(owner=st.text(max_size=80))
def test_the_name_of_an_added_profile_tells_whose_it_is_and_fits(gpu, owner: str) -> None:  # type: ignore[no-untyped-def]
    name = marked_profile_name(owner, gpu)
    assert len(name) <= MAX_PROFILE_NAME_LENGTH
    assert mark_of(owner) in name
    assert is_marked(name, gpu)
    assert not is_marked("GPU", gpu)


@given(
    base=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", fullmatch=True),
    parts=st.tuples(*[st.text(min_size=1, max_size=40)] * 4),
    read_only=st.booleans(),
)
def test_a_link_with_other_content_or_of_another_owner_has_another_name(
    base: str, parts: tuple[str, str, str, str], read_only: bool
) -> None:
    owner, account, key, share = parts
    name = marked_link_name(base, owner, account, key, share, read_only=read_only)
    assert len(name) <= 253
    assert name != base
    others = {
        marked_link_name(base, owner + "x", account, key, share, read_only=read_only),
        marked_link_name(base, owner, account + "x", key, share, read_only=read_only),
        marked_link_name(base, owner, account, key + "x", share, read_only=read_only),
        marked_link_name(base, owner, account, key, share + "x", read_only=read_only),
        marked_link_name(base, owner, account, key, share, read_only=not read_only),
    }
    assert name not in others
    assert name == marked_link_name(base, owner, account, key, share, read_only=read_only)
