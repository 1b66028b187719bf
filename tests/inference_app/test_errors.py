"""What goes wrong is told in OpenAI's shape, whatever it is and whenever it happens."""

import json
from typing import Any

import httpx
import openai
import pytest

from tests.inference_app.serving import App
from tests.inference_app.shares import BASE

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "one two"}]


def told(response: httpx.Response) -> dict[str, Any]:
    """The error in a response, which must have OpenAI's shape and nothing else."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"]
    return body["error"]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "messages.0.content"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": 5.1}, "temperature"),
        ({"temperature": "warm"}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"top_k": 0}, "top_k"),
        ({"max_tokens": 2**40}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"n": 17}, "n"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stop": [""]}, "stop"),
        ({"seed": 2**70}, "seed"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"logit_bias": {"1": 2}}, "logit_bias"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_object"}}, "response_format"),  # the scripted engine cannot
        ({"stream_options": {"include_usage": True}}, None),
        ({"top_logprobs": 2}, None),
    ],
)
def test_a_field_at_fault_is_named(scripted: App, change: dict[str, Any], param: str | None) -> None:
    response = httpx.post(f"{scripted.url}{CHAT}", json={"model": BASE, "messages": MESSAGES, **change})
    assert response.status_code == 400
    error = told(response)
    assert error["type"] == "invalid_request_error"
    if param is None:
        assert "only for" in error["message"]
    else:
        assert str(error["param"]).startswith(param)
        assert param.partition(".")[0] in error["message"]


def test_all_problems_are_told_at_once(scripted: App) -> None:
    body = {"model": BASE, "messages": MESSAGES, "temperature": 9, "top_p": 9, "tools": []}
    message = told(httpx.post(f"{scripted.url}{CHAT}", json=body))["message"]
    assert all(field in message for field in ("temperature", "top_p", "tools"))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "invalid_json"),
        (b"", "invalid_request"),
        (b"[]", "invalid_request"),
        (b'"\xff"', "invalid_json"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "invalid_request"),
        (b"[" * 100_000, "invalid_json"),
    ],
)
def test_bodies_that_are_no_request(scripted: App, content: bytes, code: str) -> None:
    response = httpx.post(f"{scripted.url}{CHAT}", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert told(response)["code"] == code


def test_an_unknown_model_is_never_answered_by_another(client: openai.OpenAI) -> None:
    for ask in (client.chat.completions.create, client.completions.create):
        more = {"messages": MESSAGES} if ask == client.chat.completions.create else {"prompt": "x"}
        with pytest.raises(openai.NotFoundError) as caught:
            ask(model="tonne", **more)
        assert caught.value.code == "model_not_found"
        assert "tone" in str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_does_not_fit_is_refused_not_cut(client: openai.OpenAI, stream: bool) -> None:
    long = "word " * 64
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=BASE, messages=[{"role": "user", "content": long}], stream=stream)
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "messages")
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=BASE, prompt=long, stream=stream)
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "prompt")


def test_an_engine_that_breaks_down(client: openai.OpenAI) -> None:
    script = json.dumps({"say": "one two three", "fail_after": 0})
    for stream in (False, True):
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model=BASE, messages=[{"role": "user", "content": script}], stream=stream)
        assert caught.value.code == "engine_failed"


def test_an_engine_that_breaks_down_within_a_stream(client: openai.OpenAI) -> None:
    """The status is long sent: the client hears of it in the stream, and its library raises."""
    script = json.dumps({"say": "one two three", "fail_after": 2})
    stream = client.chat.completions.create(model=BASE, messages=[{"role": "user", "content": script}], stream=True)
    got = ""
    with pytest.raises(openai.APIError, match="breaks down here") as caught:
        for chunk in stream:
            got += chunk.choices[0].delta.content or ""
    assert got == "one two"
    assert caught.value.code == "engine_failed"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "unknown_url"),
        ("POST", "/", 404, "unknown_url"),
        ("GET", CHAT, 405, "method_not_allowed"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1/models/nobody/knows", 404, "model_not_found"),
    ],
)
def test_other_ways_to_go_wrong(scripted: App, method: str, path: str, status: int, code: str) -> None:
    response = httpx.request(method, f"{scripted.url}{path}")
    assert response.status_code == status
    assert told(response)["code"] == code


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large(scripted: App, chunked: bool) -> None:
    size = 5 * 1024 * 1024
    content: Any = (b"x" * 65536 for _ in range(size // 65536)) if chunked else b"x" * size
    response = httpx.post(f"{scripted.url}{CHAT}", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert told(response)["code"] == "request_too_large"


def test_a_share_without_a_base_model_is_not_ready_and_says_why(tmp_path: Any) -> None:
    from tests.inference_app.serving import running_app

    with running_app(tmp_path, tmp_path / "log", ready=False, engine="scripted") as app:
        app.wait_for(lambda: httpx.get(f"{app.url}/health/live").is_success)
        ready = httpx.get(f"{app.url}/health/ready")
        assert ready.status_code == 503
        assert "model-cache" in ready.json()["reason"]
        answer = httpx.post(f"{app.url}{CHAT}", json={"messages": MESSAGES})
        assert answer.status_code == 503
        assert told(answer)["code"] == "not_ready"
        assert int(answer.headers["Retry-After"]) >= 1
