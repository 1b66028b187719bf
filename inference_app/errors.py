"""Every error that this app answers on purpose.

InferenceError               root; carries what an OpenAI client sees: status, type, code, param
├── InvalidRequestError      400  the request cannot be served as it is
│   └── ContextOverflowError 400  the prompt does not fit the context
├── UnauthorizedError        401  no key, or a wrong one
├── ModelNotFoundError       404  no such model, or an adapter that cannot be used
├── BodyTooLargeError        413
├── OverloadedError          429  the queue is full; with Retry-After
├── ClientGoneError          499  never seen by anybody: the client has left (api/disconnect.py)
├── EngineError              500  the engine broke down
├── NotReadyError            503  no model is loaded yet; with Retry-After
└── RequestTimeoutError      504  the answer took longer than a request may
"""

from typing import Any, ClassVar


class InferenceError(Exception):
    """An anticipated error; its message is meant for the person who sent the request."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    default_code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.default_code
        self.retry_after_seconds = retry_after_seconds

    def body(self) -> dict[str, Any]:
        """The error object of OpenAI's API: `{"error": {message, type, param, code}}`."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class InvalidRequestError(InferenceError):
    """The request cannot be served as it is."""

    status = 400
    type = "invalid_request_error"
    default_code = "invalid_request"


class ContextOverflowError(InvalidRequestError):
    """The prompt does not fit the model's context; nothing is ever cut silently."""

    default_code = "context_length_exceeded"


class UnauthorizedError(InferenceError):
    """The request carries no key, or one that is not in INFERENCE_API_KEYS."""

    status = 401
    type = "authentication_error"
    default_code = "invalid_api_key"


class ModelNotFoundError(InferenceError):
    """No model of that name, or an adapter that is there but cannot be used."""

    status = 404
    type = "invalid_request_error"
    default_code = "model_not_found"


class BodyTooLargeError(InferenceError):
    """The request's body is larger than the server reads."""

    status = 413
    type = "invalid_request_error"
    default_code = "request_too_large"


class OverloadedError(InferenceError):
    """All places are taken and the queue is full."""

    status = 429
    type = "rate_limit_error"
    default_code = "queue_full"


class EngineError(InferenceError):
    """The engine could not load a model or broke down while answering."""

    default_code = "engine_failed"


class NotReadyError(InferenceError):
    """No model is loaded yet."""

    status = 503
    type = "service_unavailable"
    default_code = "not_ready"


class RequestTimeoutError(InferenceError):
    """The answer was not there in time; asking again would take as long."""

    status = 504
    default_code = "request_timeout"
