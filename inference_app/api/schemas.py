"""What requests of the OpenAI API have in common: fields, ranges, and that every other field is refused by name."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from inference_app.engines.contract import Prompt
from inference_app.limits import (
    MAX_CHOICES,
    MAX_STOPS,
    MaxTokens,
    Penalty,
    Seed,
    Stop,
    Temperature,
    TopK,
    TopP,
    Unicode,
)
from inference_app.service import Wish


class Request(BaseModel):
    """Unknown fields are errors; a field that is null counts as left out, as clients send answers back with nulls."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


class StreamOptions(Request):
    """How to stream."""

    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class AnswerRequest(Request):
    """Which model answers, how the answer is drawn, and how it is delivered."""

    model: Unicode | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopK | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=MAX_STOPS)] | None = None
    seed: Seed | None = None
    presence_penalty: Penalty = 0.0
    frequency_penalty: Penalty = 0.0
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] = 1
    user: str | None = None

    @model_validator(mode="after")
    def _stream_options_of_a_stream(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options is only for stream: true")
        return self

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with a chunk that tells the usage."""
        return self.stream_options is not None and self.stream_options.include_usage

    def drawn_from(self, prompt: Prompt, **more: Any) -> list[Wish]:
        """The n answers that are asked for to this prompt. A seed is the first answer's; the others follow from it."""
        fields: dict[str, Any] = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "max_tokens": self.max_tokens,
            "stop": (self.stop,) if isinstance(self.stop, str) else None if self.stop is None else tuple(self.stop),
            "presence_penalty": self.presence_penalty,
            "frequency_penalty": self.frequency_penalty,
            **more,
        }
        seeds = [None if self.seed is None else self.seed + number for number in range(self.n)]
        return [Wish(prompt, seed=seed, **fields) for seed in seeds]
