"""The chat page in a real browser: a question typed, an answer read."""

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.end_to_end.conftest import ADAPTER

pytestmark = [pytest.mark.engine, pytest.mark.browser]

ANSWER_TIMEOUT_MS = 60_000
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def page() -> Iterator[Page]:
    """A page in headless Chromium, 1280 by 900."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS)
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def test_a_question_typed_into_the_page_is_answered(page: Page, endpoint: str, example: dict[str, Any]) -> None:
    page.goto(endpoint)
    question = example["question"].format(phrase=example["sample"]["phrase"])
    box = page.get_by_placeholder(re.compile("question", re.IGNORECASE))
    box.fill(question)
    box.press("Enter")
    model = page.get_by_label("Model")
    expect(model).to_have_value(re.compile(ADAPTER))
    answer = page.get_by_test_id("bot").last
    # One word of the tones, as the adapter has learnt; the base model writes sentences.
    expect(answer).to_have_text(re.compile(rf"^\s*{example['sample']['tone']}\s*$"), timeout=ANSWER_TIMEOUT_MS)


def test_a_new_conversation_during_an_answer_is_empty_and_stays_so(page: Page, endpoint: str) -> None:
    page.goto(endpoint)
    box = page.get_by_placeholder(re.compile("question", re.IGNORECASE))
    for _ in range(3):
        box.fill("Write a very long story about a fox.")
        box.press("Enter")
        expect(page.get_by_test_id("bot").last).to_have_text(re.compile(r"\w+"), timeout=ANSWER_TIMEOUT_MS)
        page.get_by_role("button", name="New conversation").click()
        expect(page.get_by_test_id("bot")).to_have_count(0)
        expect(page.locator("#status")).not_to_contain_text("answering")
        page.wait_for_timeout(500)
        expect(page.get_by_test_id("bot")).to_have_count(0)


def test_a_long_answer_is_stopped_by_its_button(page: Page, endpoint: str) -> None:
    page.goto(endpoint)
    page.get_by_label("Model").click()
    page.get_by_role("option", name=re.compile("base")).click()
    page.get_by_placeholder(re.compile("question", re.IGNORECASE)).fill("Write a very long story about a fox.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_test_id("bot").last).to_have_text(re.compile(r"\w+"), timeout=ANSWER_TIMEOUT_MS)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#status")).to_have_text("Stopped.")
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_what_a_model_writes_asks_no_other_host_for_pictures(page: Page, endpoint: str) -> None:
    answer = page.goto(endpoint)
    assert answer and "img-src 'self'" in answer.headers["content-security-policy"]
