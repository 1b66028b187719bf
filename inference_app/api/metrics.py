"""GET /metrics, for Prometheus."""

from fastapi import APIRouter, Response

from inference_app.metrics import CONTENT_TYPE
from inference_app.service import InferenceService


def metric_routes(service: InferenceService) -> APIRouter:
    """The route over this service; it needs a key like the API, as it tells the models' names."""
    router = APIRouter()

    @router.get("/metrics", response_class=Response, include_in_schema=False)
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)

    return router
