"""Noticing that the client has left, whether or not anything is being sent to it."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from inference_app.errors import InferenceError

T = TypeVar("T")
CLIENT_CLOSED_REQUEST = 499  # nobody reads it; it is for the log of whoever stands in between


class ClientGoneError(InferenceError):
    """The client closed the connection before its answer was there."""

    status = CLIENT_CLOSED_REQUEST
    default_code = "client_closed_request"


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; as soon as the client leaves, the work is cancelled and `ClientGoneError` raised.

    The request's body must have been read: from then on, the next that ASGI delivers is the disconnect. Returns only
    when the work has really ended.
    """
    task = asyncio.ensure_future(work)
    watcher = asyncio.ensure_future(_disconnect(receive))
    try:
        await asyncio.wait({task, watcher}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGoneError("the client closed the connection")
        return task.result()
    finally:
        for future in (task, watcher):
            future.cancel()
        await asyncio.gather(task, watcher, return_exceptions=True)


class EventStream(Response):
    """Server-sent events from a generator, which is closed with its source the moment the client leaves."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str, None], source: AsyncGenerator[Any, None], seconds: float) -> None:
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._source = source
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the events; ends quietly when nobody listens any more, or nobody reads for all the time there is."""
        try:
            with suppress(ClientGoneError, OSError):  # a TimeoutError is an OSError
                async with asyncio.timeout(self._seconds):
                    await unless_gone(receive, self._send(send))
        finally:
            await self._source.aclose()  # also where the events have not begun

    async def _send(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for event in events:
                await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
