"""Plain completions through OpenAI's own client."""

import openai
from openai.types import Completion
from pydantic import TypeAdapter

from tests.inference_app.shares import BASE


def test_a_whole_completion(client: openai.OpenAI) -> None:
    answer = client.completions.create(model=BASE, prompt="one two")
    TypeAdapter(Completion).validate_python(answer.to_dict(), extra="forbid")
    assert answer.object == "text_completion"
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("one two", "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens == 4


def test_sixteen_tokens_unless_more_are_asked_for(client: openai.OpenAI) -> None:
    """OpenAI's own default, which differs from the chat's."""
    answer = client.completions.create(model=BASE, prompt="w " * 20)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 16


def test_several_prompts_and_several_answers_each(client: openai.OpenAI) -> None:
    answer = client.completions.create(model=BASE, prompt=["one", "two three"], n=2)
    assert [choice.text for choice in answer.choices] == ["one", "one", "two three", "two three"]
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 6)


def test_a_stream(client: openai.OpenAI) -> None:
    chunks = list(client.completions.create(model=BASE, prompt="one two", stream=True, logprobs=1))
    # OpenAI's own types leave no room for the null that its own service sends in all chunks but the last.
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None, None]
    TypeAdapter(Completion).validate_python(chunks[-1].to_dict(), extra="forbid")
    assert "".join(chunk.choices[0].text for chunk in chunks) == "one two"
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_logprobs_are_parallel_lists(client: openai.OpenAI) -> None:
    logprobs = client.completions.create(model=BASE, prompt="one two", logprobs=1).choices[0].logprobs
    assert logprobs is not None
    assert logprobs.tokens == ["one", " two"]
    assert logprobs.text_offset == [0, 3]
    assert logprobs.token_logprobs == [-0.5, -0.5]
    assert logprobs.top_logprobs == [{"one": -0.5}, {" two": -0.5}]


def test_no_template_is_applied(real_client: openai.OpenAI) -> None:
    """The prompt alone is read: so the model goes on with it, and few tokens are counted."""
    answer = real_client.completions.create(model=BASE, prompt="The capital of France is", temperature=0, max_tokens=4)
    assert "Paris" in answer.choices[0].text
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 5
