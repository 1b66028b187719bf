"""One app with the scripted engine and one with the real model, for all tests that change nothing about them."""

from collections.abc import Iterator

import openai
import pytest

from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import ADAPTER_FOLDER, make_adapter, make_real_share, make_share


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app that says what it is told; one adapter `tone`, 64 tokens of context."""
    root = make_share(tmp_path_factory.mktemp("share"))
    make_adapter(root / ADAPTER_FOLDER, name="tone", defaults={"max_tokens": 3})
    with running_app(root, root / "log", engine="scripted", context_tokens=64, queue_limit=200) as app:
        yield app


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """llama.cpp with the embedded model and the example's adapter."""
    root = make_real_share(tmp_path_factory.mktemp("share"))
    with running_app(root, root / "log", context_tokens=1024) as app:
        yield app


def client_of(app: App, key: str = "any") -> openai.OpenAI:
    """OpenAI's own client; nothing is asked twice."""
    return openai.OpenAI(base_url=f"{app.url}/v1", api_key=key, max_retries=0, timeout=60)


@pytest.fixture(scope="session")
def client(scripted: App) -> Iterator[openai.OpenAI]:
    """OpenAI's client of the scripted app."""
    with client_of(scripted) as made:
        yield made


@pytest.fixture(scope="session")
def real_client(real: App) -> Iterator[openai.OpenAI]:
    """OpenAI's client of the app with the real model."""
    with client_of(real) as made:
        yield made
