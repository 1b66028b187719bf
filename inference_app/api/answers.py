"""Delivering answers, as one JSON document or as server-sent events, for both forms of completions."""

import json
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from inference_app.api.disconnect import EventStream, unless_gone
from inference_app.api.schemas import AnswerRequest
from inference_app.engines.contract import Finish, FinishReason, Text
from inference_app.errors import EngineError, InferenceError
from inference_app.logs import log
from inference_app.service import InferenceService, Part, Wish

Json = dict[str, Any]
FLUSH_SECONDS = 5.0  # that a client has, after its time is up, to read what is on its way


class Form(Protocol):
    """How one of the two APIs writes its answers down."""

    prefix: str
    """Of ids."""
    document: str
    """`object` of a whole answer."""
    chunk: str
    """`object` of a part of a stream."""

    def whole(self, pieces: Sequence[Text], reason: FinishReason) -> Json:
        """A choice with everything in it, without its index."""
        ...

    def opening(self) -> Json | None:
        """A choice that begins a stream; None for forms that do not have it."""
        ...

    def piece(self, piece: Text) -> Json:
        """A choice with a piece of the answer."""
        ...

    def closing(self, reason: FinishReason) -> Json:
        """A choice with the reason why the answer ends."""
        ...


async def deliver(
    service: InferenceService, body: AnswerRequest, wishes: Sequence[Wish], form: Form, request: Request
) -> Response:
    """Has the wishes answered and sends the answers in the form and manner that the client wants."""
    model = service.catalogue.model(body.model)
    answer = _Answer(form, model.id, len(wishes), body.n)
    parts = service.answer(model, wishes)
    if not body.stream:
        return JSONResponse(await unless_gone(request.receive, answer.whole(parts)))
    # What fails before the first token still gets its own status.
    first = await unless_gone(request.receive, _first(parts))
    events = answer.stream(first, parts, body.include_usage)
    return EventStream(events, parts, service.deadlines.seconds + FLUSH_SECONDS)


class _Answer:
    def __init__(self, form: Form, model: str, choices: int, per_prompt: int) -> None:
        self._form = form
        self._model = model
        self._id = f"{form.prefix}-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._pieces: list[list[Text]] = [[] for _ in range(choices)]
        self._finishes: dict[int, Finish] = {}
        self._per_prompt = per_prompt

    async def whole(self, parts: AsyncGenerator[Part, None]) -> Json:
        async with aclosing(parts):
            async for index, event in parts:
                if isinstance(event, Finish):
                    self._finishes[index] = event
                else:
                    self._pieces[index].append(event)
        if len(self._finishes) < len(self._pieces):
            raise EngineError("the engine ended the answer without a reason")
        choices = [
            {"index": index, **self._form.whole(pieces, self._finishes[index].reason)}
            for index, pieces in enumerate(self._pieces)
        ]
        return self._document(self._form.document, choices, usage=self._usage())

    async def stream(
        self, first: Part, parts: AsyncGenerator[Part, None], include_usage: bool
    ) -> AsyncGenerator[str, None]:
        # With usage asked for, every chunk but the last has a usage of null.
        more: Json = {"usage": None} if include_usage else {}
        begun: set[int] = set()
        async with aclosing(parts):
            try:
                part: Part | None = first
                while part is not None:
                    index, event = part
                    opening = self._form.opening()
                    if index not in begun and opening is not None:
                        yield self._chunk(index, opening, more)
                    begun.add(index)
                    if isinstance(event, Finish):
                        self._finishes[index] = event
                        yield self._chunk(index, self._form.closing(event.reason), more)
                    else:
                        yield self._chunk(index, self._form.piece(event), more)
                    part = await anext(parts, None)
                if include_usage:
                    yield _data(self._document(self._form.chunk, [], usage=self._usage()))
            except InferenceError as error:
                yield _data(error.body())
            except Exception:  # the status is sent; the client must hear of it in the stream
                log("answer broke down", level=40, exc_info=True)
                yield _data(EngineError("the answer broke down").body())
            yield "data: [DONE]\n\n"

    def _chunk(self, index: int, choice: Json, more: Json) -> str:
        return _data(self._document(self._form.chunk, [{"index": index, **choice}], **more))

    def _document(self, kind: str, choices: list[Json], **more: Any) -> Json:
        common = {"id": self._id, "object": kind, "created": self._created, "model": self._model}
        return {**common, "choices": choices, **more}

    def _usage(self) -> Json:
        """A prompt counts once, however many answers it got."""
        prompt = sum(finish.prompt_tokens for i, finish in self._finishes.items() if i % self._per_prompt == 0)
        completion = sum(finish.completion_tokens for finish in self._finishes.values())
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def _first(parts: AsyncGenerator[Part, None]) -> Part:
    try:
        return await anext(parts)
    except BaseException:
        await parts.aclose()
        raise


def _data(document: Json) -> str:
    return f"data: {json.dumps(document, ensure_ascii=False, separators=(',', ':'))}\n\n"
