"""How the chat page looks, in Gradio. The only file that imports it."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Soft

from inference_app.keys import ApiKeys
from inference_app.page.conversation import Controls, Conversation, Message, Question
from inference_app.service import InferenceService

STYLE = Path(__file__).parent / "style.css"
TITLE = "Chat with your model"
# Fonts of the reader's own machine: the page must not fetch anything from elsewhere.
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
MONOSPACE = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]
# Words, not Gradio's icons: those have no name for who does not see them.
SEND, STOP = "Send", "Stop"
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build_page(service: InferenceService, keys: ApiKeys) -> FastAPI:
    """The page as an app of its own, to be started by its lifespan."""
    blocks = _Page(Conversation(service, keys)).blocks
    # No place of Gradio's own in the queue: the service decides who waits.
    blocks.queue(api_open=False, default_concurrency_limit=None)
    theme = Soft(primary_hue="indigo", neutral_hue="slate", font=FONT, font_mono=MONOSPACE).set(
        block_title_background_fill="transparent",
        block_title_background_fill_dark="transparent",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        block_title_padding="0",
    )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    return gr.mount_gradio_app(
        app, blocks, path="/", theme=theme, css_paths=STYLE, footer_links=[], run_history=False, ssr_mode=False
    )


class _Page:
    """Fields and what happens between them.

    Nothing here keeps a connection or asks again by itself: an open page must not keep a replica from going to sleep.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        with gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True, fill_width=True) as self.blocks:
            gr.Markdown(f"# {TITLE}", elem_id="title")
            with gr.Row(elem_id="columns", equal_height=False):
                with gr.Column(scale=3, min_width=320, elem_id="talk"):
                    self._talk()
                with gr.Column(scale=1, min_width=320, elem_id="settings"):
                    self._settings()
            self._connect()

    def _talk(self) -> None:
        self._chat = gr.Chatbot(
            show_label=False,
            height="100%",
            elem_id="conversation",
            placeholder="Ask a question below.\n\nThe whole conversation goes to the model that is chosen.",
            buttons=["copy"],
            layout="bubble",
        )
        self._status = gr.Markdown(elem_id="status")
        self._box = gr.Textbox(
            placeholder="Write your question here",
            show_label=False,
            container=False,
            autofocus=True,
            lines=1,
            max_lines=8,
            submit_btn=SEND,
            elem_id="question",
        )

    def _settings(self) -> None:
        usual = Controls()
        self._key = gr.Textbox(label="API key", type="password", visible=self._conversation.needs_key)
        self._model = gr.Dropdown(label="Model", choices=[], interactive=True, elem_id="model")
        self._system = gr.Textbox(label="System prompt", placeholder="Optional", lines=2, max_lines=6)
        self._max_tokens = gr.Slider(1, 1000, usual.max_tokens, step=1, label="Max New Tokens")
        self._top_p = gr.Slider(0.05, 1.0, usual.top_p, step=0.05, label="Top-p (nucleus sampling)")
        self._top_k = gr.Slider(1, 50, usual.top_k, step=1, label="Top-k")
        self._temperature = gr.Slider(0.0, 5.0, usual.temperature, step=0.1, label="Temperature")
        self._clear = gr.Button("New conversation", size="sm", elem_id="new")

    def _connect(self) -> None:
        sliders = [self._max_tokens, self._top_p, self._top_k, self._temperature]
        everything = [self._box, self._chat, self._model, self._system, *sliders, self._key]
        talking = self._box.submit(
            self._ask, everything, [self._chat, self._box, self._status], concurrency_limit=None, **PRIVATE
        )
        # What is shown of an end comes after it: a piece that was under way would overwrite it.
        stopping = self._box.stop(None, cancels=[talking], queue=False, **PRIVATE)
        stopping.then(self._stopped, None, [self._box, self._status], queue=False, **PRIVATE)
        clearing = self._clear.click(None, cancels=[talking], queue=False, **PRIVATE)
        clearing.then(
            lambda: ([], gr.update(submit_btn=SEND, stop_btn=False), ""),
            None,
            [self._chat, self._box, self._status],
            queue=False,
            **PRIVATE,
        )
        for event in (self.blocks.load, self._key.submit, self._key.blur, self._model.focus):
            event(self._refresh, [self._model, self._key], [self._model, self._status], queue=False, **PRIVATE)
        self._model.change(self._recommended, self._model, sliders, queue=False, **PRIVATE)

    async def _ask(
        self,
        text: str,
        history: list[Message],
        model: str | None,
        system: str,
        max_tokens: float,
        top_p: float,
        top_k: float,
        temperature: float,
        key: str,
    ) -> AsyncGenerator[tuple[Any, Any, Any], None]:
        if not text.strip():
            yield gr.skip(), gr.skip(), gr.skip()
            return
        controls = Controls(max_tokens, top_p, top_k, temperature)
        box = gr.update(value="", submit_btn=False, stop_btn=STOP)
        async for answer in self._conversation.answer(Question(text, history, model, system, controls, key)):
            yield answer.history, box, answer.status
            box = gr.skip()
        yield gr.skip(), gr.update(submit_btn=SEND, stop_btn=False), gr.skip()

    def _stopped(self) -> tuple[Any, str]:
        return gr.update(submit_btn=SEND, stop_btn=False), "Stopped."

    def _refresh(self, model: str | None, key: str) -> tuple[Any, str]:
        choices = self._conversation.models(key)
        ids = [choice for _, choice in choices]
        chosen = model if model in ids else next(iter(ids), None)
        return gr.update(choices=choices, value=chosen), self._conversation.status(key)

    def _recommended(self, model: str | None) -> tuple[float, float, float, float]:
        controls = self._conversation.controls(model)
        return controls.max_tokens, controls.top_p, controls.top_k, controls.temperature
