"""GET /v1/models: the base and its adapters, and what is on the share but cannot be used."""

from typing import Any

from fastapi import APIRouter

from inference_app.api.openapi import ERRORS
from inference_app.catalogue import Catalogue, Model


def model_routes(catalogue: Catalogue) -> APIRouter:
    """The routes over this catalogue."""
    router = APIRouter()

    @router.get("/v1/models", responses=ERRORS)
    async def list_models() -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        _ = catalogue.engine
        return {
            "object": "list",
            "data": [_described(model) for model in catalogue.models],
            "unusable": [{"id": item.name, "path": item.path, "reason": item.reason} for item in catalogue.unusable],
        }

    @router.get("/v1/models/{model_id:path}", responses=ERRORS)
    async def retrieve_model(model_id: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return _described(catalogue.model(model_id))

    return router


def _described(model: Model) -> dict[str, Any]:
    owner = (model.base or model.id).partition("/")[0]
    described = {"id": model.id, "object": "model", "created": model.created, "owned_by": owner}
    return described if model.base is None else {**described, "parent": model.base, "root": model.base}
