"""Storage accounts, their keys, file services and shares, as the storage SDK sees them."""

import threading
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import LOCATION, Clients, Cloud

ACCOUNT: Any = {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


def code_of(error: pytest.ExceptionInfo[HttpResponseError]) -> str | None:
    return error.value.error.code if error.value.error is not None else None


def test_an_account_comes_with_its_file_service_and_endpoint(clients: Clients, cloud: Cloud, group: str) -> None:
    account = clients.make_account(group)
    found = clients.storage.storage_accounts.get_properties(group, account)
    assert found.primary_endpoints is not None
    assert found.primary_endpoints.file == f"{cloud.endpoints.files_url}/{account}/"
    assert found.provisioning_state == "Succeeded"
    assert clients.storage.file_services.get_service_properties(group, account).name == "default"
    assert [item.name for item in clients.storage.storage_accounts.list_by_resource_group(group)] == [account]


def test_settings_of_the_file_service_are_kept(clients: Clients, group: str) -> None:
    account = clients.make_account(group)
    wanted: Any = {"properties": {"shareDeleteRetentionPolicy": {"enabled": True, "days": 3}}}
    clients.storage.file_services.set_service_properties(group, account, wanted)
    kept = clients.storage.file_services.get_service_properties(group, account).as_dict()
    assert kept["properties"]["shareDeleteRetentionPolicy"]["days"] == 3


def test_an_update_changes_only_what_it_names(clients: Clients, group: str) -> None:
    account = clients.make_account(group)
    accounts = clients.storage.storage_accounts
    key = clients.account_key(group, account)
    accounts.update(group, account, {"properties": {"minimumTlsVersion": "TLS1_2"}, "tags": {"a": "1"}})  # type: ignore[arg-type]
    accounts.begin_create(group, account, ACCOUNT).result()
    found = accounts.get_properties(group, account)
    assert (found.minimum_tls_version, found.tags) == ("TLS1_2", {"a": "1"})
    assert clients.account_key(group, account) == key


@pytest.mark.parametrize("name", ["UPPER", "ab", "a" * 25, "has-dash"])
def test_a_bad_account_name_is_refused(clients: Clients, group: str, name: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        # The SDK checks the same rule before it asks; the server must not rely on that.
        clients.storage.storage_accounts.begin_create(group, name, ACCOUNT)
    assert refused.value.status_code == 400
    assert code_of(refused) == "AccountNameInvalid"


def test_account_names_are_unique_in_all_of_azure(clients: Clients, group: str) -> None:
    account = clients.make_account(group)
    with pytest.raises(HttpResponseError) as refused:
        clients.storage.storage_accounts.begin_create(clients.make_group(), account, ACCOUNT)
    assert (refused.value.status_code, code_of(refused)) == (409, "StorageAccountInAnotherResourceGroup")


def test_a_regenerated_key_replaces_exactly_one(clients: Clients, group: str) -> None:
    account = clients.make_account(group)
    files = clients.files(group, account)
    before = clients.storage.storage_accounts.list_keys(group, account).as_dict()["keys"]
    clients.storage.storage_accounts.regenerate_key(group, account, {"keyName": "key1"})  # type: ignore[arg-type]
    after = clients.storage.storage_accounts.list_keys(group, account).as_dict()["keys"]
    assert before[0]["value"] != after[0]["value"]
    assert before[1]["value"] == after[1]["value"]
    with files, pytest.raises(ClientAuthenticationError):
        list(files.list_shares())


def test_a_share_of_arm_is_a_share_of_the_data_plane_and_back(clients: Clients, group: str) -> None:
    account = clients.make_account(group)
    made = clients.storage.file_shares.create(group, account, "models", {"properties": {"shareQuota": 7}})  # type: ignore[arg-type]
    assert made.share_quota == 7
    with clients.files(group, account) as files:
        assert files.get_share_client("models").get_share_properties().quota == 7
        files.create_share("other", metadata={"owner": "me"})
        listed = {share.name: share for share in clients.storage.file_shares.list(group, account)}
        assert set(listed) == {"models", "other"}
        assert clients.storage.file_shares.get(group, account, "other").metadata == {"owner": "me"}
        clients.storage.file_shares.delete(group, account, "models")
        assert [share.name for share in files.list_shares()] == ["other"]


def test_a_share_needs_its_account(clients: Clients, group: str) -> None:
    with pytest.raises(ResourceNotFoundError):
        clients.storage.file_shares.create(group, "nosuchaccount", "models", {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "quota", "code"),
    [
        ("Upper", 5, "InvalidResourceName"),
        ("a--b", 5, "InvalidResourceName"),
        ("fine", 0, "InvalidRequestPropertyValue"),
    ],
)
def test_a_bad_share_is_refused(clients: Clients, group: str, name: str, quota: int, code: str) -> None:
    account = clients.make_account(group)
    with pytest.raises(HttpResponseError) as refused:
        clients.storage.file_shares.create(group, account, name, {"properties": {"shareQuota": quota}})  # type: ignore[arg-type]
    assert (refused.value.status_code, code_of(refused)) == (400, code)


def test_a_deleted_share_comes_back_empty(clients: Clients, group: str) -> None:
    account = clients.make_account(group)
    clients.storage.file_shares.create(group, account, "models", {})  # type: ignore[arg-type]
    with clients.files(group, account) as files, files.get_share_client("models") as share:
        share.create_directory("left-over")
        share.delete_share()
        files.create_share("models")
        assert list(share.list_directories_and_files()) == []


def test_deleting_what_is_not_there_is_no_error(clients: Clients, group: str) -> None:
    clients.storage.storage_accounts.delete(group, "nosuchaccount")


def test_parallel_creations_of_one_account_agree(clients: Clients, group: str) -> None:
    """Two writers of the same resource get the same keys, never each its own."""
    keys: list[str] = []

    def create() -> None:
        clients.storage.storage_accounts.begin_create(group, "contested", ACCOUNT).result()
        keys.append(clients.account_key(group, "contested"))

    clients.make_account(group)
    threads = [threading.Thread(target=_ignoring_conflict, args=(create,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys
    assert len(set(keys)) == 1


def _ignoring_conflict(create: Any) -> None:
    try:
        create()
    except HttpResponseError as error:
        assert error.status_code == 409


def test_whether_a_name_is_free(clients: Clients, group: str) -> None:
    account = clients.make_account(group)
    ask = clients.storage.storage_accounts.check_name_availability
    kind = "Microsoft.Storage/storageAccounts"
    answers = [ask({"name": name, "type": kind}) for name in (account, "stillfree9", "Not_A_Name")]  # type: ignore[arg-type, misc]
    assert [(found.name_available, found.reason) for found in answers] == [
        (False, "AlreadyExists"),
        (True, None),
        (False, "AccountNameInvalid"),
    ]
