"""Requests of OpenAI's completions API."""

from typing import Annotated, Literal

from pydantic import Field

from inference_app.api.schemas import AnswerRequest
from inference_app.limits import COMPLETION_MAX_TOKENS, MAX_CHOICES, MAX_COMPLETION_LOGPROBS, MaxTokens, Unicode
from inference_app.service import Wish

Text = Annotated[Unicode, Field(min_length=1)]


class CompletionRequest(AnswerRequest):
    """Body of POST /v1/completions. The prompt goes to the model as it is, without any template."""

    prompt: Text | Annotated[list[Text], Field(min_length=1, max_length=MAX_CHOICES)]
    max_tokens: MaxTokens | None = COMPLETION_MAX_TOKENS
    logprobs: Annotated[int, Field(ge=0, le=MAX_COMPLETION_LOGPROBS)] | None = None
    best_of: Literal[1] = 1
    echo: Literal[False] = False

    def wishes(self) -> list[Wish]:
        """n answers to the first prompt, then n to the second, and so on."""
        prompts = [self.prompt] if isinstance(self.prompt, str) else self.prompt
        return [wish for prompt in prompts for wish in self.drawn_from(prompt, top_logprobs=self.logprobs)]
