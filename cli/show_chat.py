"""How `aca-inference chat` looks: an answer as it comes, or a conversation."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console

from cli.errors import CliError
from cli.target import enter, given_api_key
from operations import endpoint
from operations.chat import Choices, Conversation
from operations.container_app import open_app
from operations.errors import EndpointError

PROMPT: Final = "> "
START_SECONDS: Final = 600.0
"""A scaled-to-zero app is started by the first request; loading a large model takes minutes."""


def talk(config: Path, question: str, model: str | None, system: str | None, choices: Choices, as_json: bool) -> None:
    """Asks the one question, or goes on until the person has had enough."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    url, key = connect(config, console)
    conversation = Conversation(url, _chosen(url, key, model), key, system, choices)
    if question:
        _answer(conversation, question, as_json)
    elif sys.stdin.isatty():
        console.print(f"[dim]{conversation.model} at {url}; /reset, /model NAME, /quit (or Ctrl-D)[/]")
        _converse(conversation, console, as_json)
    else:
        _answer(conversation, sys.stdin.read(), as_json)


def connect(config: Path, console: Console) -> tuple[str, str | None]:
    """URL and key of the endpoint, once it is ready.

    Raises:
        EndpointError: it was not ready in time.
        CloudError: it asks for a key, none was given, and Azure does not tell it.
    """
    target = enter(config).config
    url = endpoint.endpoint_url(target.aca_app_endpoint)
    endpoint.wait_until_ready(url, START_SECONDS, lambda reason: console.print(f"[dim]waiting: {reason}[/]"))
    if (key := given_api_key()) is not None or not endpoint.asks_for_key(url):
        return url, key
    with open_app(target) as app:
        return url, app.api_key()


def _chosen(url: str, key: str | None, wanted: str | None) -> str:
    models = endpoint.models(url, key)
    if wanted is None:
        adapters = [model.id for model in models if model.parent is not None]
        return next(iter([*adapters, *(model.id for model in models)]), "")
    if wanted not in [model.id for model in models]:
        raise CliError(f"there is no model {wanted}; {url} serves {', '.join(model.id for model in models)}")
    return wanted


def _converse(conversation: Conversation, console: Console, as_json: bool) -> None:
    while True:
        try:
            text = input(PROMPT).strip()
        except EOFError:
            return
        word, _, rest = text.partition(" ")
        try:
            match word:
                case "":
                    continue
                case "/quit":
                    return
                case "/reset":
                    conversation.reset()
                case "/model":
                    conversation.model = _chosen(conversation.url, conversation.api_key, rest.strip() or None)
                case _:
                    _answer(conversation, text, as_json)
        except KeyboardInterrupt:
            continue  # the answer is stopped, the conversation goes on
        except (EndpointError, CliError) as error:
            console.print(f"error: {error}", style="red", markup=False)


def _answer(conversation: Conversation, text: str, as_json: bool) -> None:
    if as_json:
        answer = "".join(conversation.ask(text))
        usage = asdict(conversation.usage) if conversation.usage else None
        print(json.dumps({"model": conversation.model, "answer": answer, "usage": usage}, ensure_ascii=False))
        return
    begun = False
    try:
        for piece in conversation.ask(text):
            begun = True
            print(piece, end="", flush=True)
    finally:
        if begun:
            print()
