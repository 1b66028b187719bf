"""The endpoint as a client meets it: its address, whether it is ready, what it serves, what it answers."""

import ipaddress
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from operations.errors import EndpointError

POLL_SECONDS: Final = 0.3
ANSWER_TIMEOUT_SECONDS: Final = 120.0
_UNAUTHORIZED: Final = 401
_INGRESS_WITHOUT_REPLICA: Final = (502, 503, 504)


@dataclass(frozen=True)
class Model:
    """A model that the endpoint serves; `parent` is the base model of an adapter, None for a base model."""

    id: str
    parent: str | None


@dataclass(frozen=True)
class Unusable:
    """An adapter on the share that cannot be served, and why."""

    id: str
    path: str
    reason: str


@dataclass(frozen=True)
class Served:
    """What the endpoint says about the models on the share."""

    models: tuple[Model, ...]
    unusable: tuple[Unusable, ...]


def endpoint_url(address: str) -> str:
    """The endpoint's URL, without a slash at its end, from a bare host (with or without port) or a whole URL.

    Azure serves TLS only. A loopback address has no certificate that anybody vouches for, and nothing leaves the
    machine: there, and only there, the scheme is http.
    """
    if "://" in address:
        return address.rstrip("/")
    host = urlsplit(f"//{address}").hostname or ""
    return f"{'http' if _is_loopback(host) else 'https'}://{address.rstrip('/')}"


def wait_until_ready(url: str, timeout_seconds: float, on_change: Callable[[str], None] = lambda _: None) -> None:
    """Returns once the endpoint is ready to answer; calls `on_change` with what it waits for whenever that changes.

    Raises:
        EndpointError: it was not ready in time; the message says what it was waiting for last.
    """
    deadline = time.monotonic() + timeout_seconds
    reason = ""
    with httpx.Client(timeout=10) as client:
        while True:
            now = readiness(url, client)
            if now is None:
                return
            if now != reason:
                reason = now
                on_change(reason)
            if time.monotonic() > deadline:
                raise EndpointError(f"{url} was not ready after {timeout_seconds:.0f} s: {reason}")
            time.sleep(POLL_SECONDS)


def readiness(url: str, client: httpx.Client | None = None) -> str | None:
    """None when the endpoint is ready, else what it waits for."""
    try:
        response = (client or httpx).get(f"{url}/health/ready")
    except httpx.TransportError as error:
        return f"no answer yet ({type(error).__name__})"
    if response.is_success:
        return None
    try:
        return str(response.json()["reason"])
    except (ValueError, KeyError, TypeError):
        waiting = response.status_code in _INGRESS_WITHOUT_REPLICA
        return "no replica takes requests yet" if waiting else f"{response.status_code} {response.reason_phrase}"


def served(url: str, api_key: str | None = None) -> Served:
    """The models that the endpoint serves, base models and adapters, and the adapters that it cannot serve."""
    listed = _call("GET", f"{url}/v1/models", api_key)
    with _expected_shape(url):
        models = tuple(Model(item["id"], item.get("parent")) for item in listed["data"])
        unusable = tuple(Unusable(item["id"], item["path"], item["reason"]) for item in listed.get("unusable") or [])
    return Served(models, unusable)


def models(url: str, api_key: str | None = None) -> list[Model]:
    """The models that the endpoint serves, base models and adapters."""
    return list(served(url, api_key).models)


def asks_for_key(url: str) -> bool:
    """Whether the endpoint answers only those who send a key.

    Raises:
        EndpointError: it does not answer.
    """
    try:
        with httpx.Client(timeout=ANSWER_TIMEOUT_SECONDS) as client:
            return client.get(f"{url}/v1/models").status_code == _UNAUTHORIZED
    except httpx.TransportError as error:
        raise EndpointError(f"{url} does not answer: {error}") from error


def ask(url: str, model: str, content: str, api_key: str | None = None, max_tokens: int = 32) -> str:
    """The model's answer to one user message, as deterministic as the engine can (temperature 0)."""
    message = {"role": "user", "content": content}
    body = {"model": model, "messages": [message], "max_tokens": max_tokens, "temperature": 0}
    answer = _call("POST", f"{url}/v1/chat/completions", api_key, body)
    with _expected_shape(url):
        return str(answer["choices"][0]["message"]["content"])


@contextmanager
def _expected_shape(url: str) -> Generator[None]:
    try:
        yield
    except (LookupError, TypeError, AttributeError) as error:
        raise EndpointError(f"{url} does not answer like OpenAI's API; is another server listening there?") from error


def _call(method: str, url: str, api_key: str | None, body: Mapping[str, Any] | None = None) -> Any:
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        response = httpx.request(method, url, headers=headers, json=body, timeout=ANSWER_TIMEOUT_SECONDS)
    except httpx.TransportError as error:
        raise EndpointError(f"{url} does not answer: {error}") from error
    if response.is_error:
        raise EndpointError(f"{url} answered {response.status_code}: {error_message(response)}")
    try:
        return response.json()
    except ValueError as error:
        raise EndpointError(f"{url} answered {response.status_code}, but not with JSON") from error


def error_message(response: httpx.Response) -> str:
    """What an answer that is an error says, in OpenAI's shape or any other."""
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
