"""Each engine behind the API, judged by OpenAI's own client and its types."""

import asyncio
import json

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.engines.conftest import EngineApp
from tests.engines.questions import QUESTION, TONE, answered
from tests.inference_app.shares import BASE

SCHEMA = {
    "type": "object",
    "properties": {"tone": {"enum": ["joy", "sadness"]}, "sure": {"type": "boolean"}},
    "required": ["tone", "sure"],
    "additionalProperties": False,
}


def test_base_and_adapter_answer_by_name(client: openai.OpenAI) -> None:
    assert answered(client, "tone") == TONE
    assert TONE not in answered(client, BASE)


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        answered(client, "nobody")
    assert caught.value.code == "model_not_found"


def test_models_tell_their_base(client: openai.OpenAI) -> None:
    parents = {model.id: getattr(model, "parent", None) for model in client.models.list()}
    assert parents == {BASE: None, "tone": BASE}


def test_asynchronous_and_in_a_crowd_never_mixed(app: EngineApp) -> None:
    async def ask() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{app.url}/v1", api_key="any", max_retries=0) as client:
            answers = await asyncio.gather(
                *(
                    client.chat.completions.create(model=name, messages=QUESTION, temperature=0, max_tokens=4)
                    for name in (BASE, "tone") * 6
                )
            )
        return [answer.choices[0].message.content or "" for answer in answers]

    answers = asyncio.run(ask())
    assert answers[1::2] == [TONE] * 6
    assert TONE not in "".join(answers[0::2])


def test_a_stream_is_the_whole_answer_in_pieces(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model=BASE, messages=QUESTION, temperature=0, max_tokens=12)
    chunks = list(
        client.chat.completions.create(
            model=BASE,
            messages=QUESTION,
            temperature=0,
            max_tokens=12,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content
    assert all(isinstance(chunk, ChatCompletionChunk) for chunk in chunks)
    assert chunks[-1].usage == whole.usage
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 12
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason == "length"


async def test_an_asynchronous_stream(app: EngineApp) -> None:
    async with openai.AsyncOpenAI(base_url=f"{app.url}/v1", api_key="any", max_retries=0) as client:
        stream = await client.chat.completions.create(model="tone", messages=QUESTION, stream=True)
        pieces = [choice.delta.content or "" async for chunk in stream for choice in chunk.choices]
    assert "".join(pieces) == TONE


def test_raw_responses(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="tone", messages=QUESTION)
    assert raw.status_code == 200
    assert raw.headers["content-type"] == "application/json"
    assert isinstance(raw.parse(), ChatCompletion)
    with client.chat.completions.with_streaming_response.create(model="tone", messages=QUESTION, stream=True) as events:
        lines = [line for line in events.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"


def test_plain_completions(client: openai.OpenAI) -> None:
    text = f"<|im_start|>user\n{QUESTION[0]['content']}<|im_end|>\n<|im_start|>assistant\n"
    plain = client.completions.create(model="tone", prompt=text, temperature=0, max_tokens=4)
    assert plain.choices[0].text == TONE


def test_a_seed_makes_an_answer_again(client: openai.OpenAI) -> None:
    def draw(seed: int) -> list[str]:
        answer = client.chat.completions.create(
            model=BASE, messages=QUESTION, temperature=2, seed=seed, max_tokens=6, n=2
        )
        return [choice.message.content or "" for choice in answer.choices]

    first = draw(7)
    assert draw(7) == first
    assert len({*first, *draw(8)}) > 2


def test_a_stop_sequence_ends_the_answer_before_it(client: openai.OpenAI) -> None:
    free = client.chat.completions.create(model=BASE, messages=QUESTION, temperature=0, max_tokens=16)
    text = free.choices[0].message.content or ""
    stop = text[6:11]
    cut = client.chat.completions.create(model=BASE, messages=QUESTION, temperature=0, max_tokens=16, stop=[stop])
    assert cut.choices[0].message.content == text[: text.index(stop)]
    assert cut.choices[0].finish_reason == "stop"


def test_logprobs_belong_to_the_tokens(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=BASE, messages=QUESTION, logprobs=True, top_logprobs=3, temperature=0, max_tokens=5
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    tokens = logprobs.content or []
    assert "".join(token.token for token in tokens) == answer.choices[0].message.content
    for token in tokens:
        assert [top.logprob for top in token.top_logprobs] == sorted(t.logprob for t in token.top_logprobs)[::-1]
        assert (len(token.top_logprobs), token.top_logprobs[0].token) == (3, token.token)
        assert token.logprob == pytest.approx(token.top_logprobs[0].logprob)
        assert token.bytes == list(token.token.encode())
        assert token.logprob <= 0


def test_a_penalty_changes_what_is_repeated(client: openai.OpenAI) -> None:
    def repeated(penalty: float) -> int:
        answer = client.completions.create(
            model=BASE, prompt="The cat sat on the mat. " * 12, temperature=0, max_tokens=32, frequency_penalty=penalty
        )
        words = answer.choices[0].text.split()
        return len(words) - len(set(words))

    assert repeated(2) < repeated(0)


def test_a_json_schema_is_followed_or_refused_by_name(client: openai.OpenAI, app: EngineApp) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "tone", "schema": SCHEMA, "strict": True}}

    def ask() -> ChatCompletion:
        return client.chat.completions.create(
            model=BASE, messages=QUESTION, response_format=form, max_tokens=60, temperature=0
        )

    if app.engine == "transformers":
        with pytest.raises(openai.BadRequestError) as caught:
            ask()
        assert caught.value.param == "response_format"
        return
    value = json.loads(ask().choices[0].message.content or "")
    assert set(value) == {"tone", "sure"}
    assert value["tone"] in ("joy", "sadness")


def test_a_prompt_that_does_not_fit_is_refused(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "word " * 600}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tone", messages=messages)
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "messages")


def test_nothing_that_was_asked_or_answered_is_in_the_log(client: openai.OpenAI, app: EngineApp) -> None:
    messages = [{"role": "user", "content": "My secret is zebra. Repeat it."}]
    client.chat.completions.create(model=BASE, messages=messages, max_tokens=12)
    assert "zebra" not in app.output()
