"""What stands before every route: the API key and the limit on a body's size. Plain ASGI, so that streams pass."""

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference_app.api.errors import error_response
from inference_app.errors import BodyTooLargeError, UnauthorizedError
from inference_app.keys import ApiKeys

OPEN_PREFIX = "/health/"


class Guarded:
    """Lets a request through to the app if its key and its size are in order; health routes need no key."""

    def __init__(self, app: ASGIApp, keys: ApiKeys, max_body_bytes: int) -> None:
        self._app = app
        self._keys = keys
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            if not scope["path"].startswith(OPEN_PREFIX):
                self._keys.check(_bearer(request))
            self._check_length(request)
        except (UnauthorizedError, BodyTooLargeError) as error:
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send)

    def _check_length(self, request: Request) -> None:
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._max_body_bytes:
            raise self._too_large()

    def _limited(self, receive: Receive) -> Receive:
        """For bodies that come in chunks without a length."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_body_bytes:
                raise self._too_large()
            return message

        return counted

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"the body is larger than {self._max_body_bytes} bytes")


def _bearer(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None
