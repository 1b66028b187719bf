"""Who this is to Azure: whoever the azure-native provider is, so that a deployment and its commands act as one.

The provider's variables are read in the provider's order: certificate, secret, OIDC, then managed identity and az, as
`DefaultAzureCredential` knows (https://www.pulumi.com/registry/packages/azure-native/installation-configuration/).
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from azure.core import PipelineClient
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
)

from operations.cloud import Cloud
from operations.errors import CloudError

Credential = CertificateCredential | ClientAssertionCredential | ClientSecretCredential | DefaultAzureCredential
"""Any of them closes with its context."""
DEFAULT_AUDIENCE: Final = "api://AzureADTokenExchange"
_TRUE: Final = ("1", "t", "true")
_ABSENT: Final = re.compile("unavailable|not installed|not found|could not be found|[Nn]o accounts|requires the")
"""What the SDK says of a way of signing in that is not set up."""


def azure_credential(cloud: Cloud) -> Credential:
    """The credential that the environment describes; nothing is asked for yet.

    Raises:
        CloudError: the variables contradict each other, or a certificate cannot be read.
    """
    given = os.environ
    tenant, client = given.get("ARM_TENANT_ID", ""), given.get("ARM_CLIENT_ID", "")
    if not client or _is_set(given, "ARM_USE_DEFAULT_AZURE_CREDENTIAL"):
        return DefaultAzureCredential()
    where = {
        "authority": cloud.authority,
        "disable_instance_discovery": _is_set(given, "ARM_DISABLE_INSTANCE_DISCOVERY"),
    }
    certificate, secret = given.get("ARM_CLIENT_CERTIFICATE_PATH"), given.get("ARM_CLIENT_SECRET")
    uses_oidc = _is_set(given, "ARM_USE_OIDC")
    if (certificate or secret or uses_oidc) and not tenant:
        raise CloudError("ARM_CLIENT_ID is set, but not ARM_TENANT_ID, the tenant that it signs in to")
    if certificate:
        password = given.get("ARM_CLIENT_CERTIFICATE_PASSWORD")
        try:
            return CertificateCredential(tenant, client, certificate, password=password, **where)
        except (OSError, ValueError) as error:
            raise CloudError(f"ARM_CLIENT_CERTIFICATE_PATH: {certificate} cannot be used: {error}") from error
    if secret:
        return ClientSecretCredential(tenant, client, secret, **where)
    if uses_oidc:
        return ClientAssertionCredential(tenant, client, _assertion(given), **where)
    # With ARM_USE_MSI the client id is that of a user-assigned identity.
    return DefaultAzureCredential(managed_identity_client_id=client)


def not_signed_in(error: AzureError) -> CloudError:
    """What to do, and why the ways of signing in that are set up here failed; the SDK lists all that there are."""
    told = error.message.splitlines()
    if any(line.startswith("Attempted credentials") for line in told):
        told = [line for line in told if "Credential: " in line and not _ABSENT.search(line)]
    detail = " ".join(" ".join(told).split()) or "no way of signing in is set up here"
    return CloudError(f"not signed in to Azure: {detail}; run `az login`, or see docs/signing-in.md for other ways")


def _is_set(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").lower() in _TRUE


def _assertion(environment: Mapping[str, str]) -> Callable[[], str]:
    """Where the token of the pipeline comes from: it is short-lived, so a file and a service are asked each time."""
    token, file = environment.get("ARM_OIDC_TOKEN"), environment.get("ARM_OIDC_TOKEN_FILE_PATH")
    if token:
        return lambda: token
    if file:
        return lambda: _read(Path(file))
    url = environment.get("ARM_OIDC_REQUEST_URL") or environment.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    bearer = environment.get("ARM_OIDC_REQUEST_TOKEN") or environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not bearer:
        raise CloudError(
            "ARM_USE_OIDC is set, but no token is: give ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH, or"
            " ARM_OIDC_REQUEST_URL and ARM_OIDC_REQUEST_TOKEN; in GitHub Actions the job needs `id-token: write`"
        )
    audience = environment.get("ARM_OIDC_AUDIENCE") or DEFAULT_AUDIENCE
    return lambda: _ask(url, bearer, audience)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CloudError(f"ARM_OIDC_TOKEN_FILE_PATH: {file} cannot be read: {error.strerror}") from error


def _ask(url: str, bearer: str, audience: str) -> str:
    request = HttpRequest("GET", url, params={"audience": audience}, headers={"Authorization": f"Bearer {bearer}"})
    try:
        with PipelineClient(url) as client:
            answer = client.send_request(request)
            answer.raise_for_status()
            return str(answer.json()["value"])
    except AzureError as error:
        raise CloudError(f"the pipeline's token service does not give a token: {error.message}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CloudError("the pipeline's token service does not answer with a token") from error
