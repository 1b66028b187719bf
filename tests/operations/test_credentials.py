"""Commands sign in as the provider does: judged by what the sandbox's Entra ID and a pipeline's token service hear."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from operations.cloud import Cloud
from operations.credentials import azure_credential, not_signed_in
from operations.errors import CloudError
from operations.sign_in import check_sign_in
from sandbox.tokens import CLIENT_ID
from tests.operations.conftest import GROUP
from tests.sign_in import signed_in

NO_FEDERATION = "AADSTS700213"
"""What Entra ID says to an assertion that it knows no issuer of: that far the assertion came."""


@pytest.fixture
def principal(running: dict[str, str]) -> dict[str, str]:
    """What a pipeline with a service principal sets: no managed identity in sight."""
    kept = {key: value for key, value in running.items() if not key.startswith("IDENTITY_") and key != "ARM_USE_MSI"}
    return kept | {"ARM_CLIENT_ID": CLIENT_ID}


def test_a_service_principal_signs_in_with_its_secret(
    azure: Cloud, config: Any, running: dict[str, str], principal: dict[str, str]
) -> None:
    with signed_in(principal | {"ARM_CLIENT_SECRET": running["IDENTITY_HEADER"]}):
        check_sign_in()
        with azure_credential(azure) as credential:
            told: Any = {"base_url": azure.resource_manager, "credential_scopes": [f"{azure.audience}/.default"]}
            client = ResourceManagementClient(credential, running["ARM_SUBSCRIPTION_ID"], **told)
            assert client.resource_groups.get(GROUP).name == GROUP


def test_azures_own_variables_do_too(running: dict[str, str], principal: dict[str, str], azure: Cloud) -> None:
    own = {
        "AZURE_CLIENT_ID": CLIENT_ID,
        "AZURE_CLIENT_SECRET": running["IDENTITY_HEADER"],
        "AZURE_AUTHORITY_HOST": azure.authority,
    }
    del principal["ARM_CLIENT_ID"]
    with signed_in(principal | own), DefaultAzureCredential(disable_instance_discovery=True) as credential:
        assert credential.get_token(f"{azure.audience}/.default").token


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ARM_CLIENT_SECRET": "wrong"}, "AADSTS7000215"),
        ({"ARM_CLIENT_SECRET": "any", "ARM_CLIENT_ID": "11111111-1111-1111-1111-111111111111"}, "AADSTS700016"),
        ({"ARM_CLIENT_SECRET": "any", "ARM_TENANT_ID": ""}, "not ARM_TENANT_ID"),
        ({"ARM_CLIENT_CERTIFICATE_PATH": "nowhere.pem"}, "nowhere.pem cannot be used"),
        ({"ARM_USE_OIDC": "true"}, "no token is"),
        ({"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "a.b.c"}, NO_FEDERATION),
        ({"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": "nowhere"}, "nowhere cannot be read"),
    ],
)
def test_what_is_wrong_is_said_and_no_secret_with_it(
    principal: dict[str, str], change: dict[str, str], says: str
) -> None:
    with signed_in(principal | change), pytest.raises(CloudError, match=says) as raised:
        check_sign_in()
    assert "wrong" not in str(raised.value).replace("is wrong", "")
    assert "a.b.c" not in str(raised.value)


@pytest.fixture
def token_service() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Gives tokens as GitHub Actions does; its URL and what it was asked (path, authorization)."""
    asked: list[tuple[str, str | None]] = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            content = json.dumps({"value": "a.b.c"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002 - the base class's name

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/token?job=1", asked
        server.shutdown()


def test_a_pipeline_asks_its_token_service_and_presents_what_it_gets(
    principal: dict[str, str], token_service: tuple[str, list[tuple[str, str | None]]]
) -> None:
    url, asked = token_service
    oidc = {"ARM_USE_OIDC": "true", "ARM_OIDC_REQUEST_URL": url, "ARM_OIDC_REQUEST_TOKEN": "bearer"}
    with signed_in(principal | oidc), pytest.raises(CloudError, match=NO_FEDERATION):
        check_sign_in()
    [(path, authorization)] = asked
    assert parse_qs(urlsplit(path).query) == {"job": ["1"], "audience": ["api://AzureADTokenExchange"]}
    assert authorization == "Bearer bearer"


def test_a_certificate_signs_what_is_presented(principal: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "principal.pem"
    file.write_bytes(
        trustme.CA()
        .issue_cert("principal.example", key_type=trustme.KeyType.RSA)
        .private_key_and_cert_chain_pem.bytes()
    )
    with (
        signed_in(principal | {"ARM_CLIENT_CERTIFICATE_PATH": str(file)}),
        pytest.raises(CloudError, match=NO_FEDERATION),
    ):
        check_sign_in()


def test_a_token_file_is_read_each_time(principal: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a.b.c\n", encoding="utf-8")
    with (
        signed_in(principal | {"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": str(file)}),
        pytest.raises(CloudError, match=NO_FEDERATION),
    ):
        check_sign_in()


def test_of_the_ways_of_signing_in_only_those_that_are_set_up_are_told() -> None:
    tried = (
        "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n"
        "\tEnvironmentCredential: EnvironmentCredential authentication unavailable. Variables are not set.\n"
        "\tAzureCliCredential: {}\nTo mitigate this issue, please refer to the guidelines."
    )
    expired = not_signed_in(ClientAuthenticationError(tried.format("AADSTS700082: The refresh token has expired.")))
    assert "AADSTS700082" in str(expired)
    assert "Environment" not in str(expired)
    nothing = not_signed_in(ClientAuthenticationError(tried.format("Azure CLI not found on path")))
    assert "no way of signing in is set up here; run `az login`" in str(nothing)
    assert "invalid_client: the secret is wrong" in str(
        not_signed_in(ClientAuthenticationError("invalid_client:\nthe secret is wrong"))
    )
