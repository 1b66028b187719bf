"""The embedded model in Hugging Face's layout, and an app over it for each engine that reads that layout."""

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import ADAPTER_FOLDER, BASE, TONE, copy_adapter, embedded_model

START_SECONDS = 280
MADE_ONCE = Path(sys.prefix) / "embedded-model"
"""Kept with the environment, which pins the model that it is made from."""

os.environ["VLLM_CPU_KVCACHE_SPACE"] = "1"  # GiB


@pytest.fixture(scope="session")
def base() -> Path:
    """A folder with the embedded model's very weights, dequantised, as safetensors in float32."""
    if not MADE_ONCE.exists():
        unfinished = MADE_ONCE.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        save_as_safetensors(embedded_model(), unfinished)
        unfinished.rename(MADE_ONCE)
    return MADE_ONCE


def save_as_safetensors(gguf_file: Path, target: Path) -> None:
    """Reads a GGUF file with transformers and saves what it holds, weights dequantised, tokenizer and template."""
    transformers: Any = importlib.import_module("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(
        gguf_file.parent, gguf_file=gguf_file.name, dtype=importlib.import_module("torch").float32
    )
    # The weights are dequantised now; without this they could not be saved.
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(target)
    transformers.AutoTokenizer.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name).save_pretrained(target)


def make_engine_share(root: Path, base: Path) -> Path:
    """A share with that base and the example's adapter."""
    folder = root / "model-cache" / BASE
    folder.mkdir(parents=True)
    for file in base.iterdir():
        (folder / file.name).symlink_to(file)
    copy_adapter(TONE, root / ADAPTER_FOLDER)
    return root


class EngineApp(App):
    """A running app, and the share that it serves."""

    root: Path
    engine: str


def serve(root: Path, engine: str, **settings: Any) -> Iterator[EngineApp]:
    """An app with this engine, ready."""
    with running_app(root, root / "log", ready=False, engine=engine, context_tokens=512, parallel=8, **settings) as app:
        served = EngineApp(app.process, int(app.url.rpartition(":")[2]), root / "log")
        served.root, served.engine = root, engine
        served.wait_for(lambda: openai_ready(served), START_SECONDS)
        try:
            yield served
        finally:
            # Asked to end, not killed: its engine has processes of its own, which nobody else would end.
            served.terminate()
            served.wait_for_end()


def openai_ready(app: App) -> bool:
    """Whether both models are listed."""
    return {model["id"] for model in app.models().get("data", ())} >= {BASE, "tone"}


@pytest.fixture(scope="session", params=["transformers", "vllm"])
def app(request: pytest.FixtureRequest, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineApp]:
    """An app for each engine, one after the other; for all tests of this folder."""
    root = make_engine_share(tmp_path_factory.mktemp("share"), base)
    yield from serve(root, request.param)


@pytest.fixture
def client(app: EngineApp) -> Iterator[openai.OpenAI]:
    """OpenAI's own client; nothing is asked twice."""
    with openai.OpenAI(base_url=f"{app.url}/v1", api_key="any", max_retries=0, timeout=120) as made:
        yield made
