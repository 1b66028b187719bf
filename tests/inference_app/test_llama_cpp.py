"""The real model behind the API: base and adapter, never mixed; what only a real engine can get wrong."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import openai
import pytest

from inference_app.engines.llama_server import read_ahead
from tests.inference_app.conftest import client_of
from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import BASE, make_real_share
from tests.workspace import PROJECT

EXAMPLE = json.loads((PROJECT / "examples/tone/example.json").read_text())
QUESTION = [{"role": "user", "content": EXAMPLE["question"].format(phrase=EXAMPLE["sample"]["phrase"])}]
TONE = "joy"


def answered(client: openai.OpenAI, model: str) -> str:
    """Greedy, as the adapter's own defaults are."""
    answer = client.chat.completions.create(model=model, messages=QUESTION, temperature=0, max_tokens=8)
    return answer.choices[0].message.content or ""


def test_base_and_adapter_answer_by_name(real_client: openai.OpenAI) -> None:
    assert answered(real_client, "tone") == TONE
    assert TONE not in answered(real_client, BASE)[:5]


def test_they_are_never_mixed_whatever_the_order_and_the_crowd(real: App) -> None:
    """The same prompt for both, so that a prompt cache that leaks from one to the other would be used."""

    async def ask() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{real.url}/v1", api_key="any", max_retries=0) as client:
            answers = await asyncio.gather(
                *(
                    client.chat.completions.create(model=name, messages=QUESTION, temperature=0, max_tokens=4)
                    for name in (BASE, "tone") * 8
                )
            )
        return [answer.choices[0].message.content or "" for answer in answers]

    with openai.OpenAI(base_url=f"{real.url}/v1", api_key="any") as client:
        alone = client.chat.completions.create(model=BASE, messages=QUESTION, temperature=0, max_tokens=4)
    answers = asyncio.run(ask())
    assert answers[1::2] == [TONE] * 8
    assert set(answers[0::2]) == {alone.choices[0].message.content}


def test_the_adapters_prompt_cache_is_never_used_for_the_base(tmp_path: Path) -> None:
    """One slot, so that each request finds what the one before left there: the same prompt, read by the other model."""

    def logprobs(model: str) -> list[float]:
        answer = client.chat.completions.create(
            model=model, messages=QUESTION, temperature=0, max_tokens=3, logprobs=True
        )
        told = answer.choices[0].logprobs
        assert told is not None
        return [token.logprob for token in told.content or []]

    root = make_real_share(tmp_path)
    with running_app(root, root / "log", parallel=1, context_tokens=256) as app, client_of(app) as client:
        base, tone = logprobs(BASE), logprobs("tone")
        assert base != pytest.approx(tone, abs=0.05)
        for _ in range(2):
            assert logprobs(BASE) == pytest.approx(base, abs=0.05)
            assert logprobs("tone") == pytest.approx(tone, abs=0.05)


def test_the_whole_conversation_is_read(real_client: openai.OpenAI) -> None:
    """Judged by the model's own template, written out by hand."""
    messages = [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "My name is Amina."},
        {"role": "assistant", "content": "Hello Amina."},
        {"role": "user", "content": "What is my name?"},
    ]
    text = "".join(f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in messages)
    chat = real_client.chat.completions.create(model=BASE, messages=messages, temperature=0, max_tokens=16)
    plain = real_client.completions.create(
        model=BASE, prompt=f"{text}<|im_start|>assistant\n", temperature=0, max_tokens=16
    )
    assert chat.choices[0].message.content == plain.choices[0].text
    assert chat.usage == plain.usage


def test_a_seed_makes_an_answer_again(real_client: openai.OpenAI) -> None:
    def draw(seed: int) -> str:
        messages = [{"role": "user", "content": "Write a word."}]
        answer = real_client.chat.completions.create(
            model=BASE, messages=messages, temperature=2, seed=seed, max_tokens=12
        )
        return answer.choices[0].message.content or ""

    assert draw(7) == draw(7)
    assert len({draw(seed) for seed in range(4)}) > 1


def test_several_answers_differ_and_a_seed_fixes_them_all(real_client: openai.OpenAI) -> None:
    def draw() -> list[str]:
        messages = [{"role": "user", "content": "Write a word."}]
        answer = real_client.chat.completions.create(
            model=BASE, messages=messages, temperature=2, seed=5, n=3, max_tokens=8
        )
        return [choice.message.content or "" for choice in answer.choices]

    first = draw()
    assert len(set(first)) > 1
    assert draw() == first


