"""Requests of OpenAI's chat API, and conversations wherever they are sent."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from inference_app.api.schemas import AnswerRequest, Request
from inference_app.engines.contract import Turn
from inference_app.limits import MAX_CHAT_LOGPROBS, MaxTokens, Unicode
from inference_app.service import Wish

ANY_OBJECT: dict[str, Any] = {"type": "object"}


class TextPart(Request):
    """A part of a message's content; only text is understood."""

    type: Literal["text"]
    text: Unicode


class ChatMessage(Request):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Unicode | Annotated[list[TextPart], Field(min_length=1)]

    def turn(self) -> Turn:
        """The message as engines take it; `developer` is the newer name of `system`."""
        content = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return Turn("system" if self.role == "developer" else self.role, content)


Messages = Annotated[list[ChatMessage], Field(min_length=1)]


class JsonSchema(Request):
    """A named schema; it is always followed strictly, whatever `strict` says."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    description: str | None = None
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    strict: bool | None = None


class ResponseFormat(Request):
    """Which form the answer has."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _schema_where_it_belongs(self) -> Self:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema is needed for the type json_schema, and only there")
        return self

    @property
    def constraint(self) -> dict[str, Any] | None:
        """The schema to follow; None for free text."""
        if self.json_schema is not None:
            return self.json_schema.schema_
        return ANY_OBJECT if self.type == "json_object" else None


class ChatRequest(AnswerRequest):
    """Body of POST /v1/chat/completions."""

    messages: Messages
    max_completion_tokens: MaxTokens | None = None
    logprobs: bool = False
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_CHAT_LOGPROBS)] | None = None
    response_format: ResponseFormat | None = None

    @model_validator(mode="after")
    def _top_logprobs_of_logprobs(self) -> Self:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs is only for logprobs: true")
        return self

    def wishes(self) -> list[Wish]:
        """What is asked for, without how it is to be delivered."""
        more: dict[str, Any] = {}
        if self.max_completion_tokens is not None:
            more["max_tokens"] = self.max_completion_tokens
        if self.logprobs:
            more["top_logprobs"] = self.top_logprobs or 0
        if self.response_format is not None:
            more["json_schema"] = self.response_format.constraint
        return self.drawn_from(tuple(message.turn() for message in self.messages), **more)
