"""Microsoft Entra ID, as far as a service principal signs in to it: discovery and the client credentials grant.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and, for the codes,
https://learn.microsoft.com/entra/identity-platform/reference-error-codes. The one service principal is the sandbox's
identity; its secret is the identity header, which opens everything anyway. Nobody is federated with it.
"""

import hmac
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.tokens import CLIENT_ID, TOKEN_LIFETIME_SECONDS, Tokens

MAX_FORM_BYTES: Final = 64 * 1024
_SCOPE: Final = "/.default"
_GRANT: Final = "client_credentials"


def entra_routes(tokens: Tokens, authority: str, tenant_id: str, secret: str) -> list[Route]:
    """The routes below `authority` (a URL) of the one tenant."""

    async def configuration(request: Request) -> Response:
        if (refusal := _other_tenant(request, tenant_id)) is not None:
            return refusal
        tenant = f"{authority}/{tenant_id}"
        return JSONResponse(
            {
                "issuer": f"{tenant}/v2.0",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "response_types_supported": ["token"],
                "subject_types_supported": ["pairwise"],
            }
        )

    async def token(request: Request) -> Response:
        if (refusal := _other_tenant(request, tenant_id)) is not None:
            return refusal
        form = await _form(request)
        if form is None:
            return _error(413, "invalid_request", f"The request has more than {MAX_FORM_BYTES} bytes.")
        if (refusal := _refusal(form, secret)) is not None:
            return refusal
        issued = tokens.issue(form["scope"].removesuffix(_SCOPE))
        lifetime = {"expires_in": TOKEN_LIFETIME_SECONDS, "ext_expires_in": TOKEN_LIFETIME_SECONDS}
        return JSONResponse({"token_type": "Bearer", "access_token": issued["access_token"], **lifetime})

    return [
        Route("/{tenant}/v2.0/.well-known/openid-configuration", configuration, methods=["GET"]),
        Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
    ]


def _other_tenant(request: Request, tenant_id: str) -> Response | None:
    tenant = request.path_params["tenant"]
    if tenant.lower() == tenant_id.lower():
        return None
    return _error(400, "invalid_tenant", f"AADSTS90002: Tenant '{tenant}' not found.")


def _refusal(form: dict[str, str], secret: str) -> Response | None:
    client = form.get("client_id", "")
    if form.get("grant_type") != _GRANT:
        return _error(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
    if not form.get("scope", "").endswith(_SCOPE):
        return _error(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.")
    if client.lower() != CLIENT_ID:
        text = f"AADSTS700016: Application with identifier '{client}' was not found in the directory."
        return _error(400, "unauthorized_client", text)
    if "client_assertion" in form:
        text = "AADSTS700213: No matching federated identity record found for presented assertion subject."
        return _error(401, "invalid_client", text)
    if "client_secret" not in form:
        text = "AADSTS7000216: 'client_assertion' or 'client_secret' is required for the grant type."
        return _error(401, "invalid_client", text)
    if not hmac.compare_digest(form["client_secret"].encode(), secret.encode()):
        return _error(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
    return None


async def _form(request: Request) -> dict[str, str] | None:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_FORM_BYTES:
            return None
    return {name: values[0] for name, values in parse_qs(received.decode("utf-8", "replace")).items()}


def _error(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
