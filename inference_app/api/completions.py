"""POST /v1/completions."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from inference_app.api.answers import deliver
from inference_app.api.completion_schemas import CompletionRequest
from inference_app.api.openapi import ANSWERS
from inference_app.engines.contract import FinishReason, Text
from inference_app.service import InferenceService

Json = dict[str, Any]


def completion_routes(service: InferenceService) -> APIRouter:
    """The completions route over this service."""
    router = APIRouter()

    @router.post("/v1/completions", responses=ANSWERS)
    async def completions(body: CompletionRequest, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        return await deliver(service, body, body.wishes(), _CompletionForm(), request)

    return router


class _CompletionForm:
    prefix = "cmpl"
    document = chunk = "text_completion"

    def whole(self, pieces: Sequence[Text], reason: FinishReason) -> Json:
        text = "".join(piece.content for piece in pieces)
        return {"text": text, "logprobs": _logprobs(pieces), "finish_reason": reason}

    def opening(self) -> None:
        return None

    def piece(self, piece: Text) -> Json:
        return {"text": piece.content, "logprobs": _logprobs([piece]), "finish_reason": None}

    def closing(self, reason: FinishReason) -> Json:
        return {"text": "", "logprobs": None, "finish_reason": reason}


def _logprobs(pieces: Sequence[Text]) -> Json | None:
    """The older form: parallel lists. Offsets count from the beginning of these pieces."""
    tokens = [token for piece in pieces for token in piece.logprobs]
    if not tokens:
        return None
    offsets = [0]
    for token in tokens[:-1]:
        offsets.append(offsets[-1] + len(token.token))
    return {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{other.token: other.logprob for other in token.top} for token in tokens],
        "text_offset": offsets,
    }
