"""Default names must equal, bit for bit, those that fine-tuning's ARM template gave its resources."""

import pytest

from components.naming import default_names, resource_group_id, unique_string


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
