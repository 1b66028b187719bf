"""Metrics and logs: what happened, for which model, and never what was written."""

import json
import time
from pathlib import Path

import httpx
import openai
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed

from tests.inference_app.conftest import client_of
from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import ADAPTER_FOLDER, BASE, make_adapter, make_share

SECRET = "zebra"


@pytest.fixture
def app(tmp_path: Path) -> App:
    root = make_share(tmp_path)
    make_adapter(root / ADAPTER_FOLDER, name="tone")
    make_adapter(root / "models/bad", config={"peft_type": None})
    with running_app(root, root / "log", engine="scripted", log_level="debug", parallel=1, queue_limit=0) as app:
        yield app


def values(app: App) -> dict[tuple[str, str, str], float]:
    """(sample, adapter, outcome) -> value, for samples that are no buckets."""
    text = httpx.get(f"{app.url}/metrics").text
    return {
        (sample.name, sample.labels.get("adapter", "-"), sample.labels.get("outcome", "-")): sample.value
        for family in parsed(text)
        for sample in family.samples
        if "le" not in sample.labels
    }


def test_requests_are_counted_by_model_adapter_and_outcome(app: App) -> None:
    message = [{"role": "user", "content": f"{SECRET} one two"}]
    slow = [{"role": "user", "content": json.dumps({"say": f"{SECRET} x y", "word_seconds": 0.1})}]
    broken = [{"role": "user", "content": json.dumps({"say": f"{SECRET}", "fail_after": 0})}]
    with client_of(app) as client:
        client.chat.completions.create(model="tone", messages=message)
        client.chat.completions.create(model=BASE, messages=slow)
        client.completions.create(model=BASE, prompt=SECRET)
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="tone", messages=broken)
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model=f"{SECRET}-model", messages=message)
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model=BASE, messages=message, temperature=99)
    found = values(app)
    assert found["inference_requests_total", "tone", "ok"] == 1
    assert found["inference_requests_total", "tone", "engine_failed"] == 1
    assert found["inference_requests_total", "", "ok"] == 2
    assert found["inference_completion_tokens_total", "", "-"] == 4
    assert found["inference_prompt_tokens_total", "tone", "-"] == 3
    assert found["inference_time_to_first_token_seconds_count", "", "-"] == 2
    assert 0.1 <= found["inference_time_to_first_token_seconds_sum", "", "-"] < 1
    assert 0.09 <= found["inference_time_per_token_seconds_sum", "", "-"] < 0.5
    assert found["inference_queue_seconds_count", "", "-"] == 2
    assert found["inference_request_seconds_count", "tone", "-"] == 1
    assert found["inference_models", "-", "-"] == 2
    assert found["inference_unusable_adapters", "-", "-"] == 1
    assert found["inference_running", "-", "-"] == 0

    assert SECRET not in httpx.get(f"{app.url}/metrics").text
    assert SECRET not in app.output()


def test_a_refused_request_is_counted_too(app: App) -> None:
    slow = json.dumps({"say": "x " * 100, "word_seconds": 0.1})
    body = {"model": BASE, "messages": [{"role": "user", "content": slow}], "stream": True}
    with httpx.Client() as client, client.stream("POST", f"{app.url}/v1/chat/completions", json=body) as answer:
        pieces = answer.iter_bytes()
        next(pieces)
        refused = httpx.post(f"{app.url}/v1/chat/completions", json=body)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["error"]["code"] == "queue_full"
    app.wait_for(lambda: values(app).get(("inference_requests_total", "", "cancelled")) == 1, 2)
    assert values(app)["inference_requests_total", "", "queue_full"] == 1


def test_every_line_of_the_log_is_json_and_an_answer_is_told_in_numbers(app: App) -> None:
    with client_of(app) as client:
        client.chat.completions.create(model="tone", messages=[{"role": "user", "content": f"{SECRET} b"}])
    (line,) = app.logs("answer")
    assert (line["model"], line["adapter"], line["outcome"], line["finish_reason"]) == (BASE, "tone", "ok", "stop")
    assert (line["prompt_tokens"], line["completion_tokens"]) == (2, 3)
    assert line["queue_ms"] <= line["first_token_ms"] <= line["duration_ms"]
    assert line["time"].startswith(time.strftime("%Y-", time.gmtime()))
    assert all({"time", "level", "event"} <= set(entry) for entry in app.logs())
    (unusable,) = app.logs("adapter cannot be used")
    assert unusable["path"] == "models/bad"


def test_the_real_engine_writes_no_prompts_either(real: App, real_client: openai.OpenAI) -> None:
    real_client.chat.completions.create(
        model="tone", messages=[{"role": "user", "content": f"Say {SECRET}."}], max_tokens=8
    )
    assert SECRET not in real.output().lower()
