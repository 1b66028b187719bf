"""What llama.cpp is asked and what it answers, turned into the contract's terms."""

from typing import Any, Final

from inference_app.engines.contract import Finish, Sampling, Text, TokenLogprob
from inference_app.errors import ContextOverflowError, EngineError, InferenceError, InvalidRequestError

WHOLE_CONTEXT: Final = -1
RANDOM_SEED: Final = 0xFFFFFFFF  # LLAMA_DEFAULT_SEED


def completion_body(prompt: str, sampling: Sampling, scales: dict[int, float]) -> dict[str, Any]:
    """A streamed completion. `scales`: how strongly each loaded adapter applies, by its number."""
    body: dict[str, Any] = {
        "prompt": prompt,
        "stream": True,
        "stream_options": {"include_usage": True},
        # A chunk after each batch of the prompt: without it nothing can be stopped while a prompt is read.
        "return_progress": True,
        # Everything is said: llama.cpp's own defaults (top-k 40, min-p 0.05) are not OpenAI's.
        "max_tokens": WHOLE_CONTEXT if sampling.max_tokens is None else sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k or 0,
        "min_p": 0.0,
        "stop": list(sampling.stop),
        "seed": RANDOM_SEED if sampling.seed is None else sampling.seed % RANDOM_SEED,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        # Always all of them, for the base too: without this field llama.cpp (2026.10) switches the adapters off but
        # goes on with the prompt cache that the last adapter filled, and the base answers like the adapter.
        "lora": [{"id": number, "scale": scale} for number, scale in scales.items()],
    }
    if sampling.top_logprobs is not None:
        body["n_probs"] = max(1, sampling.top_logprobs)  # 0 would tell nothing
    if sampling.json_schema is not None:
        body["json_schema"] = sampling.json_schema
    return body


class AnswerReader:
    """Turns llama.cpp's chunks into pieces and an end."""

    def __init__(self, top_logprobs: int | None) -> None:
        self._top_logprobs = top_logprobs
        self._reason: str | None = None
        self._usage: dict[str, int] = {}

    def read(self, chunk: dict[str, Any] | Exception) -> list[Text]:
        """The pieces in a chunk; raises the error that it tells of."""
        if isinstance(chunk, (ValueError, TypeError)):  # the shape of the request
            raise InvalidRequestError(str(chunk)) from chunk
        if isinstance(chunk, Exception):
            raise EngineError(f"llama.cpp broke down: {chunk}") from chunk
        raise_error(chunk)
        self._usage = chunk.get("usage") or self._usage
        pieces: list[Text] = []
        for choice in chunk.get("choices", ()):
            self._reason = choice.get("finish_reason") or self._reason
            logprobs = self._logprobs(choice.get("logprobs") or {})
            if choice["text"] or logprobs:
                pieces.append(Text(choice["text"], logprobs))
        return pieces

    def finish(self) -> Finish:
        """How the answer ended."""
        if self._reason is None:
            raise EngineError("llama.cpp ended the answer without a reason")
        reason = "length" if self._reason == "length" else "stop"
        return Finish(reason, self._usage.get("prompt_tokens", 0), self._usage.get("completion_tokens", 0))

    def _logprobs(self, logprobs: dict[str, Any]) -> tuple[TokenLogprob, ...]:
        if self._top_logprobs is None:
            return ()
        return tuple(
            TokenLogprob(
                token["token"],
                bytes(token["bytes"]),
                token["logprob"],
                tuple(
                    TokenLogprob(other["token"], bytes(other["bytes"]), other["logprob"])
                    for other in token["top_logprobs"][: self._top_logprobs]
                ),
            )
            for token in logprobs.get("content") or ()
        )


def raise_error(answer: dict[str, Any]) -> None:
    """Raises the error that an answer of llama.cpp holds, if it does."""
    error = answer.get("error")
    if error is not None:
        raise _error(error)


def _error(error: dict[str, Any]) -> InferenceError:
    message = str(error.get("message", "llama.cpp gave no reason"))
    if error.get("type") == "exceed_context_size_error":
        return ContextOverflowError(
            f"the prompt has {error['n_prompt_tokens']} tokens, the context only {error['n_ctx']}"
        )
    if error.get("code") == 400:
        return InvalidRequestError(message)
    return EngineError(f"llama.cpp: {message}")
