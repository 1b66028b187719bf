"""Chat completions through OpenAI's own client; its types are the judge."""

import asyncio
import json
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import TypeAdapter

from tests.inference_app.serving import App
from tests.inference_app.shares import BASE

USER = [{"role": "user", "content": "one two three four"}]


def said(**script: Any) -> list[dict[str, str]]:
    return [{"role": "user", "content": json.dumps(script)}]


def strictly(kind: type[Any], answer: Any) -> None:
    """OpenAI's client takes what it gets; here the answer must be what its types say."""
    TypeAdapter(kind).validate_python(answer.to_dict(), strict=False, extra="forbid")


def test_a_whole_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=BASE, messages=USER)
    strictly(ChatCompletion, answer)
    choice = answer.choices[0]
    assert (choice.message.role, choice.message.content) == ("assistant", "one two three four")
    assert choice.finish_reason == "stop"
    assert answer.model == BASE
    assert answer.id.startswith("chatcmpl-")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (4, 4, 8)


def test_an_adapter_answers_by_its_name_with_its_own_defaults(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="tone", messages=USER)
    assert answer.choices[0].message.content == "tone: one two"  # max_tokens 3
    assert answer.choices[0].finish_reason == "length"
    assert answer.model == "tone"
    longer = client.chat.completions.create(model="tone", messages=USER, max_tokens=4)
    assert longer.choices[0].message.content == "tone: one two three"


def test_a_request_without_a_model_is_answered_by_the_only_adapter(scripted: App, client: openai.OpenAI) -> None:
    """As clients of the original chat app ask: all its fields, and no name of a model."""
    body = {"messages": USER, "stream": False, "max_tokens": 256, "temperature": 1, "top_p": 1}
    answer = client.post("/chat/completions", body=body, cast_to=ChatCompletion)
    assert answer.choices[0].message.content == "tone: one two three four"


def test_a_stream(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model=BASE, messages=USER, stream=True))
    for chunk in chunks:
        strictly(ChatCompletionChunk, chunk)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "one two three four"
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.usage is None for chunk in chunks)


def test_the_wire_of_a_stream_ends_with_done(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model=BASE, messages=USER, stream=True)
    assert raw.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in raw.http_response.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"


def test_usage_in_a_stream_when_asked_for(client: openai.OpenAI) -> None:
    options = {"include_usage": True}
    *others, last = client.chat.completions.create(model=BASE, messages=USER, stream=True, stream_options=options)
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens == 8
    assert all(chunk.usage is None and "usage" in chunk.to_dict() for chunk in others)


async def test_the_asynchronous_client(scripted: App) -> None:
    async with openai.AsyncOpenAI(base_url=f"{scripted.url}/v1", api_key="any", max_retries=0) as client:
        whole = await client.chat.completions.create(model=BASE, messages=USER)
        assert whole.choices[0].message.content == "one two three four"
        stream = await client.chat.completions.create(model=BASE, messages=USER, stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
        assert "".join(pieces) == "one two three four"
        slow = said(say="a b c", word_seconds=0.05)
        answers = await asyncio.gather(
            *(client.chat.completions.create(model=name, messages=slow) for name in (BASE, "tone") * 5)
        )
        assert [answer.model for answer in answers] == [BASE, "tone"] * 5


def test_the_clients_own_stream_helper(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=BASE, messages=USER) as stream:
        stream.until_done()
        assert stream.get_final_completion().choices[0].message.content == "one two three four"


def test_several_answers_to_one_request(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=BASE, messages=USER, n=3)
    strictly(ChatCompletion, answer)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 12)
    texts = {0: "", 1: ""}
    roles: list[int] = []
    for chunk in client.chat.completions.create(model=BASE, messages=USER, n=2, stream=True):
        choice = chunk.choices[0]
        texts[choice.index] += choice.delta.content or ""
        roles += [choice.index] if choice.delta.role else []
    assert texts == {0: "one two three four", 1: "one two three four"}
    assert roles == [0, 1]


def test_logprobs(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=BASE, messages=USER, logprobs=True, top_logprobs=2)
    strictly(ChatCompletion, answer)
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert "".join(token.token for token in logprobs.content or []) == answer.choices[0].message.content
    assert all(token.top_logprobs for token in logprobs.content or [])
    chunks = list(client.chat.completions.create(model=BASE, messages=USER, logprobs=True, stream=True))
    for chunk in chunks:
        strictly(ChatCompletionChunk, chunk)
    told = [token for chunk in chunks for token in (chunk.choices[0].logprobs or logprobs).content or []]
    assert told


def test_content_in_parts_and_the_newer_name_of_system(client: openai.OpenAI) -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    messages = [{"role": "developer", "content": "be brief"}, {"role": "user", "content": parts}]
    answer = client.chat.completions.create(model=BASE, messages=messages)
    assert answer.choices[0].message.content == "one two"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 4  # the system prompt was read too


def test_an_answer_goes_back_as_history_with_all_its_nulls(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=BASE, messages=USER)
    message = answer.choices[0].message.model_dump(exclude={"refusal", "annotations", "audio", "function_call"})
    message.pop("tool_calls", None)
    follow = client.chat.completions.create(model=BASE, messages=[*USER, message, {"role": "user", "content": "five"}])
    assert follow.usage is not None
    assert follow.usage.prompt_tokens == 9


@pytest.mark.parametrize("limit", [0, -1])
def test_no_limit_means_the_rest_of_the_context(client: openai.OpenAI, limit: int) -> None:
    """As in the original chat app."""
    answer = client.chat.completions.create(
        model=BASE, messages=[{"role": "user", "content": "w " * 40}], max_tokens=limit
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 64


def test_the_newer_name_of_max_tokens_wins(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model=BASE, messages=USER, max_tokens=4, max_completion_tokens=1)
    assert answer.choices[0].message.content == "one"
