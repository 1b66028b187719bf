"""Ranges of what a request may ask for; the API, serving.json and the chat page share them."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

MAX_TEMPERATURE: Final = 5.0  # OpenAI stops at 2; the chat page that this app replaces offers up to 5
DEFAULT_TEMPERATURE: Final = 1.0
DEFAULT_TOP_P: Final = 1.0
DEFAULT_MAX_TOKENS: Final = 256
MAX_TOP_K: Final = 1000
MAX_STOPS: Final = 4
MAX_STOP_CHARACTERS: Final = 1000
MAX_CHOICES: Final = 16  # answers to one request, drawn one after the other
MAX_CHAT_LOGPROBS: Final = 20
MAX_COMPLETION_LOGPROBS: Final = 5
COMPLETION_MAX_TOKENS: Final = 16  # what OpenAI's completions take when a request does not say
MAX_BODY_BYTES: Final = 4 * 1024 * 1024


def _encodable(text: str) -> str:
    """JSON can spell halves of surrogate pairs, which no UTF-8 can carry further."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not valid Unicode: a lone surrogate") from None
    return text


Unicode = Annotated[str, AfterValidator(_encodable)]
Stop = Annotated[Unicode, Field(min_length=1, max_length=MAX_STOP_CHARACTERS)]
Temperature = Annotated[float, Field(ge=0, le=MAX_TEMPERATURE, allow_inf_nan=False)]
TopP = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
TopK = Annotated[int, Field(ge=1, le=MAX_TOP_K)]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
# Zero and below mean the whole rest of the context, as clients of the original chat app know it.
MaxTokens = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
