"""A sandbox of its own for these tests: an account and shares made by Azure's SDK, as any client would make them."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from operations import cloud, endpoint
from operations.config_file import InferenceConfig
from operations.file_share import ShareAddress
from operations.share_key import share_address
from sandbox import control
from tests.operations.deployed import GROUP, IMAGE, LOCATION, Deployed
from tests.sign_in import signed_in
from tests.workspace import PROJECT


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a running sandbox's clients."""
    state = tmp_path_factory.mktemp("sandbox")
    control.start(state, images={IMAGE: PROJECT / ".venv"})
    yield control.environment(state)
    control.stop(state, 10)


@pytest.fixture(scope="session")
def azure(running: dict[str, str]) -> cloud.Cloud:
    """The sandbox, as the operations address it."""
    with signed_in(running):
        return cloud.discover(running["ARM_METADATA_HOSTNAME"])


@pytest.fixture(scope="module", autouse=True)
def own_sandbox(running: dict[str, str]) -> Iterator[None]:
    """Makes this process a client of these tests' sandbox."""
    with signed_in(running):
        yield


@pytest.fixture(scope="session")
def storage(azure: cloud.Cloud, running: dict[str, str]) -> Iterator[StorageManagementClient]:
    """Azure's own client for storage accounts, and a resource group to work in."""
    subscription = running["ARM_SUBSCRIPTION_ID"]
    scopes = [f"{azure.audience}/.default"]
    with ExitStack() as clients:
        with signed_in(running):
            credential = clients.enter_context(DefaultAzureCredential())
            told: Any = {"base_url": azure.resource_manager, "credential_scopes": scopes}
            groups = clients.enter_context(ResourceManagementClient(credential, subscription, **told))
            groups.resource_groups.create_or_update(GROUP, {"location": LOCATION})
        yield clients.enter_context(StorageManagementClient(credential, subscription, **told))


@pytest.fixture(scope="session")
def account(storage: StorageManagementClient, running: dict[str, str]) -> str:
    """Name of a storage account."""
    name = f"ops{uuid.uuid4().hex[:12]}"
    parameters = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    with signed_in(running):
        storage.storage_accounts.begin_create(GROUP, name, parameters).result()
    return name


@pytest.fixture
def config(storage: StorageManagementClient, account: str, running: dict[str, str]) -> Iterator[InferenceConfig]:
    """What `inference.config.json` would say about a new, empty share."""
    share = f"share{uuid.uuid4().hex[:12]}"
    with signed_in(running):
        storage.file_shares.create(GROUP, account, share, {})
        yield InferenceConfig(
            SUBSCRIPTION_ID=running["ARM_SUBSCRIPTION_ID"],
            RESOURCE_GROUP_NAME=GROUP,
            STORAGE_ACCOUNT_NAME=account,
            FILE_SHARE_NAME=share,
            ACA_APP_NAME="app",
            ACA_APP_ENDPOINT="127.0.0.1",
        )


@pytest.fixture
def address(config: InferenceConfig, azure: cloud.Cloud) -> ShareAddress:
    """Address of the new share."""
    return share_address(config, azure)


@pytest.fixture
def deployed(config: InferenceConfig, azure: cloud.Cloud, tmp_path: Path) -> Iterator[Deployed]:
    """An app that answers "one", on a share of its own."""
    made = Deployed(azure, config.storage_account_name, config.file_share_name, tmp_path)
    endpoint.wait_until_ready(made.url, 60)
    yield made
    made.close()
