"""The main job, as a newcomer meets it: one command, then any OpenAI client and a browser."""

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from openai import NotFoundError, OpenAI

from tests.end_to_end.conftest import ADAPTER, endpoint_in
from tests.workspace import run

pytestmark = pytest.mark.engine


@pytest.fixture
def client(endpoint: str) -> OpenAI:
    return OpenAI(base_url=f"{endpoint}/v1", api_key="none", max_retries=0)


@pytest.fixture
def base_model(client: OpenAI) -> str:
    (base,) = [model.id for model in client.models.list() if not getattr(model, "parent", None)]
    return base


def test_the_first_up_shows_both_answers_and_ends_with_the_endpoint(first_up: str) -> None:
    assert endpoint_in(first_up).startswith("http://127.0.0.1:")
    assert re.search(r"^ base +\S.*", first_up, re.MULTILINE)
    assert re.search(rf"^ adapter +joy +\({ADAPTER}\)", first_up, re.MULTILINE)


def test_up_again_changes_nothing_and_keeps_the_endpoint(endpoint: str, workspace: Path) -> None:
    again = run(workspace, "sandbox", "up").stdout
    assert endpoint_in(again) == endpoint
    assert "unchanged" in again
    assert not any(word in again for word in ("created", "updated", "replaced", "deleted"))


def test_the_configuration_file_holds_the_six_keys(endpoint: str, workspace: Path) -> None:
    written = json.loads((workspace / "infra/inference.config.json").read_text())
    assert set(written) == {
        "SUBSCRIPTION_ID",
        "RESOURCE_GROUP_NAME",
        "STORAGE_ACCOUNT_NAME",
        "FILE_SHARE_NAME",
        "ACA_APP_NAME",
        "ACA_APP_ENDPOINT",
    }
    assert f"http://{written['ACA_APP_ENDPOINT']}" == endpoint


def test_tracked_files_stay_as_they_are(endpoint: str, workspace: Path) -> None:
    """Encryption salts and the like belong to this machine, not to the repository."""
    assert "encryptionsalt" not in (workspace / "Pulumi.local.yaml").read_text()


def test_base_and_adapter_are_listed_with_their_kinship(client: OpenAI, base_model: str) -> None:
    parents = {model.id: getattr(model, "parent", None) for model in client.models.list()}
    assert parents == {base_model: None, ADAPTER: base_model}


def test_curl_like_requests_get_an_answer_in_openais_shape(endpoint: str, base_model: str) -> None:
    for model in (base_model, ADAPTER):
        body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 8}
        request = urllib.request.Request(
            f"{endpoint}/v1/chat/completions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert (answer["object"], answer["model"]) == ("chat.completion", model)
        assert answer["choices"][0]["message"]["role"] == "assistant"
        assert answer["choices"][0]["finish_reason"] in {"stop", "length"}
        assert answer["usage"]["completion_tokens"] > 0


def test_an_answer_streams_and_ends_with_a_reason(client: OpenAI, base_model: str) -> None:
    question = {"role": "user", "content": "Count from one to five."}
    stream = client.chat.completions.create(model=base_model, messages=[question], max_tokens=24, stream=True)  # type: ignore[call-overload]
    chunks = [chunk.choices[0] for chunk in stream if chunk.choices]
    assert len([chunk for chunk in chunks if chunk.delta.content]) > 3
    assert chunks[-1].finish_reason in {"stop", "length"}


def test_an_unknown_model_is_never_answered_by_the_base(client: OpenAI) -> None:
    with pytest.raises(NotFoundError):
        client.chat.completions.create(model="no-such-adapter", messages=[{"role": "user", "content": "Hello"}])


def test_the_adapter_is_right_on_at_least_15_of_20_held_out_sentences(
    client: OpenAI, base_model: str, example: dict[str, Any], heldout: list[dict[str, str]]
) -> None:
    step = len(heldout) // 20
    chosen = heldout[::step][:20]

    def right(model: str) -> int:
        answers = [ask(client, model, example["question"].format(phrase=item["phrase"])) for item in chosen]
        return sum(answer == item["tone"] for answer, item in zip(answers, chosen, strict=True))

    adapter, base = right(ADAPTER), right(base_model)
    assert adapter >= 15
    assert adapter > base


def ask(client: OpenAI, model: str, content: str) -> str:
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": content}], max_tokens=8, temperature=0
    )
    return (answer.choices[0].message.content or "").strip().strip(".").lower()
