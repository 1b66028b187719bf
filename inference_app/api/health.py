"""Health routes, for probes: no key needed, nothing that takes time, no names of models."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from inference_app.service import InferenceService


def health_routes(service: InferenceService) -> APIRouter:
    """The routes over this service."""
    router = APIRouter()

    @router.get("/health/startup")
    @router.get("/health/live")
    async def live() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        """The process answers; a model that is still loading is no reason to restart it."""
        return {"status": "live"}

    @router.get("/health/ready")
    async def ready() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        """Whether requests should be sent here."""
        reason = "the server is stopping" if service.draining else service.catalogue.waiting_for
        if reason is not None:
            return JSONResponse({"status": "not ready", "reason": reason}, 503)
        return JSONResponse({"status": "ready", "models": len(service.catalogue.models)})

    return router
