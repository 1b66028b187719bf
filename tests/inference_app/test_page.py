"""The chat page: what it does, what Gradio lets others do through it, and once in a real browser."""

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from inference_app.admission import Admission
from inference_app.catalogue import Catalogue
from inference_app.deadlines import Deadlines
from inference_app.engines.scripted import ScriptedEngine
from inference_app.keys import ApiKeys
from inference_app.metrics import Metrics
from inference_app.page.conversation import FAILED, Answer, Controls, Conversation, Question
from inference_app.page.side_by_side import side_by_side
from inference_app.service import InferenceService
from inference_app.share import Share
from tests.end_to_end.test_page import CHROMIUM_ARGUMENTS
from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import ADAPTER_FOLDER, BASE, make_adapter, make_share

KEY = "a-long-secret"


async def made(root: Path, *keys: str, parallel: int = 1) -> Conversation:
    """A conversation over the scripted engine, with the adapter tone."""
    make_share(root)
    make_adapter(root / ADAPTER_FOLDER, name="tone", defaults={"temperature": 0, "max_tokens": 9, "stop": ["x"]})
    make_adapter(root / "models/bad", config={"peft_type": None})
    catalogue = Catalogue(Share(root), None, lambda base: ScriptedEngine(64))
    watching = asyncio.create_task(catalogue.watch(60))
    while catalogue.waiting_for is not None:
        await asyncio.sleep(0.01)
    watching.cancel()
    service = InferenceService(catalogue, Admission(parallel, 1), Deadlines(60), Metrics())
    return Conversation(service, ApiKeys(keys))


def question(text: str, **more: Any) -> Question:
    fields = {"history": [], "model": "tone", "system": "", "controls": Controls(), "key": "", **more}
    return Question(text, **fields)


async def answers(conversation: Conversation, asked: Question) -> list[Answer]:
    return [answer async for answer in conversation.answer(asked)]


async def test_an_answer_grows_and_ends_with_its_numbers(tmp_path: Path) -> None:
    conversation = await made(tmp_path)
    *growing, last = await answers(conversation, question("one two"))
    assert [answer.history[-1]["content"] for answer in growing] == ["one two", "tone:", "tone: one", "tone: one two"]
    assert last.history[-1]["content"] == "tone: one two"
    assert re.fullmatch(r"tone · 2 tokens read, 3 written · \d+\.\d s", last.status)


async def test_the_whole_history_goes_to_the_model_but_nothing_that_failed(tmp_path: Path) -> None:
    conversation = await made(tmp_path)
    failed = {"role": "assistant", "content": "It broke.", "metadata": {"title": FAILED}}
    history = [
        {"role": "user", "content": [{"type": "text", "text": "one"}]},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "never answered"},
        failed,
    ]
    *_, last = await answers(conversation, question("three four", history=history, system="be brief"))
    assert "6 tokens read" in last.status  # be brief, one, two, three four


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": "nobody"}, "There is no model 'nobody'"),
        ({"model": "bad"}, "cannot be used"),
        ({"text": "w " * 70}, "The prompt has 70 tokens, the context only 64."),
        ({"text": '{"say": "a b", "fail_after": 1}'}, "The script breaks down here."),
    ],
)
async def test_what_goes_wrong_is_told_in_the_conversation(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    conversation = await made(tmp_path)
    *_, last = await answers(conversation, question(**{"text": "x", **change}))
    assert last.history[-1]["metadata"] == {"title": FAILED}
    assert told in last.history[-1]["content"]
    assert last.status == FAILED


async def test_without_the_key_nothing_is_shown_or_answered(tmp_path: Path) -> None:
    conversation = await made(tmp_path, KEY)
    assert conversation.needs_key
    assert conversation.models("wrong") == []
    assert "Enter the API key" in conversation.status("")
    assert "not known" in conversation.status("wrong")
    *_, last = await answers(conversation, question("x", key="wrong"))
    assert "not known" in last.history[-1]["content"]
    *_, last = await answers(conversation, question("x", key=KEY))
    assert last.history[-1]["content"] == "tone: x"


async def test_models_and_what_their_makers_recommend(tmp_path: Path) -> None:
    conversation = await made(tmp_path)
    assert conversation.models("") == [("tone (adapter)", "tone"), ("SmolLM2-135M-Instruct (base)", BASE)]
    assert conversation.controls("tone") == Controls(max_tokens=9, temperature=0)
    assert conversation.controls(BASE) == Controls(250, 0.95, 50, 0.8)  # the original page's
    assert "models/bad" in conversation.status("") or "bad cannot be used" in conversation.status("")


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = make_share(tmp_path_factory.mktemp("share"))
    make_adapter(root / ADAPTER_FOLDER, name="tone")
    with running_app(root, root / "log", engine="scripted", page=True, api_keys=KEY) as app:
        first = httpx.get(app.url)  # the API does not wait for the page, and the page says that it comes
        assert (first.status_code, "starting" in first.text) in ((503, True), (200, False))
        app.wait_for(lambda: httpx.get(app.url).is_success, 60)
        yield app


def test_the_page_is_whole_and_fetches_nothing_from_elsewhere(paged: App) -> None:
    page = httpx.get(paged.url)
    assert page.headers["content-type"].startswith("text/html")
    assert "Chat with your model" in page.text
    assert KEY not in page.text
    sources = re.findall(r"""(?:src|href)=["'](https?:)?//([^"'/]+)""", page.text)
    assert not [host for _, host in sources if not host.startswith("127.0.0.1")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/upload"),
        ("POST", "/upload"),
        ("POST", "/gradio_api/call/_ask"),
        ("POST", "/component_server"),
        ("DELETE", "/gradio_api/queue/join"),
    ],
)
def test_gradios_other_doors_are_shut(paged: App, method: str, path: str) -> None:
    assert httpx.request(method, f"{paged.url}{path}").status_code in (401, 404, 405)


