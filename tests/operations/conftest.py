"""A sandbox of its own for these tests: an account and shares made by Azure's SDK, as any client would make them."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.identity import DefaultAzureCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from operations import cloud, endpoint
from operations.config_file import InferenceConfig
from operations.file_share import ShareAddress
from sandbox import control
from tests.operations.deployed import GROUP, IMAGE, LOCATION, Deployed
from tests.workspace import PROJECT

SIGN_IN_VARIABLES = ("ARM_", "AZURE_", "IDENTITY_", "MSI_")


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cloud.Cloud]:
    """The sandbox, with this process as its client; the environment is as before in the end."""
    state = tmp_path_factory.mktemp("sandbox")
    before = dict(os.environ)
    for name in before:
        if name.startswith(SIGN_IN_VARIABLES):
            del os.environ[name]
    control.start(state, images={IMAGE: PROJECT / ".venv"})
    try:
        os.environ.update(control.environment(state))
        yield cloud.discover(os.environ["ARM_METADATA_HOSTNAME"])
    finally:
        os.environ.clear()
        os.environ.update(before)
        control.stop(state, 10)


@pytest.fixture(scope="session")
def storage(azure: cloud.Cloud) -> Iterator[StorageManagementClient]:
    """Azure's own client for storage accounts."""
    subscription = os.environ["ARM_SUBSCRIPTION_ID"]
    scopes = [f"{azure.audience}/.default"]
    with DefaultAzureCredential() as credential:
        with ResourceManagementClient(
            credential, subscription, base_url=azure.resource_manager, credential_scopes=scopes
        ) as groups:
            groups.resource_groups.create_or_update(GROUP, {"location": LOCATION})
        with StorageManagementClient(
            credential, subscription, base_url=azure.resource_manager, credential_scopes=scopes
        ) as client:
            yield client


@pytest.fixture(scope="session")
def account(storage: StorageManagementClient) -> str:
    """Name of a storage account."""
    name = f"ops{uuid.uuid4().hex[:12]}"
    parameters = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    storage.storage_accounts.begin_create(GROUP, name, parameters).result()
    return name


@pytest.fixture
def config(storage: StorageManagementClient, account: str) -> InferenceConfig:
    """What `inference.config.json` would say about a new, empty share."""
    share = f"share{uuid.uuid4().hex[:12]}"
    storage.file_shares.create(GROUP, account, share, {})
    return InferenceConfig(
        SUBSCRIPTION_ID=os.environ["ARM_SUBSCRIPTION_ID"],
        RESOURCE_GROUP_NAME=GROUP,
        STORAGE_ACCOUNT_NAME=account,
        FILE_SHARE_NAME=share,
        ACA_APP_NAME="app",
        ACA_APP_ENDPOINT="127.0.0.1",
    )


@pytest.fixture
def address(config: InferenceConfig, azure: cloud.Cloud) -> ShareAddress:
    """Address of the new share."""
    return cloud.share_address(config, azure)


@pytest.fixture
def deployed(config: InferenceConfig, azure: cloud.Cloud, tmp_path: Path) -> Iterator[Deployed]:
    """An app that answers "one", on a share of its own."""
    made = Deployed(azure, config.storage_account_name, config.file_share_name, tmp_path)
    endpoint.wait_until_ready(made.url, 60)
    yield made
    made.close()
