"""Which models there are, how many tokens a prompt has, and the health routes."""

import httpx
import openai
import pytest
from openai.types import Model
from pydantic import TypeAdapter

from tests.inference_app.serving import App
from tests.inference_app.shares import BASE


def test_the_base_and_its_adapters_are_listed(client: openai.OpenAI) -> None:
    base, tone = client.models.list().data
    assert (base.id, base.owned_by, base.object) == (BASE, "HuggingFaceTB", "model")
    assert tone.id == "tone"
    assert tone.to_dict()["parent"] == BASE
    assert base.created > 1_600_000_000


def test_a_model_is_described_by_its_name(client: openai.OpenAI) -> None:
    """Names hold slashes, which clients send escaped or not."""
    model = client.models.retrieve(BASE)
    TypeAdapter(Model).validate_python(model.to_dict(), extra="forbid")
    assert model.id == BASE
    plain = httpx.get(f"{client.base_url}models/{BASE}")
    assert plain.json()["id"] == BASE


def test_tokens_of_a_prompt_are_those_that_are_counted(real: App, real_client: openai.OpenAI) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}]
    counted = httpx.post(f"{real.url}/tokenize", json={"model": BASE, "messages": messages}).json()
    answer = real_client.chat.completions.create(model=BASE, messages=messages, max_tokens=1)
    assert answer.usage is not None
    assert counted["count"] == len(counted["tokens"]) == answer.usage.prompt_tokens
    assert counted["max_model_len"] == 1024
    plain = httpx.post(f"{real.url}/tokenize", json={"model": BASE, "prompt": "Hello"}).json()
    assert plain["count"] == 1


@pytest.mark.parametrize("body", [{}, {"prompt": "x", "messages": []}, {"prompt": "x", "add_special_tokens": True}])
def test_a_tokenize_request_at_fault(scripted: App, body: dict[str, object]) -> None:
    response = httpx.post(f"{scripted.url}/tokenize", json={"model": BASE, **body})
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_an_empty_prompt_has_no_tokens_and_is_no_request(real: App) -> None:
    counted = httpx.post(f"{real.url}/tokenize", json={"model": BASE, "prompt": ""})
    assert counted.json()["count"] == 0
    asked = httpx.post(f"{real.url}/v1/completions", json={"model": BASE, "prompt": ""})
    assert asked.status_code == 400
    assert asked.json()["error"]["param"] == "prompt"


def test_health(scripted: App) -> None:
    assert httpx.get(f"{scripted.url}/health/startup").json() == {"status": "live"}
    assert httpx.get(f"{scripted.url}/health/live").json() == {"status": "live"}
    assert httpx.get(f"{scripted.url}/health/ready").json() == {"status": "ready", "models": 2}
