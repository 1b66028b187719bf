"""The API as one ASGI app."""

from fastapi import FastAPI

from inference_app.api.chat import chat_routes
from inference_app.api.completions import completion_routes
from inference_app.api.errors import add_error_handlers
from inference_app.api.guards import Guarded
from inference_app.api.health import health_routes
from inference_app.api.metrics import metric_routes
from inference_app.api.models import model_routes
from inference_app.api.tokenize import tokenize_routes
from inference_app.keys import ApiKeys
from inference_app.limits import MAX_BODY_BYTES
from inference_app.service import InferenceService


def create_api(service: InferenceService, keys: ApiKeys) -> Guarded:
    """All routes of the API over this service, behind the keys."""
    # No pages of documentation: they would load scripts from elsewhere.
    app = FastAPI(title="inference_app", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")
    add_error_handlers(app)
    app.include_router(chat_routes(service))
    app.include_router(completion_routes(service))
    app.include_router(model_routes(service.catalogue))
    app.include_router(tokenize_routes(service))
    app.include_router(metric_routes(service))
    app.include_router(health_routes(service))
    return Guarded(app, keys, MAX_BODY_BYTES)
