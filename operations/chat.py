"""A conversation with a model behind the endpoint, streamed."""

import json
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from operations.endpoint import ANSWER_TIMEOUT_SECONDS, error_message
from operations.errors import BusyError, EndpointError

_DATA: Final = "data:"
_DONE: Final = "[DONE]"
_PASSING: Final = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Choices:
    """How answers are drawn."""

    temperature: float = 0.7
    max_tokens: int = 512


@dataclass(frozen=True)
class Usage:
    """What an answer took: tokens, seconds to the first piece and in all."""

    prompt_tokens: int
    completion_tokens: int
    first_seconds: float
    seconds: float


@dataclass
class Conversation:
    """Messages so far; an answer that fails or is interrupted leaves them as they were."""

    url: str
    model: str
    api_key: str | None = None
    system: str | None = None
    choices: Choices = field(default_factory=Choices)
    messages: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    usage: Usage | None = None
    """What the last whole answer took; None where the server does not tell."""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=ANSWER_TIMEOUT_SECONDS))

    def reset(self) -> None:
        """Forgets everything but the system message."""
        self.messages.clear()

    def ask(self, text: str) -> Iterator[str]:
        """The answer, piece by piece; both are remembered once it is whole.

        Raises:
            BusyError: no answer, or not a whole one; asking again may help.
        EndpointError: an error in the place of an answer or in the middle of it.
        """
        asked = [*self.messages, {"role": "user", "content": text}]
        answer = ""
        for piece in self._stream(asked):
            answer += piece
            yield piece
        self.messages = [*asked, {"role": "assistant", "content": answer}]

    def _stream(self, asked: Sequence[dict[str, str]]) -> Generator[str]:
        first = [{"role": "system", "content": self.system}] if self.system else []
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [*first, *asked],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": self.choices.temperature,
            "max_tokens": self.choices.max_tokens,
        }
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        began, first_at, self.usage = time.monotonic(), None, None
        address = f"{self.url}/v1/chat/completions"
        try:
            with self.client.stream("POST", address, json=body, headers=headers) as response:
                if response.is_error:
                    response.read()
                    raise _refusal(response, address)
                for event in _events(response, address):
                    if event.get("usage"):
                        self.usage = Usage(
                            int(event["usage"]["prompt_tokens"]),
                            int(event["usage"]["completion_tokens"]),
                            (first_at or time.monotonic()) - began,
                            time.monotonic() - began,
                        )
                    for choice in event.get("choices") or []:
                        piece = (choice.get("delta") or {}).get("content")
                        if piece:
                            first_at = first_at or time.monotonic()
                            yield str(piece)
        except httpx.TransportError as error:
            raise BusyError(f"{address}: the answer was cut off ({type(error).__name__}: {error})") from error
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise EndpointError(f"{address} does not answer like OpenAI's API; is another server there?") from error


def _refusal(response: httpx.Response, address: str) -> EndpointError:
    message = f"{address} answered {response.status_code}: {error_message(response)}"
    if response.status_code not in _PASSING:
        return EndpointError(message)
    wait = response.headers.get("Retry-After", "")
    return BusyError(message, float(wait) if wait.isdigit() else None)


def _events(response: httpx.Response, address: str) -> Iterator[dict[str, Any]]:
    """The JSON of each server-sent event up to `[DONE]`, without which the answer is not whole."""
    for line in response.iter_lines():
        if not line.startswith(_DATA):
            continue
        data = line.removeprefix(_DATA).strip()
        if data == _DONE:
            return
        event = json.loads(data)
        if "error" in event:
            raise EndpointError(f"{address} broke off: {event['error'].get('message')}")
        yield event
    raise BusyError(f"{address}: the answer ended before it was whole")
