"""Asking many at once: faults are passed over, what was answered is never asked again."""

import threading
from pathlib import Path
from typing import Any

import pytest

from operations.chat import Choices
from operations.errors import EndpointError
from operations.evaluation import asking
from operations.evaluation.asking import Answer, AnswerFile, ask_all
from operations.evaluation.dataset import Item
from tests.operations.evaluation.model_server import ModelServer, question, serving

ITEMS = [Item(number, f"question {number}", "yes") for number in range(20)]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LONGEST_WAIT_SECONDS", 0.01)


def ask(server: ModelServer, file: Path, **more: Any) -> dict[str, list[Answer]]:
    return ask_all(server.url, None, ["base", "tone"], ITEMS, AnswerFile(file), choices=Choices(0, 8), **more)


def echo(request: dict[str, Any]) -> str:
    return f"{request['model']} {question(request)}"


def test_answers_come_in_the_order_of_the_items_many_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(8, timeout=20)  # breaks unless eight are under way at once
    first = iter(range(8))

    def reply(request: dict[str, Any]) -> str:
        if next(first, None) is not None:
            together.wait()
        return echo(request)

    with serving(reply) as server:
        answers = ask(server, tmp_path / "answers", parallel=8)
    assert [answer.text for answer in answers["tone"]] == [f"tone question {number}" for number in range(20)]
    assert answers["base"][0].prompt_tokens == 7
    assert server.asked[0]["temperature"] == 0


def test_faults_are_passed_over(tmp_path: Path) -> None:
    faults: list[Any] = [(429, {"Retry-After": "0"}), (503, {}), None, (500, {}), None]
    lock = threading.Lock()

    def reply(request: dict[str, Any]) -> Any:
        with lock:
            return faults.pop() if faults else echo(request)

    with serving(reply) as server:
        answers = ask(server, tmp_path / "answers")
    assert len(server.asked) == 45
    assert {answer.text for answer in answers["base"]} == {f"base question {number}" for number in range(20)}


def test_what_is_no_passing_fault_is_an_error_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    def reply(request: dict[str, Any]) -> Any:
        return (400, {}) if question(request) == "question 7" else echo(request)

    file = tmp_path / "answers"
    with serving(reply) as server, pytest.raises(EndpointError, match="400: not now"):
        ask(server, file, parallel=1)
    answered = len(AnswerFile(file).read())
    assert answered == 14
    with serving(echo) as server:
        ask(server, file)
    assert len(server.asked) == 40 - answered


def test_a_line_that_a_kill_cut_short_is_asked_again_and_harms_no_other(tmp_path: Path) -> None:
    file = tmp_path / "answers"
    with serving(echo) as server:
        complete = ask(server, file)
    text = file.read_text()
    file.write_text(text[: len(text) // 2])
    with serving(echo) as server:
        again = ask(server, file)
    assert 0 < len(server.asked) < 40
    assert [a.text for a in again["base"]] == [a.text for a in complete["base"]]
    with serving(echo) as server:
        ask(server, file)
    assert server.asked == []


def test_another_wording_is_asked_anew(tmp_path: Path) -> None:
    file = tmp_path / "answers"
    with serving(echo) as server:
        ask(server, file)
        ask(server, file, system="be brief")
    assert len(server.asked) == 80
