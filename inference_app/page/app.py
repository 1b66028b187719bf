"""The chat page as an ASGI app that is there at once: Gradio takes seconds to import, the API does not wait for it."""

import asyncio
import importlib
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference_app.api.guards import Guarded
from inference_app.keys import ApiKeys
from inference_app.limits import MAX_BODY_BYTES
from inference_app.logs import log
from inference_app.service import InferenceService

if TYPE_CHECKING:
    from fastapi import FastAPI

STARTING = (Path(__file__).parent / "starting.html").read_text(encoding="utf-8")
API_PREFIXES = ("/v1", "/health", "/metrics", "/tokenize")
# What the page itself calls. Gradio has more, such as a route that takes files from anybody.
GRADIO_CALLS = ("/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/run/")
# What a model writes must not make a browser ask other hosts for pictures.
CONTENT_POLICY = "img-src 'self' data: blob:; media-src 'self' data: blob:"
# Gradio reports its use to its makers and looks for updates unless told otherwise; it reads this when imported.
OFFLINE = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "GRADIO_RUN_HISTORY": "False"}


class PageApp:
    """Answers with a page that reloads itself until Gradio is there."""

    def __init__(self, service: InferenceService, keys: ApiKeys) -> None:
        self._service = service
        self._keys = keys
        self._app: ASGIApp | None = None
        self._open = AsyncExitStack()

    def owns(self, scope: Scope) -> bool:
        """Whether a request is for the page: what is read outside the API, and Gradio's own calls."""
        path = scope["path"]
        if path.startswith(API_PREFIXES):
            return False
        return scope["method"] in ("GET", "HEAD") or path.startswith(GRADIO_CALLS)

    async def load(self) -> None:
        """Imports Gradio in a thread and starts the page."""
        os.environ.update(OFFLINE)
        try:
            app = await asyncio.to_thread(self._build)
            await self._open.enter_async_context(app.router.lifespan_context(app))
        except Exception:  # without the page, the API still serves
            log("the chat page cannot be shown", level=40, exc_info=True)
            return
        self._app = Guarded(app, ApiKeys([]), MAX_BODY_BYTES)  # without keys: the page asks for one itself
        log("chat page ready")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request to the page."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = CONTENT_POLICY
            await send(message)

        app = self._app or HTMLResponse(STARTING, 503, {"Retry-After": "2"})
        await app(scope, receive, send_with_policy)

    async def close(self) -> None:
        """Ends what Gradio started."""
        await self._open.aclose()

    def _build(self) -> "FastAPI":
        chat = importlib.import_module("inference_app.page.chat")
        return chat.build_page(self._service, self._keys)
