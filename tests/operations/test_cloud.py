"""Which Azure is meant, and how the share's address is found in it."""

import pytest

from operations import cloud
from operations.config_file import InferenceConfig
from operations.errors import CloudError
from operations.share_key import share_address


def test_without_a_metadata_host_it_is_public_azure() -> None:
    assert cloud.discover().resource_manager == "https://management.azure.com"
    assert cloud.discover("") == cloud.PUBLIC_CLOUD


def test_a_host_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azure.core.pipeline.policies.RetryPolicy.sleep", lambda *_, **__: None)
    with pytest.raises(CloudError, match=r"https://127\.0\.0\.1:9 does not answer"):
        cloud.discover("127.0.0.1:9")


def test_the_share_is_opened_with_the_key_that_the_resource_manager_gives(
    azure: cloud.Cloud, config: InferenceConfig
) -> None:
    found = share_address(config, azure)
    assert (found.account_name, found.share_name) == (config.storage_account_name, config.file_share_name)
    assert found.account_key not in repr(found)


def test_a_missing_account_is_named_with_its_resource_group(azure: cloud.Cloud, config: InferenceConfig) -> None:
    elsewhere = config.model_copy(update={"storage_account_name": "nosuchaccount"})
    with pytest.raises(CloudError, match="nosuchaccount in resource group operations"):
        share_address(elsewhere, azure)
