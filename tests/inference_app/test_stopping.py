"""SIGTERM: not ready first, every accepted request answered, then a clean end."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import BASE, make_share


def ask(
    app: App, words: int = 10, stream: bool = False, timeout: float = 30, word_seconds: float = 0.2
) -> httpx.Response:
    script = json.dumps({"say": "w " * words, "word_seconds": word_seconds})
    body = {"model": BASE, "messages": [{"role": "user", "content": script}], "stream": stream}
    return httpx.post(f"{app.url}/v1/chat/completions", json=body, timeout=timeout)


def told(answer: httpx.Response) -> None:
    """The client hears that the server stops, and that it may ask again: another replica is there."""
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "stopping"
    assert "Retry-After" in answer.headers


def idle(app: App) -> bool:
    return "\ninference_running 0.0" in httpx.get(f"{app.url}/metrics").text


@pytest.mark.parametrize("page", [False, True])
def test_what_was_accepted_is_answered_also_what_waits(tmp_path: Path, page: bool) -> None:
    root = make_share(tmp_path)
    with (
        running_app(root, root / "log", engine="scripted", parallel=2, page=page) as app,
        ThreadPoolExecutor(7) as pool,
    ):
        asked = [pool.submit(ask, app, stream=bool(number % 2)) for number in range(6)]
        app.wait_for(lambda: "\ninference_waiting 4.0" in httpx.get(f"{app.url}/metrics").text)
        app.terminate()
        app.wait_for(lambda: httpx.get(f"{app.url}/health/ready").status_code == 503, 1)
        assert httpx.get(f"{app.url}/health/ready").json()["reason"] == "the server is stopping"
        assert httpx.get(f"{app.url}/health/live").is_success
        late = pool.submit(ask, app, words=1)  # whoever has not heard of it yet is still answered
        for answer in [*(future.result() for future in asked), late.result()]:
            assert answer.status_code == 200
            assert "w w" in answer.text or answer.request.content.count(b"w") < 20
        assert app.wait_for_end() == 0
        assert [line["outcome"] for line in app.logs("answer")] == ["ok"] * 7
        assert app.logs()[-1]["event"] == "stopped"


def test_the_end_comes_when_the_time_is_up(tmp_path: Path) -> None:
    root = make_share(tmp_path)
    with running_app(root, root / "log", engine="scripted", drain_seconds=1) as app, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, app, words=1000)
        app.wait_for(lambda: not idle(app))
        began = time.monotonic()
        app.terminate()
        assert app.wait_for_end() == 0
        assert time.monotonic() - began < 8
        told(asked.result())


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    root = make_share(tmp_path)
    with running_app(root, root / "log", engine="scripted") as app, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, app, words=1000)
        app.wait_for(lambda: not idle(app))
        app.terminate()
        app.wait_for(lambda: app.logs("stopping"))
        app.terminate()
        assert app.process.wait(5) == 0
        told(asked.result())


def test_nobody_there_means_no_waiting(tmp_path: Path) -> None:
    root = make_share(tmp_path)
    with running_app(root, root / "log", engine="scripted") as app:
        began = time.monotonic()
        app.terminate()
        assert app.wait_for_end() == 0
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_takes_too_long(tmp_path: Path, stream: bool) -> None:
    """Waiting counts, and a client that does not read cannot hold its place either."""
    root = make_share(tmp_path)
    settings = {"engine": "scripted", "parallel": 1, "request_seconds": 0.7}
    with running_app(root, root / "log", **settings) as app, ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, app, words=100, stream=stream)
        app.wait_for(lambda: not idle(app))
        second = ask(app, words=100)
        assert second.status_code == 504
        assert second.json()["error"]["code"] == "request_timeout"
        assert second.headers["X-Should-Retry"] == "false"
        if stream:
            assert first.result().status_code == 200
            assert '"code":"request_timeout"' in first.result().text
            assert first.result().text.endswith("data: [DONE]\n\n")
        else:
            assert first.result().status_code == 504
        assert idle(app)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_is_noticed_within_a_tenth_of_a_second(scripted: App, stream: bool) -> None:
    """Nothing is being computed here, so all of it is the noticing. The best of three: a busy machine only adds."""
    noticed: list[float] = []
    for _ in range(3):
        before = len(scripted.logs("answer"))
        with pytest.raises(httpx.ReadTimeout):
            ask(scripted, words=20, stream=stream, timeout=0.5, word_seconds=5)
        left = time.monotonic()
        scripted.wait_for(lambda: len(scripted.logs("answer")) > before, 2)  # noqa: B023 - called at once
        noticed.append(time.monotonic() - left)
        assert scripted.logs("answer")[-1]["outcome"] == "cancelled"
    assert min(noticed) < 0.1
