"""Default names must equal, bit for bit, those that fine-tuning's ARM template gave its resources."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import naming
from components.naming import NameRule, default_names, resource_group_id, unique_string


@pytest.mark.parametrize(
    ("parts", "expected"),
    [(("test",), "rbgf3xv4ufgzg"), (("tyeth",), "zcztcwvu6iyg6"), (("hello", "world"), "a7wkljktk6wne")],
)
def test_unique_string_equals_the_published_vectors(parts: tuple[str, ...], expected: str) -> None:
    assert unique_string(*parts) == expected


def test_unique_string_joins_its_parts_with_a_hyphen() -> None:
    assert unique_string("hello", "world") == unique_string("hello-world")


def test_every_default_name_ends_in_the_same_five_characters_of_the_group() -> None:
    group = resource_group_id("00000000-0000-0000-0000-000000000001", "rg")
    suffix = unique_string(group)[:5]
    names = default_names(group)
    assert names.storage_account == f"aistorage{suffix}"
    assert names.file_share == f"aifileshare{suffix}"
    assert names.environment == f"aienv{suffix}"
    assert names.environment_storage == f"aienvstorage{suffix}"
    assert names.app == f"aiacaapp{suffix}"
    assert names.log_workspace == f"ailog{suffix}"


def test_the_case_of_the_group_name_matters() -> None:
    subscription = "00000000-0000-0000-0000-000000000001"
    assert default_names(resource_group_id(subscription, "RG")) != default_names(resource_group_id(subscription, "rg"))


RULES = {
    naming.RESOURCE_GROUP_NAME: (["g", "Größe_(1).a-", "x" * 90], ["", "a.", "a b", "a/b", "x" * 91, "a\n"]),
    naming.STORAGE_ACCOUNT_NAME: (["abc", "a1b2c3", "x" * 24], ["ab", "x" * 25, "Abc", "a-b", "ä" * 3, "abc\n"]),
    naming.FILE_SHARE_NAME: (["abc", "a-b", "1-2-3", "x" * 63], ["ab", "x" * 64, "a--b", "-ab", "ab-", "A-b", "a_b"]),
    naming.ENVIRONMENT_NAME: (["ae", "A-env-1", "x" * 60], ["a", "1a", "a-", "a--b", "a_b", "x" * 61]),
    naming.ENVIRONMENT_STORAGE_NAME: (["a", "a-b.c", "1", "x" * 253], ["", "A", "-a", "a-", "a_b", "x" * 254]),
    naming.APP_NAME: (["ab", "an-app-1", "x" * 32], ["a", "1a", "aB", "a-", "a--b", "a.b", "x" * 33]),
    naming.LOG_WORKSPACE_NAME: (["abcd", "A-1-b", "x" * 63], ["abc", "-abc", "abc-", "a_bc", "x" * 64]),
}


@pytest.mark.parametrize(
    ("rule", "name"),
    [pytest.param(rule, name, id=f"{rule.kind}: {name}") for rule, (good, _) in RULES.items() for name in good],
)
def test_names_that_azure_takes(rule: NameRule, name: str) -> None:
    assert rule.check(name) == name


@pytest.mark.parametrize(
    ("rule", "name"),
    [pytest.param(rule, name, id=f"{rule.kind}: {name}") for rule, (_, bad) in RULES.items() for name in bad],
)
def test_a_name_that_azure_refuses_is_answered_with_a_good_one(rule: NameRule, name: str) -> None:
    with pytest.raises(ValueError, match=f"{rule.kind} must be .*, for example {rule.example}"):
        rule.check(name)
    assert rule.check(rule.example)


@given(st.uuids(), st.from_regex(naming.RESOURCE_GROUP_NAME.pattern, fullmatch=True))
def test_every_default_name_is_one_that_azure_takes(subscription: uuid.UUID, group: str) -> None:
    names = default_names(resource_group_id(str(subscription), group))
    naming.STORAGE_ACCOUNT_NAME.check(names.storage_account)
    naming.FILE_SHARE_NAME.check(names.file_share)
    naming.ENVIRONMENT_NAME.check(names.environment)
    naming.ENVIRONMENT_STORAGE_NAME.check(names.environment_storage)
    naming.APP_NAME.check(names.app)
    naming.LOG_WORKSPACE_NAME.check(names.log_workspace)
