"""Which engine serves which files, and what a chat template beside a model does."""

import shutil
from pathlib import Path

import httpx
import pytest

import inference_app.engines as engines
from inference_app.engines import EngineSettings, engine_for
from tests.inference_app.serving import running_app
from tests.inference_app.shares import BASE, make_real_share, settle


@pytest.mark.parametrize(
    ("file", "gpu", "engine"),
    [
        ("model.gguf", False, "llama_cpp"),
        ("model.gguf", True, "llama_cpp"),
        ("model-00001-of-00002.safetensors", False, "transformers"),
        ("model-00001-of-00002.safetensors", True, "vllm"),
    ],
)
def test_the_files_and_the_machine_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, gpu: bool, engine: str
) -> None:
    monkeypatch.setattr(engines, "has_gpu", lambda: gpu)
    (tmp_path / file).touch()
    assert engine_for(tmp_path) == engine


@pytest.mark.parametrize(
    ("name", "gpu", "set_to", "parallel"),
    [("auto", False, None, 4), ("auto", True, None, 64), ("vllm", False, None, 64), ("auto", True, 3, 3)],
)
def test_a_gpu_answers_many_at_once(
    monkeypatch: pytest.MonkeyPatch, name: engines.EngineChoice, gpu: bool, set_to: int | None, parallel: int
) -> None:
    monkeypatch.setattr(engines, "has_gpu", lambda: gpu)
    assert EngineSettings(name, 1024, set_to, None, 1, 64).answers_at_once == parallel


@pytest.mark.parametrize(("engine", "package"), [("vllm", "vLLM"), ("transformers", "transformers")])
def test_an_engine_that_is_not_installed_is_named_with_its_extra(tmp_path: Path, engine: str, package: str) -> None:
    root = make_real_share(tmp_path)
    folder = root / "model-cache" / BASE
    (folder / "config.json").write_text('{"max_position_embeddings": 128}')
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    settle(folder)
    with running_app(root, root / "log", ready=False, engine=engine) as app:
        app.wait_for(lambda: "extra" in httpx.get(f"{app.url}/health/ready").text)
        assert f"{package} is not installed here: install the extra {engine}" in app.output()


def test_a_chat_template_beside_a_gguf_file_is_used(tmp_path: Path) -> None:
    root = make_real_share(tmp_path)
    shutil.rmtree(root / "models")
    folder = root / "model-cache" / BASE
    (folder / "chat_template.jinja").write_text("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}")
    settle(folder)
    with running_app(root, root / "log", context_tokens=256) as app:
        chat = {"model": BASE, "messages": [{"role": "user", "content": "hello"}]}
        tokens = httpx.post(f"{app.url}/tokenize", json=chat).json()["tokens"]
        assert (
            tokens == httpx.post(f"{app.url}/tokenize", json={"model": BASE, "prompt": "[user]hello"}).json()["tokens"]
        )
