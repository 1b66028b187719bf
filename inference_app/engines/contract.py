"""What an engine is: one base model in memory, with adapters chosen per request.

Each family of engines has a file of its own beside this one and keeps its heavy imports there.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class BaseFiles:
    """A base model on the share."""

    id: str
    """`<org>/<name>`, the folder below model-cache/."""
    folder: Path
    fingerprint: str
    """Changes whenever a file in the folder does."""


@dataclass(frozen=True)
class AdapterFiles:
    """A PEFT adapter on the share, its description already read and found valid."""

    name: str
    folder: Path
    fingerprint: str
    """Changes whenever one of the adapter's files does."""


@dataclass(frozen=True)
class Turn:
    """One message of a conversation."""

    role: Role
    content: str


# A conversation, to be put into the model's own chat template; or text that goes in as it is.
Prompt = tuple[Turn, ...] | str


@dataclass(frozen=True)
class Sampling:
    """How an answer is drawn."""

    max_tokens: int | None
    """None: up to the end of the context."""
    temperature: float
    top_p: float
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    top_logprobs: int | None = None
    """How many alternatives to tell of each token; 0 tells only the token's own; None: nothing is told."""
    json_schema: Mapping[str, Any] | None = None
    """The answer is JSON that this schema allows."""


@dataclass(frozen=True)
class Generation:
    """One answer to draw, by the base (adapter None) or by an adapter."""

    prompt: Prompt
    sampling: Sampling
    adapter: str | None = None


@dataclass(frozen=True)
class TokenLogprob:
    """How likely a token was, as a natural logarithm, before temperature and top-p."""

    token: str
    utf8: bytes
    """The token's bytes, which may be a part of a character."""
    logprob: float
    top: tuple["TokenLogprob", ...] = ()
    """The most likely tokens at this place, as many as were asked for."""


@dataclass(frozen=True)
class Text:
    """The next piece of an answer; empty only when it carries the logprobs of a token without text of its own."""

    content: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True)
class Finish:
    """The end of an answer; always the last event, and there is always one."""

    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


Event = Text | Finish


class Engine(Protocol):
    """One base model in memory.

    Creating an engine is cheap and touches no file. All methods are called on one event loop and never block it.
    """

    unsupported: frozenset[str]
    """Fields of requests that this engine cannot honour, by their names in the API."""

    mixes_models: bool
    """Whether answers by base and adapters are drawn together as fast as answers by one of them."""

    @property
    def failed(self) -> bool:
        """Whether it has broken down for good: it will not answer again, and must be replaced by a new one."""
        ...

    @property
    def context_tokens(self) -> int:
        """Most tokens of prompt and answer together; known once `serve` has returned."""
        ...

    async def serve(self, adapters: Sequence[AdapterFiles]) -> Mapping[str, str]:
        """Makes exactly these adapters answer, beside the base, and returns those refused: name -> reason.

        The first call also loads the base: seconds to minutes. Later calls may take as long; meanwhile `generate`
        goes on with what was served before, and a generation that has begun ends with the version it began with.
        Calling it again with equal adapters changes nothing. Calls never overlap. Raises `EngineError` when the base
        cannot be loaded; the engine then serves what it served before, and the call may be repeated.
        """
        ...

    def generate(self, generation: Generation) -> AsyncGenerator[Event, None]:
        """Draws one answer, piece by piece.

        Closing the generator (or cancelling the task that waits in it) stops the work within one token, or one batch
        of the prompt, and returns when the place is free again. Raises `InvalidRequestError` (`ContextOverflowError`)
        before the first event, `ModelNotFoundError` for an adapter that is no longer served, `EngineError` at any
        time.
        """
        ...

    async def tokenize(self, prompt: Prompt) -> list[int]:
        """The prompt's tokens, exactly as `generate` would read them. Raises what `generate` raises."""
        ...

    async def close(self) -> None:
        """Frees the memory once running generations have ended. May be called twice; the engine is then spent."""
        ...
