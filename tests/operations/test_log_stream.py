"""A followed log that is cut and asked for anew: every line is told once, those of one instant too."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from operations import log_stream

REPLICA: Any = {"name": "app--one-1", "properties": {"containers": [{"name": "main"}]}}


class App:
    """All that a stream needs of an app."""

    name = "app"

    def log_token(self) -> str:
        return "token"


class Answer:
    """A stream that is cut after these lines, or ends."""

    def __init__(self, lines: list[tuple[str, str]], *, cut: bool = False, status: int = 200) -> None:
        self._lines, self._cut, self.status_code = lines, cut, status

    def iter_lines(self, chunk_size: int) -> Iterator[bytes]:
        assert chunk_size == 1, "a line is told as soon as it is there"
        for time, text in self._lines:
            yield json.dumps({"TimeStamp": time, "Log": text}).encode()
        if self._cut:
            raise requests.ConnectionError("cut")


def told(monkeypatch: pytest.MonkeyPatch, *answers: Answer, follow: bool = True) -> list[str]:
    left = iter(answers)

    @contextmanager
    def connected(*_: object) -> Generator[Answer]:
        yield next(left)

    monkeypatch.setattr(log_stream, "_connected", connected)
    monkeypatch.setattr(log_stream, "RECONNECT_SECONDS", 0)
    app: Any = App()
    return [entry.text for entry in log_stream.console(app, "one", REPLICA, tail=20, follow=follow)]


def test_lines_of_one_instant_are_all_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [("1", "a"), ("2", "b"), ("2", "c"), ("2", "c"), ("1", "late")]
    assert told(monkeypatch, Answer(lines), follow=False) == ["a", "b", "c", "c", "late"]


def test_what_a_stream_repeats_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [("1", "a"), ("2", "b"), ("2", "c")]
    after = [*before, ("2", "d"), ("3", "e")]
    gone = Answer([], status=404)
    assert told(monkeypatch, Answer(before, cut=True), Answer(after, cut=True), Answer(after), gone) == list("abcde")
