"""Takes the screenshots of the chat page: `.venv/bin/python docs/images/take.py`. Needs Chromium, as the tests do."""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.end_to_end.test_page import CHROMIUM_ARGUMENTS  # noqa: E402  the path is set above
from tests.inference_app.serving import running_app  # noqa: E402
from tests.inference_app.shares import make_real_share  # noqa: E402
from tests.inference_app.test_llama_cpp import QUESTION  # noqa: E402

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
LONG = "Write a long story about a fox and a lighthouse."


def main() -> None:
    """Four states of the page, on a desktop and on a phone."""
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        root = make_real_share(Path(made))
        with running_app(root, root / "log", page=True, context_tokens=1024) as app:
            app.wait_for(lambda: all(said in app.output() for said in ("chat page ready", '"serving"')), 90)
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS)
            for size in SIZES:
                take(browser, app.url, size)
            browser.close()


def take(browser: Browser, url: str, size: str) -> None:
    """One screenshot of each state."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})

    def shoot(state: str) -> None:
        page.evaluate("window.scrollTo(0, 0)")
        page.wait_for_timeout(700)  # until what opens and scrolls has done so
        page.screenshot(path=HERE / f"chat-{state}-{size}.png")

    page.goto(url)
    expect(page.get_by_label("Model")).to_have_value(re.compile("tone"))
    shoot("idle")
    choose(page, "#model", "base")
    ask(page, LONG)
    expect(page.get_by_test_id("bot").last).to_have_text(re.compile(r"(\w+\W+){12}"), timeout=60_000)
    shoot("streaming")
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_test_id("bot")).to_have_count(0)
    page.get_by_role("textbox", name="System prompt").fill("You are the keeper of a lighthouse. " * 160)
    ask(page, "What did you see tonight?")
    expect(page.get_by_text("The prompt has")).to_be_visible(timeout=60_000)
    shoot("error")
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("textbox", name="System prompt").fill("")
    choose(page, "#model", "tone")
    choose(page, "#other-model", "base")
    ask(page, str(QUESTION[0]["content"]))
    for status in ("#status", "#other-status"):
        expect(page.locator(status)).to_contain_text("written", timeout=60_000)
    shoot("compare")
    page.close()


def choose(page: Page, field: str, model: str) -> None:
    """Picks a model in one of the two fields."""
    page.locator(f"{field} input").click()
    page.get_by_role("option", name=re.compile(model)).locator("visible=true").last.click()


def ask(page: Page, text: str) -> None:
    """Types and sends."""
    page.get_by_placeholder(re.compile("question", re.IGNORECASE)).fill(text)
    page.get_by_role("button", name="Send").click()


if __name__ == "__main__":
    main()