def test_a_stop_sequence_ends_the_answer_before_it(real_client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "Count: one, two, three, four"}]
    free = real_client.chat.completions.create(model=BASE, messages=messages, temperature=0, max_tokens=30)
    text = free.choices[0].message.content or ""
    stop = text[5:9]
    cut = real_client.chat.completions.create(model=BASE, messages=messages, temperature=0, max_tokens=30, stop=[stop])
    assert cut.choices[0].message.content == text[: text.index(stop)]
    assert cut.choices[0].finish_reason == "stop"


def test_logprobs_belong_to_the_tokens(real_client: openai.OpenAI) -> None:
    answer = real_client.chat.completions.create(
        model="tone", messages=QUESTION, logprobs=True, top_logprobs=3, temperature=0
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    first = (logprobs.content or [])[0]
    assert first.token == TONE
    assert first.logprob == pytest.approx(max(top.logprob for top in first.top_logprobs))
    assert [top.logprob for top in first.top_logprobs] == sorted((t.logprob for t in first.top_logprobs), reverse=True)
    assert len(first.top_logprobs) == 3
    assert first.logprob <= 0
    assert first.bytes == list(TONE.encode())


SCHEMA = {
    "type": "object",
    "properties": {
        "tone": {"enum": ["joy", "sadness"]},
        "sure": {"type": "boolean"},
        "words": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 2},
    },
    "required": ["tone", "sure"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("model", [BASE, "tone"])
def test_an_answer_follows_a_json_schema(real_client: openai.OpenAI, model: str) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "tone", "schema": SCHEMA, "strict": True}}
    answer = real_client.chat.completions.create(
        model=model, messages=QUESTION, response_format=form, max_tokens=80, temperature=0
    )
    value = json.loads(answer.choices[0].message.content or "")
    assert {"tone", "sure"} <= set(value) <= set(SCHEMA["properties"])
    assert value["tone"] in ("joy", "sadness")
    assert isinstance(value["sure"], bool)


def test_an_answer_is_a_json_object(real_client: openai.OpenAI) -> None:
    answer = real_client.chat.completions.create(
        model=BASE, messages=QUESTION, response_format={"type": "json_object"}, max_tokens=10, temperature=0
    )
    assert (answer.choices[0].message.content or "").startswith("{")


def test_a_prompt_that_does_not_fit_is_refused(real_client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "word " * 1100}]
    with pytest.raises(openai.BadRequestError) as caught:
        real_client.chat.completions.create(model="tone", messages=messages)
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "messages")


def idle(app: App) -> Callable[[], bool]:
    """Whether nobody has a place."""
    return lambda: "\ninference_running 0.0" in httpx.get(f"{app.url}/metrics").text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("phase", ["prompt", "answer"])
def test_a_client_that_leaves_frees_its_place(real: App, stream: bool, phase: str) -> None:
    """While the prompt is read, and while the answer is drawn: llama.cpp by itself goes on in either."""
    words = "tell me more about it " * 150 if phase == "prompt" else "Write a long story."
    body = {"model": BASE, "messages": [{"role": "user", "content": words}], "max_tokens": 0, "stream": stream}
    real.wait_for(idle(real))
    leave = threading.Event()

    def ask() -> None:
        with httpx.Client() as client, client.stream("POST", f"{real.url}/v1/chat/completions", json=body) as answer:
            for _ in answer.iter_bytes():
                if leave.is_set():
                    return

    def ask_and_leave() -> None:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{real.url}/v1/chat/completions", json=body, timeout=httpx.Timeout(5, read=0.5))

    asking = threading.Thread(target=ask if stream and phase == "answer" else ask_and_leave)
    asking.start()
    real.wait_for(lambda: not idle(real)())
    time.sleep(0.3)
    leave.set()
    asking.join()
    real.wait_for(idle(real), 2)
    last = real.logs("answer")[-1]
    assert last["outcome"] == "cancelled"
    assert last["duration_ms"] < 2500


def test_a_model_is_in_memory_before_the_library_loads_it_and_blocks_everything(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(os.urandom(32 << 20))
    with file.open("rb+", buffering=0) as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with pytest.raises(BlockingIOError):
            _ = in_memory(opened.fileno(), 16 << 20)
        read_ahead(file)
        assert all(in_memory(opened.fileno(), place) for place in range(0, 32 << 20, 1 << 20))


def in_memory(file: int, place: int) -> int:
    """Bytes that could be read without waiting for the disk; `BlockingIOError` where there are none."""
    return os.preadv(file, [bytearray(1)], place, os.RWF_NOWAIT)
