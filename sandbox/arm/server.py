"""ARM over HTTP: authentication, JSON, headers and errors around `dispatch`."""

import json
import logging
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.arm.conditions import Etag
from sandbox.arm.directory import Directory
from sandbox.arm.dispatch import Call, Dispatch
from sandbox.arm.errors import ArmError, invalid
from sandbox.arm.lifecycle import Reply
from sandbox.arm.log_streams import LogStreams
from sandbox.arm.resources import JsonObject
from sandbox.tokens import Tokens

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
_METHODS: Final = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"]

_log = logging.getLogger("sandbox.arm")


def arm_application(
    dispatch: Dispatch,
    directory: Directory,
    streams: LogStreams,
    tokens: Tokens,
    tenant_id: str,
    sign_in: Sequence[Route],
) -> Starlette:
    """The ASGI application that plays Azure Resource Manager, with the routes of `sign_in` beside it."""

    async def metadata(request: Request) -> Response:
        return _response(request, Reply(body=directory.metadata()))

    async def everything_else(request: Request) -> Response:
        try:
            _authenticate(request, tokens, tenant_id)
            logs = streams.answer(request)
            return logs if logs is not None else _response(request, await dispatch.answer(await _call(request)))
        except ArmError as error:
            headers = {} if error.status != 401 else {"WWW-Authenticate": _challenge(request, tenant_id, error.code)}
            return _response(request, Reply(error.status, error.body, headers))
        except Exception:
            _log.exception("%s %s", request.method, request.url.path)
            error = ArmError(500, "InternalServerError", "Unexpected; the sandbox's log says more.")
            return _response(request, Reply(error.status, error.body))

    return Starlette(
        routes=[
            Route("/metadata/endpoints", metadata, methods=["GET"]),
            *sign_in,
            Route("/{path:path}", everything_else, methods=_METHODS),
        ]
    )


def _authenticate(request: Request, tokens: Tokens, tenant_id: str) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ArmError(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    try:
        tokens.claims(token)
    except jwt.ExpiredSignatureError as error:
        raise ArmError(401, "ExpiredAuthenticationToken", "The access token expiry is in the past.") from error
    except jwt.InvalidAudienceError as error:
        raise ArmError(
            401, "InvalidAuthenticationTokenAudience", "The access token has been obtained for the wrong audience."
        ) from error
    except jwt.InvalidTokenError as error:
        raise ArmError(401, "InvalidAuthenticationToken", f"The access token is invalid: {error}.") from error


def _challenge(request: Request, tenant_id: str, code: str) -> str:
    authority = f"{request.url.scheme}://{request.url.netloc}/{tenant_id}"
    return f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{code}"'


async def _call(request: Request) -> Call:
    etag = Etag(request.headers.get("if-match"), request.headers.get("if-none-match"))
    return Call(
        request.method, request.scope["path"], str(request.url), dict(request.query_params), await _body(request), etag
    )


async def _body(request: Request) -> JsonObject:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY_BYTES:
            raise ArmError(413, "RequestContentTooLarge", f"A request may have {MAX_BODY_BYTES} bytes at most.")
    if not received.strip():
        if request.method in {"PUT", "PATCH"}:
            raise invalid("InvalidRequestContent", "The request content was invalid: it is empty.")
        return {}
    try:
        content: Any = json.loads(received)
    except (ValueError, RecursionError) as error:
        raise invalid(
            "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{error}'."
        ) from error
    if not isinstance(content, dict):
        raise invalid("InvalidRequestContent", "The request content was invalid: it must be a JSON object.")
    return content


def _response(request: Request, reply: Reply) -> Response:
    request_id = str(uuid.uuid4())
    headers = {
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": request.headers.get("x-ms-correlation-request-id", request_id),
        "x-ms-routing-request-id": f"SANDBOX:{datetime.now(UTC):%Y%m%dT%H%M%SZ}:{request_id}",
        "Cache-Control": "no-cache",
        **reply.headers,
    }
    if request.headers.get("x-ms-return-client-request-id", "").lower() == "true":
        headers["x-ms-client-request-id"] = request.headers.get("x-ms-client-request-id", request_id)
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    content = json.dumps(reply.body)
    return Response(content, reply.status, headers, media_type="application/json; charset=utf-8")
