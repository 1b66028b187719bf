"""A service whose requests meet the faults that were set, in the service's own form of errors."""

import asyncio
import json
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import RETRY_AFTER_SECONDS, Faults, Kind, ListedFault

THROTTLED: Final = 429


def faulty(service: str, application: ASGIApp, faults: Faults) -> ASGIApp:
    """The application, with faults around it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        fault = faults.of_request(service, scope["method"], scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await application(scope, receive, send)
            return
        match fault.kind:
            case Kind.SLOW:
                await asyncio.sleep(fault.seconds)
                await application(scope, receive, send)
            case Kind.LOST:
                await application(scope, receive, _cut(send))
            case Kind.TIMEOUT:
                await asyncio.sleep(fault.seconds)
                await _nothing(send)
            case _:
                await _refusal(service, fault)(scope, receive, send)

    return answer


def _refusal(service: str, fault: ListedFault) -> Response:
    throttled = fault.kind is Kind.THROTTLE
    status = THROTTLED if throttled else fault.status
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if throttled else {}
    message = "This fault was set in the sandbox."
    if service == "files":
        code = "ServerBusy" if throttled or status == 503 else "InternalError"
        body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
        return Response(body, status, {**headers, "x-ms-error-code": code}, media_type="application/xml")
    code = "TooManyRequests" if throttled else "ServiceUnavailable" if status == 503 else "InternalServerError"
    body = json.dumps({"error": {"code": code, "message": message}})
    return Response(body, status, headers, media_type="application/json; charset=utf-8")


def _cut(send: Send) -> Send:
    """Tells the start of the answer and never its body, which is promised: the server then closes the connection."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(_promising(message))

    return sending


async def _nothing(send: Send) -> None:
    await send(_promising({"type": "http.response.start", "status": 200, "headers": []}))


def _promising(message: Message) -> Message:
    headers: list[tuple[bytes, bytes]] = [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]
    promised: dict[str, Any] = {**message, "headers": [*headers, (b"content-length", b"1048576")]}
    return promised
