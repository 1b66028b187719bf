"""How the chat page looks, in Gradio. The only file that imports it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.themes import Soft

from inference_app.keys import ApiKeys
from inference_app.page.conversation import Controls, Conversation, Message, Question, short
from inference_app.page.side_by_side import side_by_side
from inference_app.service import InferenceService

STYLE = Path(__file__).parent / "style.css"
TITLE = "Chat with your model"
# Fonts of the reader's own machine: the page must not fetch anything from elsewhere.
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
MONOSPACE = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]
# Words, not Gradio's icons: those have no name for who does not see them.
SEND, STOP = "Send", "Stop"
NOBODY = ("No other model", "")
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
        input_border_width="1px",
    )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    return gr.mount_gradio_app(
        app, blocks, path="/", theme=theme, css_paths=STYLE, footer_links=[], run_history=False, ssr_mode=False
    )


def _chatbot(name: str, invitation: str) -> gr.Chatbot:
    return gr.Chatbot(
        show_label=False,
        height="100%",
        elem_id=name,
        elem_classes="conversation",
        placeholder=invitation,
        buttons=["copy"],
        layout="bubble",
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
        with gr.Row(elem_id="sides", equal_height=True):
            with gr.Column(min_width=260):
                self._chat = _chatbot("conversation", "Ask a question below.\n\nThe whole conversation goes along.")
                self._status = gr.Markdown(elem_id="status", elem_classes="status")
            with gr.Column(min_width=260, visible=False) as self._other_side:
                self._other_chat = _chatbot("other-conversation", "The same question, answered by the other model.")
                self._other_status = gr.Markdown(elem_id="other-status", elem_classes="status")
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
        self._other_model = gr.Dropdown(
            label="Compare with", choices=[NOBODY], value="", interactive=True, elem_id="other-model"
        )
        self._system = gr.Textbox(label="System prompt", placeholder="Optional", lines=2, max_lines=6)
        self._max_tokens = gr.Slider(1, 1000, usual.max_tokens, step=1, label="Max New Tokens")
        self._top_p = gr.Slider(0.05, 1.0, usual.top_p, step=0.05, label="Top-p (nucleus sampling)")
        self._top_k = gr.Slider(1, 50, usual.top_k, step=1, label="Top-k")
        self._temperature = gr.Slider(0.0, 5.0, usual.temperature, step=0.1, label="Temperature")
        self._clear = gr.Button("New conversation", size="sm", elem_id="new")

    def _connect(self) -> None:
        sliders = [self._max_tokens, self._top_p, self._top_k, self._temperature]
        chats = [self._chat, self._other_chat]
        statuses = [self._status, self._other_status]
        models = [self._model, self._other_model]
        talking = self._box.submit(
            self._ask,
            [self._box, *chats, *models, self._system, *sliders, self._key],
            [*chats, *statuses, self._box],
            concurrency_limit=None,
            **PRIVATE,
        )
        # What is shown of an end comes after it: a piece that was under way would overwrite it.
        stopping = self._box.stop(None, cancels=[talking], queue=False, **PRIVATE)
        stopping.then(self._stopped, self._other_model, [*statuses, self._box], queue=False, **PRIVATE)
        clearing = self._clear.click(None, cancels=[talking], queue=False, **PRIVATE)
        clearing.then(
            lambda: ([], [], "", "", gr.update(submit_btn=SEND, stop_btn=False)),
            None,
            [*chats, *statuses, self._box],
            queue=False,
            **PRIVATE,
        )
        for event in (self.blocks.load, self._key.submit, self._key.blur, self._model.focus):
            event(self._refresh, [*models, self._key], [*models, self._status], queue=False, **PRIVATE)
        self._model.change(self._recommended, self._model, sliders, queue=False, **PRIVATE)
        for model in models:
            model.change(self._name_sides, models, [self._other_side, *chats], queue=False, **PRIVATE)

    async def _ask(
        self,
        text: str,
        history: list[Message],
        other_history: list[Message],
        model: str | None,
        other_model: str | None,
        system: str,
        max_tokens: float,
        top_p: float,
        top_k: float,
        temperature: float,
        key: str,
    ) -> AsyncGenerator[list[Any], None]:
        """Yields both conversations, both status lines and the box."""
        if not text.strip():
            yield [gr.skip()] * 5
            return
        controls = Controls(max_tokens, top_p, top_k, temperature)
        questions = [Question(text, history, model, system, controls, key)]
        if other_model:
            questions.append(Question(text, other_history, other_model, system, controls, key))
        box = gr.update(value="", submit_btn=False, stop_btn=STOP)
        answers = side_by_side([self._conversation.answer(question) for question in questions])
        async with aclosing(answers):
            async for side, answer in answers:
                shown: list[Any] = [gr.skip()] * 4
                shown[side], shown[2 + side] = answer.history, answer.status
                yield [*shown, box]
                box = gr.skip()
        yield [*[gr.skip()] * 4, gr.update(submit_btn=SEND, stop_btn=False)]

    def _stopped(self, other_model: str | None) -> tuple[str, str, Any]:
        return "Stopped.", "Stopped." if other_model else "", gr.update(submit_btn=SEND, stop_btn=False)

    def _refresh(self, model: str | None, other_model: str | None, key: str) -> tuple[Any, Any, str]:
        choices = self._conversation.models(key)
        ids = [choice for _, choice in choices]
        chosen = model if model in ids else next(iter(ids), None)
        other = other_model if other_model in ids else ""
        others = gr.update(choices=[NOBODY, *choices], value=other)
        return gr.update(choices=choices, value=chosen), others, self._conversation.status(key)

    def _name_sides(self, model: str | None, other_model: str | None) -> tuple[Any, Any, Any]:
        """With two models side by side, each conversation says whose it is."""
        both = bool(other_model)
        return (
            gr.update(visible=both),
            gr.update(label=short(model or ""), show_label=both),
            gr.update(label=short(other_model or ""), show_label=both),
        )

    def _recommended(self, model: str | None) -> tuple[float, float, float, float]:
        controls = self._conversation.controls(model)
        return controls.max_tokens, controls.top_p, controls.top_k, controls.temperature
