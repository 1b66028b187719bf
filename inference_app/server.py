"""Puts the parts together, serves them, and stops without cutting anybody off."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from pathlib import PurePath

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from inference_app.admission import Admission
from inference_app.api.app import create_api
from inference_app.catalogue import Catalogue
from inference_app.deadlines import Deadlines
from inference_app.engines import EngineSettings, create_engine
from inference_app.keys import ApiKeys
from inference_app.logs import log
from inference_app.metrics import Metrics
from inference_app.page.app import PageApp
from inference_app.service import InferenceService
from inference_app.settings import Settings
from inference_app.share import Share
from inference_app.traces import Traces

NOTICE_SECONDS = 1.0  # between "not ready" and a closed port, for whoever routes requests here
# Longer than an ingress keeps an idle connection (240 s on Container Apps): were it closed here first, a request that
# is just being sent on it would be lost.
KEEP_ALIVE_SECONDS = 300
FLUSH_SECONDS = 2.0  # for the last bytes of answers to leave
LOOK_SECONDS = 0.05


def create_service(settings: Settings) -> InferenceService:
    """The service over the share that the settings name; nothing is loaded yet."""
    engine = EngineSettings(
        settings.engine,
        settings.context_tokens,
        settings.parallel,
        settings.threads,
        settings.tensor_parallel_size,
        settings.adapter_rank,
    )
    catalogue = Catalogue(Share(settings.model_root), settings.base_model, partial(create_engine, engine))
    admission = Admission(engine.answers_at_once, settings.queue_limit, lambda: not catalogue.mixes_models)
    metrics = Metrics()
    traces = Traces(settings.traces_endpoint)
    metrics.observe("inference_running", "Requests that have a place", lambda: admission.running)
    metrics.observe("inference_waiting", "Requests that wait for a place", lambda: admission.waiting)
    metrics.observe("inference_models", "Models that are served", lambda: len(catalogue.models))
    metrics.observe("inference_unusable_adapters", "Adapters that cannot be served", lambda: len(catalogue.unusable))
    return InferenceService(catalogue, admission, Deadlines(settings.request_seconds), metrics, traces)


class InferenceApp:
    """The API and the chat page as one ASGI app."""

    def __init__(self, settings: Settings) -> None:
        self.service = create_service(settings)
        keys = ApiKeys([key.get_secret_value() for key in settings.api_keys], settings.api_keys_file)
        self._scan_seconds = settings.scan_seconds
        self._page = PageApp(self.service, keys) if settings.page else None
        self._api: ASGIApp = create_api(self.service, keys)
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Routes to the page what belongs to it, everything else to the API."""
        if self._page is not None and (scope["type"] != "http" or self._page.owns(scope)):
            await self._page(scope, receive, send)
            return
        self._requests += 1
        try:
            with self.service.traces.request(scope["headers"]):
                await self._api(scope, receive, send)
        finally:
            self._requests -= 1

    @property
    def busy(self) -> bool:
        """Whether somebody still waits for the API, or for an answer on the page."""
        admission = self.service.admission
        return bool(self._requests or admission.running or admission.waiting)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Follows the share and brings up the page, for as long as the context lasts."""
        tasks = [asyncio.create_task(self.service.catalogue.watch(self._scan_seconds))]
        if self._page is not None:
            tasks.append(asyncio.create_task(self._page.load()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._page is not None:
                await self._page.close()
            await self.service.catalogue.close()
            await self.service.traces.close()


class Server(uvicorn.Server):
    """Uvicorn, stopping in this order: not ready, port closed, answers ended or told that time is up, exit 0."""

    def __init__(self, config: uvicorn.Config, app: InferenceApp, drain_seconds: int) -> None:
        super().__init__(config)
        self._app = app
        self._drain_seconds = drain_seconds
        self._stopping: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Own handlers: uvicorn would end with the signal's status instead of 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, signal.Signals(number).name)
        yield

    def _stop(self, name: str) -> None:
        if self._stopping is not None:
            log("stopping at once", signal=name)
            self._app.service.deadlines.stop()
            return
        service = self._app.service
        log("stopping", signal=name, running=service.admission.running, waiting=service.admission.waiting)
        service.draining = True
        self._stopping = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        await asyncio.sleep(NOTICE_SECONDS)
        self.should_exit = True
        await self._until(lambda: not self._app.busy, self._drain_seconds)
        self._app.service.deadlines.stop()
        await self._until(lambda: not self._app.busy, FLUSH_SECONDS)
        # Open chat pages keep connections for as long as they like; only answers are waited for.
        await self._until(lambda: not self.server_state.connections, FLUSH_SECONDS)
        self.force_exit = True

    async def _until(self, reached: Callable[[], bool], seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not reached():  # noqa: ASYNC110 - parts of uvicorn's state, which tells nobody when it changes
                    await asyncio.sleep(LOOK_SECONDS)


async def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; returns when everything has ended."""
    app = InferenceApp(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # each answer is logged with more than a path
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # Everything that reaches a container comes through the ingress.
        proxy_headers=True,
        forwarded_allow_ips="*",
        server_header=False,
    )
    log("starting", port=settings.port, model_root=str(PurePath(settings.model_root)), engine=settings.engine)
    async with app.running():
        await Server(config, app, settings.drain_seconds).serve()
    log("stopped")
