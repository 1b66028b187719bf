"""POST /tokenize: how many tokens a prompt has, in vLLM's form; OpenAI's API has no such route."""

from typing import Any, Self

from fastapi import APIRouter
from pydantic import model_validator

from inference_app.api.chat_schemas import Messages
from inference_app.api.openapi import ERRORS
from inference_app.api.schemas import Request
from inference_app.engines.contract import Prompt
from inference_app.limits import Unicode
from inference_app.service import InferenceService


class TokenizeRequest(Request):
    """Text, or a conversation that is put into the model's template first."""

    model: Unicode | None = None
    prompt: Unicode | None = None
    messages: Messages | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("exactly one of prompt and messages is needed")
        return self

    def text(self) -> Prompt:
        """The prompt as an engine takes it."""
        return tuple(message.turn() for message in self.messages) if self.messages else self.prompt or ""


def tokenize_routes(service: InferenceService) -> APIRouter:
    """The route over this service."""
    router = APIRouter()

    @router.post("/tokenize", responses=ERRORS)
    async def tokenize(body: TokenizeRequest) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        model = service.catalogue.model(body.model)
        tokens = await service.tokenize(model, body.text())
        return {"count": len(tokens), "max_model_len": service.catalogue.engine.context_tokens, "tokens": tokens}

    return router
