"""Ranges of what a request may ask for; the API, serving.json and the chat page share them."""

from typing import Annotated, Final

from pydantic import Field

MAX_TEMPERATURE: Final = 5.0  # OpenAI stops at 2; the chat page that this app replaces offers up to 5
DEFAULT_TEMPERATURE: Final = 1.0
DEFAULT_TOP_P: Final = 1.0
DEFAULT_MAX_TOKENS: Final = 256
MAX_TOP_K: Final = 1000
MAX_STOPS: Final = 4
MAX_BODY_BYTES: Final = 4 * 1024 * 1024

Temperature = Annotated[float, Field(ge=0, le=MAX_TEMPERATURE, allow_inf_nan=False)]
TopP = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
TopK = Annotated[int, Field(ge=1, le=MAX_TOP_K)]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
# Zero and below mean the whole rest of the context, as clients of the original chat app know it.
MaxTokens = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
