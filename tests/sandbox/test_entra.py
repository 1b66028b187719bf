"""Service principals sign in at the sandbox as at Entra ID: judged by azure-identity and MSAL, unmodified."""

import ssl
from collections.abc import Iterator

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential

from sandbox.tokens import CLIENT_ID
from tests.sandbox.conftest import Clients
from tests.sign_in import signed_in


@pytest.fixture(autouse=True)
def own_sandbox(clients: Clients) -> Iterator[None]:
    """Makes this process a client of these tests' sandbox, with its authority trusted."""
    with signed_in(clients.endpoints.environment):
        yield


@pytest.fixture
def trust(clients: Clients) -> ssl.SSLContext:
    """The sandbox's authority."""
    return ssl.create_default_context(cafile=clients.endpoints.bundle)


@pytest.fixture
def entra(clients: Clients, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    """Plain requests to the tenant."""
    told = clients.endpoints
    with httpx.Client(base_url=f"{told.arm_url}/{told.tenant_id}", verify=trust, trust_env=False) as client:
        yield client


def credential(clients: Clients, secret: str, client_id: str = CLIENT_ID) -> ClientSecretCredential:
    told = clients.endpoints
    return ClientSecretCredential(
        told.tenant_id, client_id, secret, authority=told.arm_url, disable_instance_discovery=True
    )


def test_a_secret_gives_a_token_that_arm_takes(clients: Clients, trust: ssl.SSLContext) -> None:
    scope = f"{clients.endpoints.arm_url}/.default"
    with credential(clients, clients.endpoints.identity_header) as principal:
        token = principal.get_token(scope).token
    answer = httpx.get(
        f"{clients.endpoints.arm_url}/subscriptions/{clients.endpoints.subscription_id}?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {token}"},
        verify=trust,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text


def test_the_managed_identity_gives_one_too(clients: Clients) -> None:
    with ManagedIdentityCredential() as identity:
        assert identity.get_token(f"{clients.endpoints.arm_url}/.default").token


def test_a_wrong_secret_is_refused(clients: Clients) -> None:
    with (
        credential(clients, "wrong") as principal,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        principal.get_token(f"{clients.endpoints.arm_url}/.default")


@pytest.mark.parametrize(
    ("form", "status", "error", "code"),
    [
        ({}, 400, "unsupported_grant_type", "AADSTS70003"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "AADSTS70003"),
        ({"grant_type": "client_credentials"}, 400, "invalid_scope", "AADSTS1002012"),
        (
            {"grant_type": "client_credentials", "scope": "x/.default", "client_id": "other"},
            400,
            "unauthorized_client",
            "AADSTS700016",
        ),
        (
            {"grant_type": "client_credentials", "scope": "x/.default", "client_id": CLIENT_ID},
            401,
            "invalid_client",
            "AADSTS7000216",
        ),
        (
            {"grant_type": "client_credentials", "scope": "x/.default", "client_id": CLIENT_ID, "client_secret": "é"},
            401,
            "invalid_client",
            "AADSTS7000215",
        ),
        ({"grant_type": "x" * 70_000}, 413, "invalid_request", "bytes"),
    ],
)
def test_other_requests_get_the_services_errors(
    entra: httpx.Client, form: dict[str, str], status: int, error: str, code: str
) -> None:
    answer = entra.post("/oauth2/v2.0/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert code in answer.json()["error_description"]


def test_another_tenant_is_not_there(clients: Clients, entra: httpx.Client) -> None:
    answer = entra.get(f"{clients.endpoints.arm_url}/other/v2.0/.well-known/openid-configuration")
    assert answer.status_code == 400
    assert "AADSTS90002" in answer.json()["error_description"]
