"""Counts what the SDK sends, at its own door to the network."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
import requests

Answering = Callable[..., requests.Response]


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """The methods and paths of all requests made inside, in order."""
    sent: list[str] = []
    original: Answering = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **options: object) -> requests.Response:
        sent.append(f"{request.method} {request.path_url}")
        return original(self, request, **options)

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", send)
        yield sent
