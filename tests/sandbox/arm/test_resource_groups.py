"""Resource groups, the subscription around them, and ARM's general rules, as the resource SDK and HTTP see them."""

import json
import ssl
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.sandbox.conftest import LOCATION, Clients, Cloud


def request(
    cloud: Cloud, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
) -> tuple[int, Any, Any]:
    """Status, JSON body and headers of a request as any HTTP client makes it."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    sent = urllib.request.Request(f"{cloud.endpoints.arm_url}{path}", data, headers, method=method)
    context = ssl.create_default_context(cafile=str(cloud.endpoints.bundle))
    try:
        with urllib.request.urlopen(sent, context=context, timeout=20) as response:
            return response.status, json.loads(response.read() or b"null"), response.headers
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null"), error.headers


@pytest.fixture
def token(cloud: Cloud, clients: Clients) -> str:
    return clients.credential.get_token(f"{cloud.endpoints.arm_url}/.default").token


def test_a_group_is_created_once_then_updated_in_place(clients: Clients, cloud: Cloud, token: str) -> None:
    path = f"/subscriptions/{cloud.endpoints.subscription_id}/resourcegroups/once?api-version=2025-04-01"
    assert request(cloud, "PUT", path, {"location": LOCATION}, token)[0] == 201
    status, body, _ = request(cloud, "PUT", path, {"location": LOCATION, "tags": {"a": "1"}}, token)
    assert (status, body["tags"]) == (200, {"a": "1"})
    assert body["id"].endswith("/resourceGroups/once")


def test_names_are_compared_without_case_and_kept_as_first_written(clients: Clients) -> None:
    groups = clients.resources.resource_groups
    groups.create_or_update("MixedCase", {"location": LOCATION})  # type: ignore[arg-type]
    assert groups.get("mixedcase").name == "MixedCase"
    assert groups.check_existence("MIXEDCASE")
    assert not groups.check_existence("another")


def test_patch_replaces_tags_as_a_whole(clients: Clients, group: str) -> None:
    groups = clients.resources.resource_groups
    groups.update(group, {"tags": {"a": "1", "b": "2"}})  # type: ignore[arg-type]
    assert groups.update(group, {"tags": {"c": "3"}}).tags == {"c": "3"}  # type: ignore[arg-type]


def test_a_group_never_moves(clients: Clients, group: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        clients.resources.resource_groups.create_or_update(group, {"location": "westeurope"})  # type: ignore[arg-type]
    assert refused.value.status_code == 409
    assert refused.value.error is not None and refused.value.error.code == "InvalidResourceLocation"


def test_deleting_a_group_deletes_everything_in_it(clients: Clients, cloud: Cloud, group: str) -> None:
    account = clients.make_account(group)
    clients.storage.file_shares.create(group, account, "models", {})  # type: ignore[arg-type]
    folder = cloud.folder.shares / account / "models"
    assert folder.is_dir()
    clients.resources.resource_groups.begin_delete(group).result()
    assert not clients.resources.resource_groups.check_existence(group)
    assert not folder.exists()
    with pytest.raises(ResourceNotFoundError, match="ResourceGroupNotFound"):
        clients.storage.storage_accounts.get_properties(group, account)


def test_members_and_subscription_are_listed(clients: Clients, group: str) -> None:
    account = clients.make_account(group)
    assert [item.name for item in clients.resources.resources.list_by_resource_group(group)] == [account]
    assert group in [item.name for item in clients.resources.resource_groups.list()]
    assert clients.resources.providers.get("Microsoft.App").registration_state == "Registered"


def test_metadata_needs_no_token_and_never_names_the_public_cloud(cloud: Cloud) -> None:
    status, body, _ = request(cloud, "GET", "/metadata/endpoints?api-version=2022-09-01")
    assert status == 200
    assert body["name"] not in {"AzureCloud", ""}
    assert body["resourceManager"] == cloud.endpoints.arm_url
    assert body["authentication"]["audiences"]


@pytest.mark.parametrize("sent", [None, "nonsense", "eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0."])
def test_without_a_token_of_its_own_arm_refuses(cloud: Cloud, sent: str | None) -> None:
    status, body, headers = request(cloud, "GET", "/subscriptions?api-version=2022-12-01", token=sent)
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Bearer ")
    assert set(body["error"]) >= {"code", "message"}


def test_a_token_for_another_audience_is_refused(cloud: Cloud, clients: Clients) -> None:
    other = clients.credential.get_token("https://vault.azure.net/.default").token
    status, body, _ = request(cloud, "GET", "/subscriptions?api-version=2022-12-01", token=other)
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience"), body


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "MissingApiVersionParameter"), ("?api-version=latest", "InvalidApiVersionParameter")],
)
def test_the_api_version_is_required_and_a_date(cloud: Cloud, token: str, query: str, code: str) -> None:
    status, body, headers = request(cloud, "GET", f"/subscriptions{query}", token=token)
    assert (status, body["error"]["code"]) == (400, code)
    assert headers["x-ms-request-id"]


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff\xfe", b"[" * 100_000, b""])
def test_a_body_that_is_no_json_object_is_refused_in_arms_shape(cloud: Cloud, token: str, body: bytes) -> None:
    path = f"/subscriptions/{cloud.endpoints.subscription_id}/resourceGroups/broken?api-version=2025-04-01"
    status, answer, _ = request(cloud, "PUT", path, body, token)
    assert (status, answer["error"]["code"]) == (400, "InvalidRequestContent")


def test_another_subscription_is_not_found(cloud: Cloud, token: str) -> None:
    path = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups?api-version=2025-04-01"
    status, body, _ = request(cloud, "GET", path, token=token)
    assert (status, body["error"]["code"]) == (404, "SubscriptionNotFound")


def test_the_token_route_wants_the_identity_header(cloud: Cloud) -> None:
    url = f"{cloud.endpoints.environment['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource=x"
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, headers={"X-IDENTITY-HEADER": "guess"}))
    with refused.value as error:
        assert error.code == 401
