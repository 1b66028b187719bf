"""Requests of OpenAI's chat API: what is understood, in which ranges; every other field is refused by name."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from inference_app.engines.contract import Turn
from inference_app.limits import MAX_STOPS, MaxTokens, Penalty, Seed, Temperature, TopK, TopP
from inference_app.service import Wish


class Request(BaseModel):
    """Unknown fields are errors; a field that is null counts as left out, as clients send answers back with nulls."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


def _encodable(text: str) -> str:
    """JSON can spell halves of surrogate pairs, which no UTF-8 can carry further."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not valid Unicode: a lone surrogate") from None
    return text


Unicode = Annotated[str, AfterValidator(_encodable)]


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


class StreamOptions(Request):
    """How to stream."""

    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class ChatRequest(Request):
    """Body of POST /v1/chat/completions."""

    model: str | None = None
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: MaxTokens | None = None
    max_completion_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopK | None = None
    stop: Unicode | Annotated[list[Unicode], Field(max_length=MAX_STOPS)] | None = None
    seed: Seed | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    n: Literal[1] = 1
    user: str | None = None

    @field_validator("stop")
    @classmethod
    def _no_empty_stop(cls, value: str | list[str] | None) -> str | list[str] | None:
        if value is not None and "" in ([value] if isinstance(value, str) else value):
            raise ValueError("a stop sequence must not be empty")
        return value

    @model_validator(mode="after")
    def _stream_options_of_a_stream(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options is only for stream: true")
        return self

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with a chunk that tells the usage."""
        return self.stream_options is not None and self.stream_options.include_usage

    def wish(self) -> Wish:
        """What is asked for, without how it is to be delivered."""
        return Wish(
            messages=tuple(message.turn() for message in self.messages),
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            max_tokens=self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens,
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ()),
            seed=self.seed,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
        )
