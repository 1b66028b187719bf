"""The plain-HTTP listener: tokens for managed identities, and the sandbox's own control routes.

Tokens as in App Service and Container Apps: GET with `resource`, `api-version` and the header X-IDENTITY-HEADER,
https://learn.microsoft.com/azure/container-apps/managed-identity#rest-endpoint-reference. The control routes want the
same header: whoever may log in as the sandbox's identity may also ask after it.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import Fault, Faults
from sandbox.tokens import Tokens

TOKEN_PATH: Final = "/msi/token"  # noqa: S105  a path


class AppReport(BaseModel):
    """A container app as the sandbox's status shows it."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    address: str | None
    """URL under which the app answers on this machine; None without ingress."""
    running_status: str
    problems: tuple[str, ...] = ()


class SandboxStatus(BaseModel):
    """A running sandbox: where it listens and what it runs."""

    model_config = ConfigDict(frozen=True)

    pid: int
    arm_url: str
    files_url: str
    identity_url: str
    provider_port: int | None
    """Port of the azure-native stand-in; None if this sandbox has none."""
    subscription_id: str
    tenant_id: str
    apps: tuple[AppReport, ...] = ()
    problems: tuple[str, ...] = ()


class Images(BaseModel):
    """Image references and their folders on this machine."""

    images: dict[str, Path]


@dataclass(frozen=True)
class Control:
    """What the control routes ask and tell."""

    status: Callable[[], SandboxStatus]
    learn_images: Callable[[Mapping[str, Path]], None]
    faults: Faults


def identity_application(tokens: Tokens, header: str, control: Control) -> Starlette:
    """The ASGI application."""

    def refused(request: Request) -> Response | None:
        shown = request.headers.get("x-identity-header", "")
        if hmac.compare_digest(shown.encode(), header.encode()):
            return None
        return _error(401, "unauthorized_client", "X-IDENTITY-HEADER is missing or wrong.")

    async def token(request: Request) -> Response:
        resource = request.query_params.get("resource", "")
        if (refusal := refused(request)) is not None:
            return refusal
        if not resource or not request.query_params.get("api-version"):
            return _error(400, "invalid_request", "The parameters resource and api-version are required.")
        return JSONResponse(tokens.issue(resource))

    async def show_status(request: Request) -> Response:
        return refused(request) or JSONResponse(control.status().model_dump(mode="json"))

    async def put_images(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        try:
            control.learn_images(Images.model_validate_json(await request.body()).images)
        except ValidationError as error:
            return _error(400, "invalid_request", str(error))
        return Response(status_code=204)

    async def list_faults(request: Request) -> Response:
        return refused(request) or JSONResponse([fault.model_dump(mode="json") for fault in control.faults.listed()])

    async def add_fault(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        try:
            fault = Fault.model_validate_json(await request.body())
        except ValidationError as error:
            return _error(400, "invalid_request", str(error))
        return JSONResponse(control.faults.add(fault).model_dump(mode="json"), 201)

    async def clear_faults(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        number = request.path_params.get("number")
        return JSONResponse({"cleared": control.faults.clear(number)})

    return Starlette(
        routes=[
            Route(TOKEN_PATH, token, methods=["GET"]),
            Route("/sandbox/status", show_status, methods=["GET"]),
            Route("/sandbox/images", put_images, methods=["PUT"]),
            Route("/sandbox/faults", list_faults, methods=["GET"]),
            Route("/sandbox/faults", add_fault, methods=["POST"]),
            Route("/sandbox/faults", clear_faults, methods=["DELETE"]),
            Route("/sandbox/faults/{number:int}", clear_faults, methods=["DELETE"]),
        ]
    )


def _error(status: int, code: str, description: str) -> Response:
    return JSONResponse({"error": code, "error_description": description}, status)
