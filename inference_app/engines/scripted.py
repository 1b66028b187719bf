"""A deterministic engine without a model: for tests of clients, and of everything around an engine.

It answers with the words of the last user message, one token a word, after the adapter's name if there is one. When
that message is a JSON object, it is a script: `{"say": "one two three", "word_seconds": 0.05, "fail_after": 2}` says
these words at this pace and breaks down after the second.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from inference_app.engines.contract import AdapterFiles, Event, Finish, Generation, Prompt, Text, TokenLogprob, Turn
from inference_app.errors import ContextOverflowError, EngineError, ModelNotFoundError

LOGPROB = -0.5  # of every word


class Script(BaseModel, extra="forbid"):
    """What a message in JSON may ask for."""

    say: str
    word_seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    fail_after: Annotated[int, Field(ge=0)] | None = None


class ScriptedEngine:
    """Says what it is told; every word is a token."""

    unsupported = frozenset({"response_format"})
    failed = False
    mixes_models = True

    def __init__(self, context_tokens: int) -> None:
        self.context_tokens = context_tokens
        self._adapters: frozenset[str] = frozenset()

    async def serve(self, adapters: Sequence[AdapterFiles]) -> Mapping[str, str]:
        """Serves every adapter; none is refused."""
        self._adapters = frozenset(adapter.name for adapter in adapters)
        return {}

    async def generate(self, generation: Generation) -> AsyncGenerator[Event, None]:
        """Says the script, or the last user message."""
        if generation.adapter is not None and generation.adapter not in self._adapters:
            raise ModelNotFoundError(f"adapter {generation.adapter} is no longer served", param="model")
        prompt_tokens = len(await self.tokenize(generation.prompt))
        room = self.context_tokens - prompt_tokens
        if room <= 0:
            raise ContextOverflowError(f"the prompt has {prompt_tokens} tokens, the context only {self.context_tokens}")
        script = _script(generation)
        words = script.say.split()
        limit = min(room, generation.sampling.max_tokens or room)
        for index, word in enumerate(words[:limit]):
            if index == script.fail_after:
                raise EngineError("the script breaks down here")
            await asyncio.sleep(script.word_seconds)
            yield _piece(word if index == 0 else f" {word}", generation.sampling.top_logprobs)
        yield Finish("length" if len(words) > limit else "stop", prompt_tokens, min(len(words), limit))

    async def tokenize(self, prompt: Prompt) -> list[int]:
        """One token a word: the length of the word."""
        text = prompt if isinstance(prompt, str) else " ".join(turn.content for turn in prompt)
        return [len(word) for word in text.split()]

    async def close(self) -> None:
        """Nothing is held."""


def _script(generation: Generation) -> Script:
    prompt = generation.prompt
    last = prompt if isinstance(prompt, str) else _last_of_user(prompt)
    try:
        return Script.model_validate(json.loads(last))
    except (ValueError, ValidationError, RecursionError):
        return Script(say=f"{generation.adapter}: {last}" if generation.adapter else last)


def _last_of_user(turns: Sequence[Turn]) -> str:
    return next((turn.content for turn in reversed(turns) if turn.role == "user"), "")


def _piece(text: str, top_logprobs: int | None) -> Text:
    if top_logprobs is None:
        return Text(text)
    token = TokenLogprob(text, text.encode(), LOGPROB)
    return Text(text, (TokenLogprob(text, text.encode(), LOGPROB, (token,) * min(top_logprobs, 1)),))
