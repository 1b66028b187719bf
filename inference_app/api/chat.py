"""POST /v1/chat/completions, as one JSON document or as server-sent events."""

import json
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from inference_app.api.disconnect import EventStream, unless_gone
from inference_app.api.schemas import ChatRequest
from inference_app.engines.contract import Event, Finish, Text
from inference_app.errors import EngineError, InferenceError
from inference_app.logs import log
from inference_app.service import InferenceService

Json = dict[str, Any]


def chat_routes(service: InferenceService) -> APIRouter:
    """The chat route over this service."""
    router = APIRouter()

    @router.post("/v1/chat/completions")
    async def chat_completions(body: ChatRequest, request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        model = service.catalogue.model(body.model)
        events = service.answer(model, body.wish())
        frame = _Frame(model.id)
        if not body.stream:
            return JSONResponse(await unless_gone(request.receive, _whole(frame, events)))
        # What fails before the first token still gets its own status.
        first = await unless_gone(request.receive, _first(events))
        return EventStream(_stream(frame, first, events, body.include_usage))

    return router


class _Frame:
    """What all parts of one answer have in common."""

    def __init__(self, model: str) -> None:
        self.id = f"chatcmpl-{uuid.uuid4().hex}"
        self.created = int(time.time())
        self.model = model

    def document(self, kind: str, choices: list[Json], **more: Any) -> Json:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
            **more,
        }

    def chunk(self, delta: Json, finish_reason: str | None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _data(self.document("chat.completion.chunk", [choice], **more))


async def _first(events: AsyncGenerator[Event, None]) -> Event:
    try:
        return await anext(events)
    except BaseException:
        await events.aclose()
        raise


async def _whole(frame: _Frame, events: AsyncGenerator[Event, None]) -> Json:
    parts: list[str] = []
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finish):
                message = {"role": "assistant", "content": "".join(parts), "refusal": None}
                choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": event.reason}
                return frame.document("chat.completion", [choice], usage=_usage(event))
            parts.append(event.content)
    raise EngineError("the engine ended the answer without a reason")


async def _stream(
    frame: _Frame, first: Event, events: AsyncGenerator[Event, None], include_usage: bool
) -> AsyncGenerator[str, None]:
    # With usage asked for, every chunk but the last has a usage of null.
    more: Json = {"usage": None} if include_usage else {}
    async with aclosing(events):
        yield frame.chunk({"role": "assistant", "content": ""}, None, **more)
        try:
            event: Event | None = first
            while isinstance(event, Text):
                yield frame.chunk({"content": event.content}, None, **more)
                event = await anext(events)
            yield frame.chunk({}, event.reason, **more)
            if include_usage:
                yield _data(frame.document("chat.completion.chunk", [], usage=_usage(event)))
        except InferenceError as error:
            yield _data(error.body())
        except Exception:  # the status is sent; the client must hear of it in the stream
            log("answer broke down", level=40, exc_info=True)
            yield _data(EngineError("the answer broke down").body())
        yield "data: [DONE]\n\n"


def _usage(finish: Finish) -> Json:
    return {
        "prompt_tokens": finish.prompt_tokens,
        "completion_tokens": finish.completion_tokens,
        "total_tokens": finish.prompt_tokens + finish.completion_tokens,
    }


def _data(document: Json) -> str:
    return f"data: {json.dumps(document, ensure_ascii=False, separators=(',', ':'))}\n\n"
