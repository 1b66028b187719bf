"""What the OpenAPI document says of answers and errors, for all routes alike."""

from typing import Any, Final

from pydantic import BaseModel


class ErrorDetail(BaseModel):
    """What went wrong; never repeats what was sent."""

    message: str
    type: str
    param: str | None
    """The field at fault."""
    code: str


class Error(BaseModel):
    """Every error of this API, also inside a stream."""

    error: ErrorDetail


Responses = dict[int | str, dict[str, Any]]
ERRORS: Final[Responses] = {
    400: {"model": Error, "description": "The request cannot be served as it is"},
    401: {"model": Error, "description": "No API key, or an unknown one"},
    404: {"model": Error, "description": "There is no such model"},
    413: {"model": Error, "description": "The body is too large"},
    422: {"model": Error, "description": "Not used"},
    503: {"model": Error, "description": "No model is loaded yet; with Retry-After"},
}
ANSWERS: Final[Responses] = {
    200: {
        "description": "One JSON document, or with stream: true server-sent events that end with [DONE]",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {}},
    },
    **ERRORS,
    429: {"model": Error, "description": "The queue is full; with Retry-After"},
    500: {"model": Error, "description": "The engine broke down"},
    504: {"model": Error, "description": "The answer was not there in time"},
}
