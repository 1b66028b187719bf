"""Errors as OpenAI clients understand them, whatever went wrong."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from inference_app.errors import InferenceError, InvalidRequestError
from inference_app.logs import log


def error_response(error: InferenceError) -> JSONResponse:
    """The error as a response."""
    headers = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == 504:
        headers["X-Should-Retry"] = "false"  # OpenAI's clients would ask again, twice
    return JSONResponse(error.body(), error.status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Makes every error of this app an error of OpenAI's shape."""

    @app.exception_handler(InferenceError)
    async def anticipated(_: Request, error: InferenceError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return error_response(explained(error.errors()))

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        if isinstance(error.__cause__, InferenceError):  # FastAPI wraps what is raised while it reads the body
            return error_response(error.__cause__)
        if error.status_code == 400:  # the only one that FastAPI has: not UTF-8, or nested beyond its parser
            return error_response(InvalidRequestError("the body is not valid JSON", code="invalid_json"))
        message = f"{request.method} {request.url.path}: {error.detail}"
        body = {"message": message, "type": "invalid_request_error", "param": None, "code": _routing_code(error)}
        return JSONResponse({"error": body}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        log("request failed", level=40, route=request.url.path, kind=type(error).__name__)
        return error_response(InferenceError("the server failed; its log says more"))


def explained(problems: Sequence[Any]) -> InvalidRequestError:
    """One error that names the first field at fault and lists all of them; never repeats what was sent."""
    listed: list[str] = []
    for problem in problems:
        field = _field(problem["loc"])
        if problem["type"] == "json_invalid":
            return InvalidRequestError("the body is not valid JSON", code="invalid_json")
        if problem["type"] == "extra_forbidden":
            listed.append(f"{field} is not supported")
        else:
            listed.append(f"{field or 'body'}: {problem['msg'].removeprefix('Value error, ')}")
    return InvalidRequestError("; ".join(dict.fromkeys(listed)), param=_field(problems[0]["loc"]) or None)


def _field(location: Sequence[Any]) -> str:
    """`messages.0.content` from ("body", "messages", 0, "content", "str"), without the names of union members."""
    kept = [str(part) for part in location[1:] if isinstance(part, int) or str(part).isidentifier()]
    while kept and kept[-1] in ("str", "int", "float"):
        kept.pop()
    return ".".join(kept)


def _routing_code(error: HTTPException) -> str:
    return {404: "unknown_url", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