def test_no_files_of_the_machine_are_served(paged: App) -> None:
    for path in ("/etc/passwd", "../../etc/passwd", f"{Path(__file__)}"):
        for route in ("/file=", "/gradio_api/file=", "/gradio_api/file/"):
            response = httpx.get(f"{paged.url}{route}{path}")
            assert response.status_code >= 400, (route, path)


def test_gradios_own_client_finds_no_calls_to_make(paged: App) -> None:
    """What the page does is for the page: programs have the API, which asks for a key."""
    info = httpx.get(f"{paged.url}/gradio_api/info").json()
    assert info == {"named_endpoints": {}, "unnamed_endpoints": {}}


@pytest.mark.browser
def test_a_question_in_a_real_browser(paged: App) -> None:
    """Asked without a key, then with it; stopped in the middle; another model chosen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        outside: list[str] = []
        page.on("request", lambda request: outside.append(request.url) if paged.url not in request.url else None)
        page.goto(paged.url)
        expect(page.locator("#status")).to_contain_text("Enter the API key", timeout=30_000)
        page.get_by_label("API key").fill(KEY)
        page.get_by_label("API key").press("Enter")
        expect(page.locator("#status")).to_contain_text("Ready", timeout=30_000)
        box = page.get_by_placeholder("Write your question here")
        box.fill("hello there")
        box.press("Enter")
        expect(page.get_by_test_id("bot").last).to_have_text("tone: hello there", timeout=30_000)
        expect(page.locator("#status")).to_contain_text("3 written")
        box.fill('{"say": "' + "word " * 200 + '", "word_seconds": 0.2}')
        box.press("Enter")
        expect(page.get_by_test_id("bot").last).to_contain_text("word word", timeout=30_000)
        page.locator("#question button").click()
        expect(page.locator("#status")).to_contain_text("Stopped", timeout=30_000)
        paged.wait_for(lambda: paged.logs("answer")[-1]["outcome"] == "cancelled", 5)
        assert [url for url in outside if not url.startswith(("data:", "blob:"))] == []
        browser.close()


async def test_two_models_answer_side_by_side(tmp_path: Path) -> None:
    conversation = await made(tmp_path, parallel=2)
    script = '{"say": "one two three", "word_seconds": 0.05}'
    both = [conversation.answer(question(script, model=model)) for model in ("tone", BASE)]
    states = [state async for state in side_by_side(both)]
    for side in (0, 1):
        mine = [answer for number, answer in states if number == side]
        assert mine[-1].history[-1]["content"] == "one two three"
    # The first is not over when the second begins to speak.
    spoke = [side for side, answer in states if answer.history[-1]["role"] == "assistant"]
    assert spoke[:4] not in ([0] * 4, [1] * 4)


async def test_leaving_the_comparison_ends_both_answers(tmp_path: Path) -> None:
    conversation = await made(tmp_path, parallel=2)
    script = json.dumps({"say": "word " * 40, "word_seconds": 0.05})
    both = side_by_side([conversation.answer(question(script, model=model)) for model in ("tone", BASE)])
    assert [(await anext(both))[0] for _ in range(4)].count(0) == 2
    await both.aclose()
    assert conversation._service.admission.running == 0
