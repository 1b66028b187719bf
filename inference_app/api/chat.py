"""POST /v1/chat/completions."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from inference_app.api.answers import deliver
from inference_app.api.chat_schemas import ChatRequest
from inference_app.api.openapi import ANSWERS
from inference_app.engines.contract import FinishReason, Text, TokenLogprob
from inference_app.service import InferenceService

Json = dict[str, Any]


def chat_routes(service: InferenceService) -> APIRouter:
    """The chat route over this service."""
    router = APIRouter()

    @router.post("/v1/chat/completions", responses=ANSWERS)
    async def chat_completions(body: ChatRequest, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        return await deliver(service, body, body.wishes(), _ChatForm(), request)

    return router


class _ChatForm:
    prefix = "chatcmpl"
    document = "chat.completion"
    chunk = "chat.completion.chunk"

    def whole(self, pieces: Sequence[Text], reason: FinishReason) -> Json:
        content = "".join(piece.content for piece in pieces)
        message = {"role": "assistant", "content": content, "refusal": None}
        tokens = [token for piece in pieces for token in piece.logprobs]
        return {"message": message, "logprobs": _logprobs(tokens), "finish_reason": reason}

    def opening(self) -> Json:
        return self._delta({"role": "assistant", "content": ""}, None)

    def piece(self, piece: Text) -> Json:
        return {**self._delta({"content": piece.content}, None), "logprobs": _logprobs(piece.logprobs)}

    def closing(self, reason: FinishReason) -> Json:
        return self._delta({}, reason)

    def _delta(self, delta: Json, reason: FinishReason | None) -> Json:
        return {"delta": delta, "logprobs": None, "finish_reason": reason}


def _logprobs(tokens: Sequence[TokenLogprob]) -> Json | None:
    if not tokens:
        return None
    content = [{**_token(token), "top_logprobs": [_token(other) for other in token.top]} for token in tokens]
    return {"content": content, "refusal": None}


def _token(token: TokenLogprob) -> Json:
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token.utf8)}
