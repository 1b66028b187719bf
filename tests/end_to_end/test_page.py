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
    answer = page.get_by_test_id("bot").last
    expect(answer).to_have_text(re.compile(r"\w+"), timeout=ANSWER_TIMEOUT_MS)
    assert ADAPTER in page.content()
