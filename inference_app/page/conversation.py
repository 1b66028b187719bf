"""What the chat page does: history in, answer out, told as text that a person understands. Knows nothing of Gradio."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from inference_app.api.chat_schemas import ChatRequest
from inference_app.api.errors import explained
from inference_app.engines.contract import Finish
from inference_app.errors import InferenceError, UnauthorizedError
from inference_app.keys import ApiKeys
from inference_app.logs import log
from inference_app.service import InferenceService

Message = dict[str, Any]
FAILED = "No answer"


@dataclass(frozen=True)
class Controls:
    """The original page's four controls, with its ranges; temperature alone may also be 0, which adapters ask for."""

    max_tokens: float = 250
    top_p: float = 0.95
    top_k: float = 50
    temperature: float = 0.8


@dataclass(frozen=True)
class Question:
    """What the page sends: everything that its fields hold."""

    text: str
    history: Sequence[Message]
    model: str | None
    system: str
    controls: Controls
    key: str


@dataclass(frozen=True)
class Answer:
    """What the page shows: the conversation so far and one line about it."""

    history: list[Message]
    status: str


class Conversation:
    """The service, as the page uses it."""

    def __init__(self, service: InferenceService, keys: ApiKeys) -> None:
        self._service = service
        self._keys = keys

    @property
    def needs_key(self) -> bool:
        """Whether the page has to ask for a key."""
        return self._keys.needed

    def models(self, key: str) -> list[tuple[str, str]]:
        """Label and id of each model, adapters first: they are why this endpoint exists. Empty without a right key."""
        try:
            self._keys.check(key)
        except UnauthorizedError:
            return []
        models = self._service.catalogue.models
        adapters = [(f"{model.id} (adapter)", model.id) for model in models if model.base]
        return adapters + [(f"{short(model.id)} (base)", model.id) for model in models if not model.base]

    def status(self, key: str) -> str:
        """One line for a page on which nothing happens."""
        try:
            self._keys.check(key)
        except UnauthorizedError as error:
            return "Enter the API key to begin." if not key else error.message.capitalize() + "."
        waiting_for = self._service.catalogue.waiting_for
        if waiting_for is not None:
            return f"Not ready yet: {waiting_for}."
        unusable = [f"{item.name} cannot be used: {item.reason}." for item in self._service.catalogue.unusable]
        return " ".join(["Ready.", *unusable])

    def controls(self, model_id: str | None) -> Controls:
        """Where the controls stand for a model: what its maker recommends, else the original's values."""
        usual = Controls()
        for model in self._service.catalogue.models:
            if model.id == model_id:
                recommended = model.description.defaults.model_dump(exclude_none=True, exclude={"stop"})
                return Controls(**{**usual.__dict__, **recommended})
        return usual

    async def answer(self, question: Question) -> AsyncGenerator[Answer, None]:
        """The conversation, growing piece by piece; an error becomes a message of its own."""
        history = [*question.history, _message("user", question.text)]
        began = time.monotonic()
        text = ""
        try:
            self._keys.check(question.key)
            model = self._service.catalogue.model(question.model)
            wishes = _request(question, history).wishes()
            yield Answer(history, f"{short(model.id)} is answering …")
            async with aclosing(self._service.answer(model, wishes)) as parts:
                async for _, event in parts:
                    if isinstance(event, Finish):
                        seconds = time.monotonic() - began
                        yield Answer([*history, _message("assistant", text)], _summary(short(model.id), event, seconds))
                        break
                    text += event.content
                    yield Answer([*history, _message("assistant", text)], f"{short(model.id)} is answering …")
        except InferenceError as error:
            yield _failed(history, text, error.message)
        except ValidationError as error:
            yield _failed(history, text, explained(error.errors(include_input=False, include_url=False)).message)
        except Exception:
            log("the page's answer broke down", level=40, exc_info=True)
            yield _failed(history, text, "the server failed; its log says more")


def short(model_id: str) -> str:
    """The name that a person reads: without the organisation."""
    return model_id.rpartition("/")[2]


def _request(question: Question, history: Sequence[Message]) -> ChatRequest:
    """The page asks what any client could ask, and is checked like any client."""
    system = [{"role": "system", "content": question.system}] if question.system.strip() else []
    controls = question.controls
    return ChatRequest.model_validate(
        {
            "messages": [*system, *_answered(history)],
            "max_tokens": int(controls.max_tokens),
            "top_p": controls.top_p,
            "top_k": int(controls.top_k),
            "temperature": controls.temperature,
        }
    )


def _answered(history: Sequence[Message]) -> list[Message]:
    """The turns for the model: without questions that got no answer, and what was said about that."""
    turns: list[Message] = []
    for message in history:
        content = _text(message["content"])
        if (message.get("metadata") or {}).get("title") == FAILED:
            if turns and turns[-1]["role"] == "user":
                turns.pop()
        elif content:
            turns.append({"role": message["role"], "content": content})
    return turns


def _text(content: Any) -> str:
    """The page hands content back in parts."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def _message(role: str, content: str, **more: Any) -> Message:
    return {"role": role, "content": content, **more}


def _failed(history: list[Message], text: str, reason: str) -> Answer:
    partial = [_message("assistant", text)] if text else []
    said = f"{reason[:1].upper()}{reason[1:]}."
    return Answer([*history, *partial, _message("assistant", said, metadata={"title": FAILED})], FAILED)


def _summary(model: str, finish: Finish, seconds: float) -> str:
    cut = ", stopped at Max New Tokens" if finish.reason == "length" else ""
    return f"{model} · {finish.prompt_tokens} tokens read, {finish.completion_tokens} written{cut} · {seconds:.1f} s"
